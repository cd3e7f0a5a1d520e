"""Competition API, "White-Label": the page's samples, what stays, what is refused."""

import pytest

from portal.branding import service
from portal.branding.domain_model import CustomDomain
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from tests.contracts.pages import same_shape, sample
from tests.make import unique

URL = "/api/v1/whitelabel"
FIELDS = ["org_id", "primary_color", "logo_url", "favicon_url", "custom_css", "footer_text", "custom_domain", "updated_at"]


@pytest.fixture
def keyed(make):
    def of(org=None):
        org = org or make.org()
        return org, {"Authorization": f"Bearer {make.key(org, 'competition')}"}

    return of


def host():
    return f"{unique('play')}.esportsna.gg"


def put(client, org, headers, **fields):
    return client.put(URL, json={"org_id": org.uid} | fields, headers=headers)


def test_the_samples_of_the_page(client, keyed):
    org, headers = keyed()
    ours = {"f47ac10b-...": org.uid, "lc_xxxxx": headers["Authorization"].removeprefix("Bearer "), "compete.esportsna.gg": host()}
    asked = sample(f"PUT {URL}").filled(ours)
    answer = asked.send(client)
    assert answer.status_code == asked.status == 200
    same_shape(asked.expected, answer.json, free=("custom_domain",))
    assert answer.json["data"]["custom_domain"] == ours["compete.esportsna.gg"]
    asked = sample(f"GET {URL}").filled(ours)
    css = asked.expected["data"]["custom_css"]
    put(client, org, headers, custom_css=css, favicon_url=asked.expected["data"]["favicon_url"])
    same_shape(asked.expected, asked.send(client).json, free=("custom_domain",))


def test_fields_are_null_until_they_are_set_stay_when_not_sent_and_are_cleared_by_null(client, keyed):
    org, headers = keyed()
    answer = client.get(f"{URL}?org_id={org.uid}")
    assert list(answer.json["data"]) == FIELDS
    assert answer.json["data"] == dict.fromkeys(FIELDS) | {"org_id": org.uid}
    put(client, org, headers, primary_color="#FF6600", footer_text="Powered by us")
    answer = put(client, org, headers, primary_color=None)
    assert (answer.json["data"]["primary_color"], answer.json["data"]["footer_text"]) == (None, "Powered by us")


def test_what_is_put_is_published_at_once_and_the_draft_of_the_back_office_stays(app, client, keyed):
    org, headers = keyed()
    with app.app_context(), unit_of_work() as session:
        from portal.audit.service import SYSTEM

        service.save_draft(session, session.get_one(Organization, org.id), SYSTEM, {"footer": "in the making"})
    put(client, org, headers, primary_color="#0a7d32")
    with app.app_context(), unit_of_work() as session:
        mine = session.get_one(Organization, org.id)
        assert service.published_look(session, mine).primary == "#0a7d32"
        assert service.working_look(session, mine).footer == "in the making"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"primary_color": "ff6600"}, 400, "primary_color must be a colour"),
        ({"logo_url": "http://cdn.example.com/logo.svg"}, 400, "logo_url must begin with https://"),
        ({"logo_url": "javascript:alert(1)"}, 400, "logo_url must begin with http"),
        ({"logo_url": "0" * 64}, 400, "logo_url"),
        ({"footer_text": "x" * 501}, 400, "footer_text is too long"),
        ({"custom_css": "é" * 5_121}, 400, "custom_css has 10,242 bytes"),
        ({"custom_css": "a { color: red }\nb { position: fixed }"}, 422, "custom_css, line 2, 'position: fixed }'"),
        ({"custom_css": "@import 'https://evil.example/a.css';"}, 422, "@import is not allowed"),
        ({"custom_domain": "https://play.esportsna.gg"}, 400, "custom_domain must be a host name alone"),
        ({"custom_domain": "play.esportsna.gg:8443"}, 400, "custom_domain must be a host name alone"),
        ({"custom_domain": "localhost"}, 400, "custom_domain must be a host name alone"),
        ({"custom_domain": "10.0.0.1"}, 400, "custom_domain must be a host name alone"),
        ({"custom_domain": "a.localhost"}, 400, "custom_domain must be a name that everybody can look up"),
        ({"custom_domain": "a..esportsna.gg"}, 400, "custom_domain must be a host name alone"),
        ({"custom_domain": "a_b.esportsna.gg"}, 400, "custom_domain must be a host name alone"),
        ({"colour": "#ff6600"}, 400, "colour is not a field"),
        ({"primary_color": 7}, 400, "primary_color must be text"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_kept(client, keyed, fields, status, words):
    org, headers = keyed()
    answer = put(client, org, headers, **({"footer_text": "kept?"} | fields))
    assert answer.status_code == status and words in answer.json["error"], answer.text
    assert client.get(f"{URL}?org_id={org.uid}").json["data"]["footer_text"] is None


def test_a_domain_that_another_has_proved_or_just_released_is_a_conflict(app, client, keyed):
    (mine, my_key), (theirs, their_key), name = keyed(), keyed(), host()
    assert put(client, theirs, their_key, custom_domain=name).status_code == 200
    assert put(client, mine, my_key, custom_domain=name.upper()).json["data"]["custom_domain"] == name  # a claim keeps nobody out
    assert put(client, mine, my_key, custom_domain=None).json["data"]["custom_domain"] is None
    with app.app_context(), unit_of_work() as session:
        session.query(CustomDomain).filter_by(org_id=theirs.id, host=name).one().verified_at = utc_now()
    answer = put(client, mine, my_key, custom_domain=name)
    assert answer.status_code == 409 and "belongs to another" in answer.json["error"]
    assert put(client, theirs, their_key, custom_domain=None).status_code == 200
    answer = put(client, mine, my_key, custom_domain=name)
    assert answer.status_code == 409 and "rests until" in answer.json["error"]
    assert put(client, theirs, their_key, custom_domain=name).status_code == 200, "its former owner may have it back"


def test_letters_beyond_ascii_become_the_name_that_dns_knows(client, keyed):
    org, headers = keyed()
    name = f"{unique('spiel')}.bücher.de"
    answer = put(client, org, headers, custom_domain=name)
    assert answer.json["data"]["custom_domain"] == name.replace("bücher", "xn--bcher-kva")


def test_members_by_wallet_may_not_and_a_foreign_key_finds_nothing(client, make, keyed):
    org, _ = keyed()
    _, foreign = keyed()
    assert put(client, org, make.wallet(org, "member").headers(), footer_text="x").status_code == 403
    assert put(client, org, make.wallet(org, "admin").headers(), footer_text="x").status_code == 200
    assert put(client, org, foreign, footer_text="x").status_code == 404
    assert put(client, org, {}, footer_text="x").status_code == 401
    assert client.get(f"{URL}?org_id=f47ac10b-58cc-4372-a567-0e02b2c3d479").status_code == 404

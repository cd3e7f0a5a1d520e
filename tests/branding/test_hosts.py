"""Names: the server's own, tenants' proven ones, and everybody else's."""

import re
from dataclasses import replace

import pytest

from portal.audit.service import SYSTEM
from portal.branding.domain_model import CustomDomain
from portal.branding.domains import set_domain
from portal.branding.service import publish_changes
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from tests.make import unique


@pytest.fixture
def proven(make):
    """(organization, its proven host)."""

    def of():
        org, host = make.org(), f"{unique('play')}.acme.gg"
        with unit_of_work() as session:
            place = session.get_one(Organization, org.id)
            number = set_domain(session, place, SYSTEM, host, own_host="localhost.example").id
            session.get_one(CustomDomain, number).verified_at = utc_now()
        return org, host

    return of


def test_a_tenants_name_shows_players_their_pages(client, make, proven):
    org, host = proven()
    for asked in (host, f"{host}:8443", host.upper()):
        answer = client.get(f"/play/{make.link(org).token}", headers={"Host": asked})
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers, asked
    assert client.get("/static/css/player.css", headers={"Host": host}).status_code == 200
    assert client.get("/.well-known/jwks.json", headers={"Host": host}).status_code == 200


def test_there_is_nothing_to_sign_in_to_on_a_tenants_name(make, proven):
    org, host = proven()
    alice = make.signed_in(org.alice)
    for path in ("/sign-in", "/", "/account", f"/o/{org.slug}/", "/setup", f"/o/{org.slug}/branding/preview.css"):
        for browser in (alice, alice.application.test_client()):
            answer = browser.get(path, headers={"Host": host})
            assert answer.status_code == 404 and "Set-Cookie" not in answer.headers, path
    answer = alice.application.test_client().post("/sign-in", data={"email": org.alice.email}, headers={"Host": host})
    assert answer.status_code in (403, 404) and "Set-Cookie" not in answer.headers


def test_a_tenants_name_shows_no_other_tenants_competitions(client, make, proven):
    org, host = proven()
    below = make.org(parent=org)
    for owner, status in ((org, 200), (below, 200), (make.org(), 404)):
        uid = make.competition(owner, status="registration", visibility="public")
        assert client.get(f"/c/{owner.slug}/{uid}", headers={"Host": host}).status_code == status


def test_a_claim_that_is_not_proven_is_no_name_of_ours(app, client, make, proven, monkeypatch):
    org, host = proven()
    with unit_of_work() as session:
        session.query(CustomDomain).filter_by(org_id=org.id).one().verified_at = None
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], env="production"))
    assert client.get(f"/play/{make.link(org).token}", headers={"Host": host}).status_code == 400


STRANGE = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:80",
    "xlocalhost",
    "[::1]",
    "[",
    "a@localhost",
    "10.0.0.1",
    "é.gg",
]


@pytest.mark.parametrize("host", STRANGE)
def test_in_production_names_of_nobody_are_refused_but_by_machines_that_watch(app, client, monkeypatch, host):
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], env="production"))
    assert client.get("/sign-in", headers={"Host": host.encode().decode("latin-1")}).status_code in (400, 404)
    assert client.get("/healthz", headers={"Host": "10.0.0.1"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "localhost"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "localhost", "X-Forwarded-Host": host}).status_code == 200


def test_the_own_name_costs_no_statement(client, count_sql):
    with count_sql() as statements:
        client.get("/healthz")
    assert statements == []


def test_a_tenants_name_shows_registration_and_private_pages_and_their_links_carry_it(client, make, proven):
    org, host = proven()
    cup = make.competition(org, status="registration")
    url = make.registration_page(org, cup)
    page = client.get(url, headers={"Host": host})
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', page.text)[1]
    answer = client.post(url, data={"attempt": attempt, "name": "Ayra"}, headers={"Host": host})
    link = re.search(r'value="(https://[^"]+/p/[\w-]{43})"', answer.text)[1]
    assert link.startswith(f"https://{host}/p/")
    assert client.get(link.removeprefix(f"https://{host}"), headers={"Host": host}).status_code == 200


def test_links_on_a_tenants_name_begin_with_it_and_elsewhere_with_our_own(client, make, proven):
    org, host = proven()
    uid = make.competition(org)
    own, theirs = (client.get(f"/c/{org.slug}/{uid}", headers=headers).text for headers in ({}, {"Host": host}))
    assert f'<link rel="canonical" href="http://localhost/c/{org.slug}/{uid}">' in own and host not in own
    assert f'<link rel="canonical" href="https://{host}/c/{org.slug}/{uid}">' in theirs and '"http://localhost/' not in theirs
    told = client.get("/oembed", query_string={"url": f"https://{host}/c/{org.slug}/{uid}"}, headers={"Host": host}).json
    assert f"https://{host}/embed/{uid}" in told["html"]


def test_a_page_that_is_not_there_wears_the_brand_of_the_name_it_was_asked_by(client, make, proven, app):
    org, host = proven()
    with unit_of_work() as session:
        publish_changes(session, session.get_one(Organization, org.id), SYSTEM, {"footer": "Casino Royal"})
    for path in ("/play/nothing", f"/c/{org.slug}/{new_uid()}", f"/embed/{new_uid()}"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code in (404, 410) and "Casino Royal" in answer.text, path
        assert "Casino Royal" not in client.get(path).text

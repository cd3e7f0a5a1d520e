"""Issuing and editing keys in the back office, with and without htmx."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal.kernel.db import reading
from portal.keys.kinds import KINDS, well_formed
from portal.keys.model import ApiKey
from tests.keys.office import HTMX, SECRET, SESSION_FORM, post, row_of, url
from tests.make import csrf_of
from tests.reading import plain


def test_alice_issues_a_key_and_its_secret_is_shown_this_once(org, alice):
    answer = post(alice, url(org, "new?kind=session"), **SESSION_FORM)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    secret = SECRET.search(answer.text)[1]
    assert well_formed(secret) and secret.startswith("dpk_")
    key = row_of(secret)
    assert (key.name, key.kind, key.scopes, key.org_id) == ("CRM", "session", ["sessions:create"], org.id)
    assert key.created_by == org.alice.email
    text = unescape(answer.text)
    assert f'curl -H "X-API-Key: {secret}" \\\n  http://localhost/v1/whoami' in text
    assert "TILTYARD_API_KEY%3D" + secret in answer.text or f"TILTYARD_API_KEY={secret}" in text
    for page in (url(org), url(org, key.uid), url(org, f"{key.uid}?tab=activity"), url(org) + "?format=csv"):
        seen = alice.get(page)
        assert seen.status_code == 200 and secret[9:-5] not in seen.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_ready_curl_line_works_for_every_kind(app, org, alice, kind):
    bundle = {"competition": "competition.all", "feed": "feed.odds"}.get(kind, f"{kind}.all")
    form = {"name": f"Try {kind}", "bundles": bundle, "per_minute": "60", "sports": "cs2" if kind == "feed" else ""}
    answer = post(alice, url(org, f"new?kind={kind}"), **form)
    assert answer.status_code == 200, plain(answer)[:800]
    line = unescape(re.search(r"<pre[^>]*><code>(curl.+?)</code>", answer.text, re.S)[1])
    headers = dict(header.split(": ", 1) for header in re.findall(r'-H "([^"]+)"', line))
    path = re.search(r"http://localhost(/\S+)", line)[1]
    tried = app.test_client().get(path, headers=headers)
    assert tried.status_code == 200, (line, tried.text)


def test_the_first_step_offers_every_kind_and_the_second_its_limits(org, alice):
    first = alice.get(url(org, "new"))
    for kind in KINDS.values():
        assert url(org, f"new?kind={kind.name}") in first.text and kind.label in first.text
    second = alice.get(url(org, "new?kind=competition")).text
    assert re.search(r'name="per_minute"[^>]*value="600"|value="600"[^>]*name="per_minute"', second)
    assert re.search(r'name="per_hour"[^>]*value="1000"|value="1000"[^>]*name="per_hour"', second)


def test_with_htmx_the_drawer_gets_the_form_then_the_form_with_its_errors_then_the_secret(org, alice):
    path = url(org, "new?kind=session")
    sheet = alice.get(path, headers=HTMX)
    assert "<html" not in sheet.text and 'class="sheet"' in sheet.text
    token = csrf_of(alice, path)
    failed = alice.post(path, data=token | SESSION_FORM | {"name": ""}, headers=HTMX)
    assert failed.status_code == 422 and failed.text.lstrip().startswith("<form")
    assert "Write a name for the key" in failed.text
    done = alice.post(path, data=token | SESSION_FORM, headers=HTMX)
    assert done.status_code == 200 and "<html" not in done.text and SECRET.search(done.text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "Write a name for the key"),
        ({"name": "x" * 101}, "Use at most 100"),
        ({"name": "a\x07b"}, "control character"),
        ({"bundles": ""}, "Choose"),
        ({"bundles": "session.everything"}, "session.everything"),
        ({"scopes": "sessions:fly"}, "sessions:fly"),
        ({"per_minute": ""}, "Calls a minute"),
        ({"per_minute": "0"}, "from 1 to 1,000,000"),
        ({"per_minute": "many"}, "is not a whole number"),
        ({"per_day": "-1"}, "Calls a day"),
        ({"burst_10s": "9999999"}, "Calls in 10 seconds"),
        ({"expires_at": "tomorrow"}, "Expires"),
        ({"expires_at": "2020-01-01T00:00"}, "has passed"),
        ({"allowed_addresses": "10.0.0.1\n10.0.0.300"}, "`10.0.0.300` on line 2 is not an address"),
        ({"games": "999999"}, "999999"),
        ({"games": "one"}, "Games"),
        ({"sports": "Counter Strike!"}, "strike!"),
        ({"more_scopes": "*:matches:list", "sports": ""}, "Name at least one sport"),
        ({"more_scopes": "keys:fly"}, "keys:fly"),
        ({"is_active": "1"}, "`is_active`"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_what_was_typed_is_kept(org, alice, change, words):
    form = SESSION_FORM | {"description": "Kept as typed"} | change
    answer = post(alice, url(org, "new?kind=session"), **form)
    assert answer.status_code == 422
    assert words in plain(answer), plain(answer)[-1500:]
    assert "Kept as typed" in answer.text
    with reading() as connection:
        assert connection.scalar(select(ApiKey.id).where(ApiKey.org_id == org.id)) is None


def test_feed_scopes_are_given_sport_by_sport(org, alice):
    form = {"name": "Odds", "bundles": "feed.scoreboard", "scopes": "*:matches:list", "sports": "CS2, dota2", "per_minute": "600"}
    answer = post(alice, url(org, "new?kind=feed"), **form)
    key = row_of(SECRET.search(answer.text)[1])
    wanted = ("matches:list", "matches:scoreboard", "stream:scoreboard")
    assert key.scopes == sorted(f"{sport}:{name}" for sport in ("cs2", "dota2") for name in wanted)
    assert key.sports == ["cs2", "dota2"]
    edited = post(alice, url(org, key.uid, "edit"), name="Odds", scopes="*:matches:list", sports="cs2", per_minute="600")
    assert edited.status_code == 303
    again = row_of(SECRET.search(answer.text)[1])
    assert (again.scopes, again.sports) == (["cs2:matches:list"], ["cs2"])


def test_an_edit_that_leaves_uneven_feed_scopes_alone_does_not_widen_them(make, org, alice):
    uneven = ["cs2:matches:list", "dota2:matches:list", "dota2:markets:read"]
    secret = make.key(org, "feed", scopes=uneven, sports=["cs2", "dota2"])
    form = {"name": "Renamed", "scopes": ["*:matches:list", "*:markets:read"], "sports": "cs2, dota2", "per_minute": "600"}
    assert post(alice, url(org, row_of(secret).uid, "edit"), **form).status_code == 303
    key = row_of(secret)
    assert (key.name, key.scopes) == ("Renamed", sorted(uneven))


def test_a_key_may_carry_scopes_of_another_api(app, org, alice):
    form = SESSION_FORM | {"more_scopes": "providers:read"}
    secret = SECRET.search(post(alice, url(org, "new?kind=session"), **form).text)[1]
    assert row_of(secret).scopes == ["providers:read", "sessions:create"]
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json", "Content-Type": "application/json"}
    assert app.test_client().get("/v1/provider/list", headers=headers).status_code == 200


def test_the_same_form_sent_twice_issues_one_key_and_says_so(org, alice):
    page = alice.get(url(org, "new?kind=session")).text
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', page)[1]
    form = csrf_of(alice, url(org, "new?kind=session")) | SESSION_FORM | {"attempt": attempt}
    first, second = (alice.post(url(org, "new?kind=session"), data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 422)
    assert SECRET.search(first.text) and not SECRET.search(second.text)
    assert "was sent before" in plain(second)
    with reading() as connection:
        assert len(connection.execute(select(ApiKey.id).where(ApiKey.org_id == org.id)).all()) == 1

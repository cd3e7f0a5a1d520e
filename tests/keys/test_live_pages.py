"""The pages of keys ask whether anything moved: nothing is read or sent while nothing did, and everything that moves shows."""

import re
from datetime import timedelta
from html import unescape

import pytest

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.keys import service
from portal.keys.model import ApiKey, KeySecret, RefusedCall, UsageHour, key_by_uid
from portal.keys.tally_store import Tallied, write
from portal.orgs.model import Organization
from tests.keys.office import HTMX, url
from tests.reading import plain


@pytest.fixture
def key(make, org) -> str:
    return make.uid_of_key(make.key(org, "session", name="Nightly sync"))


def again(page: str) -> str:
    """Where the page asks again."""
    return unescape(re.search(r'-live"[^>]* hx-get="([^"]+)"', page)[1])


def change(org, key: str, verb) -> None:
    """Do something with the key's row."""
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        verb(session, owner, key_by_uid(session, owner, key))


def called(session, _owner, found: ApiKey) -> None:
    at = utc_now().timestamp()
    secret = found.secrets[0].id
    write(session, [Tallied(found.id, secret, "10.1.2.3", "curl", "ok", int(at // 3600), 3, at, at, "GET /api")], [])


def refused(session, _owner, found: ApiKey) -> None:
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    session.add(UsageHour(key_id=found.id, hour=hour, outcome="rate", calls=2))
    facts = {"at": utc_now(), "address": "10.1.2.3", "route": "GET /api", "reason": "rate", "detail": "Slow down."}
    session.add(RefusedCall(key_id=found.id, **facts))


def expired(_session, _owner, found: ApiKey) -> None:
    found.expires_at = utc_now() - timedelta(seconds=1)


def given_a_secret(session, _owner, found: ApiKey) -> None:
    """And as it dies by the clock, when nothing is written."""
    secret = KeySecret(key_id=found.id, digest=b"x" * 28 + found.id.to_bytes(4), prefix="dpk_1234", last4="abcd")
    secret.dies_at = utc_now() + timedelta(hours=1)
    session.add(secret)


MOVES = {
    "called": (called, "10.1.2.3"),
    "refused": (refused, "2 calls in the last 24 hours, 100.0% refused"),
    "disabled": (lambda s, o, k: service.set_active(s, o, k, False, SYSTEM), "Disabled"),
    "revoked": (lambda s, o, k: service.revoke_key(s, o, k, SYSTEM), "Revoked"),
    "expired": (expired, "Expired"),
    "a second secret": (given_a_secret, "Nightly sync"),
}


@pytest.mark.parametrize("how", MOVES)
def test_what_moves_shows_on_the_page_of_the_key_and_nothing_comes_before(org, key, bob, how):
    verb, words = MOVES[how]
    asked = again(bob.get(url(org, key)).text)
    assert bob.get(asked, headers=HTMX).status_code == 204
    change(org, key, verb)
    answer = bob.get(asked, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="key">')
    assert words in plain(answer)
    assert bob.get(again(answer.text), headers=HTMX).status_code == 204


@pytest.mark.parametrize("how", ["called", "disabled", "revoked", "expired"])
def test_what_moves_shows_in_the_list_as_it_was_narrowed(make, org, key, bob, how):
    asked = again(bob.get(url(org) + "?q=Nightly&sort=name").text)
    assert "q=Nightly" in asked and "sort=name" in asked
    assert bob.get(asked, headers=HTMX).status_code == 204
    change(org, key, MOVES[how][0])
    answer = bob.get(asked, headers=HTMX)
    assert answer.status_code == 200 and "Nightly sync" in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    make.key(org, "session", name="Another")
    assert "Another" not in bob.get(again(answer.text), headers=HTMX).text


def test_while_nothing_moved_one_statement_is_all_that_the_keys_cost(org, key, bob, count_sql):
    for page in (url(org), url(org, key), url(org, key) + "?tab=refused", url(org, key) + "?tab=activity"):
        asked = again(bob.get(page).text)
        with count_sql() as statements:
            assert bob.get(asked, headers=HTMX).status_code == 204
        assert sum("api_keys" in each for each in statements) == 1
        assert not [each for each in statements if "key_callers" in each or "key_refusals" in each or "audit" in each]


def test_another_key_moves_no_page_but_the_list(make, org, key, bob):
    other = make.uid_of_key(make.key(org, "session"))
    page, listed = again(bob.get(url(org, key)).text), again(bob.get(url(org)).text)
    change(org, other, called)
    assert bob.get(page, headers=HTMX).status_code == 204
    assert bob.get(listed, headers=HTMX).status_code == 200


def test_sorting_the_changes_of_a_key_takes_the_list_alone_and_is_kept(org, key, bob):
    page = url(org, key) + "?tab=activity"
    part = bob.get(page + "&sort=-created_at", headers=HTMX).text
    assert '<div id="key">' not in part
    asked = again(part)
    assert "tab=activity" in asked
    change(org, key, lambda s, o, k: service.set_active(s, o, k, False, SYSTEM))
    whole = bob.get(asked, headers=HTMX).text
    assert '<div id="key">' in whole and whole.count("Disabled") == 3  # what is announced, the badge, the list's row
    assert whole.count('id="key-live"') == 1


def test_an_organization_without_keys_is_told_of_its_first(make, org, bob):
    asked = again(bob.get(url(org)).text)
    assert bob.get(asked, headers=HTMX).status_code == 204
    make.key(org, "session", name="The first")
    assert "The first" in bob.get(asked, headers=HTMX).text

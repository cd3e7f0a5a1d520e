"""The overview: what needs attention, what happened, and the first steps."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import select, update

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey
from portal.keys.tally_store import Tallied, write
from portal.orgs.model import Organization
from portal.transports.model import Transport
from tests.make import post


def overview(client, org) -> str:
    answer = client.get(f"/o/{org.slug}/")
    assert answer.status_code == 200
    return unescape(answer.text)


def done(text: str) -> list[bool]:
    return [kind == "done" for kind in re.findall(r'<li class="step-(done|open)">', text)]


def used(org, secret: str, outcome: str, calls: int, hours_ago: int = 0) -> None:
    at = utc_now().timestamp() - 3600 * hours_ago
    with unit_of_work() as work:
        key = work.scalars(select(ApiKey).where(ApiKey.org_id == org.id, ApiKey.last4 == secret[-4:])).one()
        tally = Tallied(key.id, key.secrets[0].id, "192.0.2.1", "curl", outcome, int(at) // 3600, calls, at, at, "/v1/whoami")
        write(work, [tally], [])


def test_the_first_steps_are_ticked_one_by_one_and_then_gone(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    assert done(overview(alice, org)) == [False] * 7
    secret = make.key(org, "feed")
    assert done(overview(alice, org)) == [True] + [False] * 6
    used(org, secret, "ok", 1)
    assert done(overview(alice, org)) == [True] * 2 + [False] * 5
    post(alice, f"/o/{org.slug}/settings/allowlist", {"allowed_addresses": "192.0.2.1", "act": ""})
    assert done(overview(alice, org)) == [True] * 3 + [False] * 4
    game = make.game(org)
    assert done(overview(alice, org)) == [True] * 4 + [False] * 3
    make.link(org, game_id=game)
    assert done(overview(alice, org)) == [True] * 5 + [False] * 2
    make.competition(org)
    assert done(overview(alice, org)) == [True] * 6 + [False]
    make.theme(org)
    assert "First steps" not in overview(alice, org)


def test_every_first_step_leads_to_a_page_that_opens(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    links = re.findall(r'<a class="step-label" href="([^"]+)"', overview(alice, org))
    assert len(links) == 7
    assert [link for link in links if alice.get(link.partition("#")[0]).status_code != 200] == []


def test_a_refused_call_is_no_first_call(make):
    org = make.org()
    used(org, make.key(org, "feed"), "scope", 3)
    assert done(overview(make.signed_in(org.alice), org))[1] is False


def test_keys_that_expire_within_two_weeks_and_refused_calls_need_attention(make):
    org = make.org(allowed_addresses="192.0.2.1")
    alice = make.signed_in(org.alice)
    secret = make.key(org, "feed")
    assert "Nothing at the moment." in overview(alice, org)
    used(org, secret, "rate", 9)
    assert "Nothing at the moment." in overview(alice, org)
    used(org, secret, "scope", 4)
    assert "13 calls refused in the last 24 hours." in overview(alice, org)
    with unit_of_work() as work:
        work.execute(update(ApiKey).where(ApiKey.org_id == org.id).values(expires_at=utc_now() + timedelta(days=5, hours=1)))
    text = overview(alice, org)
    assert "expires in 5 days" in text
    for link in re.findall(r'href="(/o/[^"]+/keys/[0-9a-f-]{36})"', text):
        assert alice.get(link).status_code == 200


def test_calls_of_yesterday_are_not_of_today(make):
    org = make.org(allowed_addresses="192.0.2.1")
    secret = make.key(org, "feed")
    used(org, secret, "rate", 50, hours_ago=30)
    text = overview(make.signed_in(org.alice), org)
    assert "refused in the last 24 hours" not in text


def test_an_empty_allowlist_needs_attention_once_there_is_a_key(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    assert "The IP allowlist is empty" not in overview(alice, org)
    make.key(org, "feed")
    assert "The IP allowlist is empty" in overview(alice, org)


def test_calls_and_links_of_the_last_day_are_counted(make):
    org, other = make.org(), make.org()
    secret = make.key(org, "feed")
    used(org, secret, "ok", 1200)
    used(org, secret, "ok", 34, hours_ago=3)
    used(org, secret, "rate", 6, hours_ago=2)
    used(other, make.key(other, "feed"), "ok", 999)
    for _ in range(3):
        make.link(org)
    text = overview(make.signed_in(org.alice), org)
    assert "1,240 calls in the last 24 hours, 0.5% refused" in text
    values = re.findall(r'stat-value num">\s*([\d,]+)', text)
    assert values == ["1,234", "6", "3", "0"]


def test_latest_changes_are_for_those_who_may_read_the_log(make):
    org = make.org()
    assert "Latest changes" in overview(make.signed_in(org.alice), org)
    assert "Latest changes" not in overview(make.signed_in(org.bob), org)


def test_the_overview_costs_the_same_statements_however_much_there_is(make, count_sql):
    org = make.org()
    alice = make.signed_in(org.alice)
    costs = []
    for more in (0, 6):
        for _ in range(more):
            used(org, make.key(org, "feed"), "rate", 20)
            make.link(org)
        with count_sql() as statements:
            overview(alice, org)
        costs.append(len(statements))
    assert costs[1] <= costs[0] + 1  # the secrets of the keys that expire come with one statement, whatever their number
    assert costs[1] <= 20


def test_another_organizations_things_are_not_counted(make):
    org, other = make.org(), make.org()
    used(other, make.key(other, "feed"), "ok", 5)
    make.link(other)
    with unit_of_work() as work:
        assert work.get_one(Organization, org.id).allowed_addresses == ""
    assert done(overview(make.signed_in(org.alice), org)) == [False] * 7


def test_a_feed_that_goes_on_failing_or_is_switched_off_needs_attention(make):
    org, other = make.org(), make.org()
    alice = make.signed_in(org.alice)
    failing, quiet, off = make.transport(org), make.transport(org), make.transport(org)
    _fares(failing, status="enabled", failures=2, last_error="There is no queue at this address.")
    _fares(quiet, status="enabled", failures=1, last_error="It blinked.")
    _fares(off, status="disabled")
    text = overview(alice, org)
    assert f'/o/{org.slug}/feeds/{failing}"' in text and "is failing. There is no queue at this address." in text
    assert f'/o/{org.slug}/feeds/{off}"' in text and "is switched off: nothing is kept for it." in text
    assert f"/feeds/{quiet}" not in text and "It blinked." not in text
    _fares(failing, deleted_at=utc_now())
    assert f"/feeds/{failing}" not in overview(alice, org)
    assert "/feeds/" not in overview(make.signed_in(other.alice), other)


def _fares(uid: str, **facts: object) -> None:
    with unit_of_work() as work:
        work.execute(update(Transport).where(Transport.uid == uid).values(facts))

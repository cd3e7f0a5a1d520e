"""The settings page, above all its allowlist (RELIABILITY T07)."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal.admission.networks import admits, networks_of
from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.keys.model import ApiKey
from portal.keys.tally_store import Tallied, write
from portal.orgs.model import Organization
from portal.web.client_ip import parse_address
from tests.make import post

# What is written, and how it is kept.
GOOD = {
    "203.0.113.7": "203.0.113.7",
    "203.0.113.7/32": "203.0.113.7",
    "198.51.100.0/24": "198.51.100.0/24",
    "10.0.0.0/8": "10.0.0.0/8",
    "10.0.0.0/255.0.0.0": "10.0.0.0/8",
    "0.0.0.0/0": "0.0.0.0/0",
    "::/0": "::/0",
    "2001:db8::/32": "2001:db8::/32",
    "2001:DB8::1": "2001:db8::1",
    "2001:db8:0:0:0:0:0:1": "2001:db8::1",
    "::1": "::1",
    "::ffff:203.0.113.7": "203.0.113.7",
    "::ffff:203.0.113.0/120": "203.0.113.0/24",
    "127.0.0.1": "127.0.0.1",
    "  192.0.2.1  ": "192.0.2.1",
    "255.255.255.255": "255.255.255.255",
}
BAD = [
    "10.0.0.300", "10.0.0", "10.0.0.0.1", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/24", "10.0.0.1/", "/24", "10.0.0.1 /32",
    "10.0.0.1, 10.0.0.2", "10.0.0.1-10.0.0.9", "10.0.0.*", "010.0.0.1", "0x7f.0.0.1", "2130706433", "localhost",
    "example.com", "http://10.0.0.1", "10.0.0.1:443", "[::1]", "fe80::1%eth0", "2001:db8::/129", "2001:db8::g", "::1::", "*",
    "any", "１０.0.0.1", "10.0.0.1 # office", "'10.0.0.1'", "-",
]  # fmt: skip


def save(client, org, text: str, act: str = "", **more):
    return post(client, f"/o/{org.slug}/settings/allowlist", {"allowed_addresses": text, "act": act}, **more)


def stored(org) -> str:
    db.session.rollback()
    return db.session.scalar(select(Organization.allowed_addresses).where(Organization.id == org.id))


def typed(answer) -> str:
    """What stands in the textarea."""
    return unescape(re.search(r"<textarea[^>]*>\r?\n?(.*?)</textarea>", answer.text, re.S)[1])


def test_there_are_more_than_forty_lines():
    assert len(GOOD) + len(BAD) == len(set(GOOD) | set(BAD)) >= 40


def test_good_lines_are_kept_in_one_spelling(make):
    org = make.org()
    assert save(make.signed_in(org.alice), org, "\r\n".join(GOOD)).status_code == 303
    assert stored(org).split("\n") == list(dict.fromkeys(GOOD.values()))


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_named_by_number_and_nothing_is_saved(make, line):
    org = make.org(allowed_addresses="192.0.2.9")
    text = f"10.9.9.9\n\n{line}\n10.8.8.8"
    answer = save(make.signed_in(org.alice), org, text)
    assert answer.status_code == 422
    assert f"`{line}` on line 3 " in unescape(answer.text)
    assert "Nothing was saved." in answer.text
    assert typed(answer) == text
    assert stored(org) == "192.0.2.9"


def test_a_bad_line_never_becomes_any(make):
    for line in BAD:
        networks = networks_of(f"192.0.2.9\n{line}")
        assert not admits(networks, parse_address("198.51.100.200"))


def test_a_control_character_is_refused_by_its_number(make):
    org = make.org()
    answer = save(make.signed_in(org.alice), org, "10.0.0.1\x00")
    assert (answer.status_code, "U+0000" in answer.text) == (422, True)


def test_five_bad_lines_are_named_and_the_rest_counted(make):
    org = make.org()
    answer = save(make.signed_in(org.alice), org, "\n".join(f"bad{n}" for n in range(9)))
    assert all(f"on line {n}" in answer.text for n in range(1, 6))
    assert "4 more lines have the same trouble." in answer.text


def test_too_many_lines_and_too_much_text_are_refused_in_words(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    answer = save(alice, org, "\n".join(f"10.0.{n // 250}.{n % 250}" for n in range(501)))
    assert (answer.status_code, "501 lines. Use at most 500" in answer.text) == (422, True)
    answer = save(alice, org, "1" * 30_001)
    assert (answer.status_code, "Use at most 30,000" in answer.text) == (422, True)


def test_blank_means_any_and_says_so(make):
    org = make.org(allowed_addresses="192.0.2.9")
    alice = make.signed_in(org.alice)
    assert "valid key works from any address" not in alice.get(f"/o/{org.slug}/settings").text
    assert save(alice, org, " \n \n").status_code == 303
    assert stored(org) == ""
    page = alice.get(f"/o/{org.slug}/settings").text
    assert "valid key works from any address" in page
    assert "It guards the APIs only" in page


def test_my_address_is_added_to_what_is_typed_and_not_saved_yet(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    answer = save(alice, org, "10.0.0.1", act="mine", environ_base={"REMOTE_ADDR": "198.51.100.3"})
    assert answer.status_code == 200
    assert typed(answer) == "10.0.0.1\n198.51.100.3"
    assert "Nothing is saved yet." in answer.text
    assert stored(org) == ""
    again = save(alice, org, typed(answer), act="mine", environ_base={"REMOTE_ADDR": "198.51.100.3"})
    assert typed(again) == "10.0.0.1\n198.51.100.3"


def test_my_address_is_never_taken_from_a_header_that_anybody_can_send(make):
    org = make.org()
    answer = save(make.signed_in(org.alice), org, "", act="mine", headers={"X-Forwarded-For": "198.51.100.99"})
    assert typed(answer) == "127.0.0.1"


def called(org, secret: str, *addresses: str) -> None:
    """The key of `secret` was used from each of the addresses, just now."""
    now = utc_now().timestamp()
    with unit_of_work() as work:
        key = work.scalars(select(ApiKey).where(ApiKey.org_id == org.id, ApiKey.last4 == secret[-4:])).one()
        calls = [
            Tallied(key.id, key.secrets[0].id, address, "curl", "ok", int(now) // 3600, 7, now, now, "/v1/whoami")
            for address in addresses
        ]
        write(work, calls, [])


def test_a_try_lists_the_recent_callers_that_would_be_refused(make):
    org, other = make.org(), make.org()
    called(org, make.key(org, "feed"), "203.0.113.7", "203.0.113.200", "2001:db8::5")
    called(other, make.key(other, "feed"), "203.0.113.77")
    alice = make.signed_in(org.alice)
    answer = save(alice, org, "203.0.113.0/25", act="check")
    assert answer.status_code == 200
    assert "would have refused 2 of 3 callers of the last 30 days" in answer.text
    listed = re.findall(r"<td><code>([^<]+)</code></td>", answer.text)
    assert sorted(listed) == ["2001:db8::5", "203.0.113.200"]
    assert stored(org) == ""
    assert "lets in all 3 callers" in save(alice, org, "203.0.113.0/24\n2001:db8::/32", act="check").text
    assert "lets in all 3 callers" in save(alice, org, "", act="check").text


def test_a_try_with_a_bad_line_names_it(make):
    org = make.org()
    answer = save(make.signed_in(org.alice), org, "10.0.0.300", act="check")
    assert (answer.status_code, "`10.0.0.300` on line 1 is not an address." in answer.text) == (422, True)


def test_a_try_without_callers_says_so(make):
    org = make.org()
    assert "Nobody has called in the last 30 days" in save(make.signed_in(org.alice), org, "10.0.0.1", act="check").text


def test_the_list_never_guards_the_back_office(make):
    org = make.org(allowed_addresses="192.0.2.9")
    assert make.signed_in(org.alice).get(f"/o/{org.slug}/settings").status_code == 200


def test_a_saved_list_is_written_down_line_by_line(make, session):
    org = make.org(allowed_addresses="192.0.2.9\n192.0.2.10")
    save(make.signed_in(org.alice), org, "192.0.2.10\n192.0.2.11")
    row = session.scalars(select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.action == "allowlist.changed")).one()
    assert row.before == {"allowed_addresses": "192.0.2.9\n192.0.2.10"}
    assert row.after == {"allowed_addresses": "192.0.2.10\n192.0.2.11"}


def test_name_and_calls_in_flight_are_changed(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    answer = post(alice, f"/o/{org.slug}/settings/general", {"name": "Renamed Ltd", "concurrency": "75"})
    assert answer.headers["Location"] == f"/o/{org.slug}/settings"
    page = alice.get(f"/o/{org.slug}/settings").text
    assert 'value="Renamed Ltd"' in page
    assert 'value="75"' in page


@pytest.mark.parametrize(
    "data, says",
    [
        ({"name": "x", "concurrency": "50"}, "Use at least 2."),
        ({"name": "x" * 101, "concurrency": "50"}, "Use at most 100."),
        ({"name": "Fine", "concurrency": "0"}, "Write a number from 1 to 10,000 calls."),
        ({"name": "Fine", "concurrency": "10001"}, "Write a number from 1 to 10,000 calls."),
        ({"name": "Fine", "concurrency": "lots"}, "“lots” is not a whole number"),
        ({"name": "Fine", "concurrency": "9" * 5000}, "is not a whole number"),
        ({"name": "Fine", "concurrency": ""}, "whole number"),
        ({"name": "Fine", "concurrency": "50", "currency": "USD"}, "has no field `currency`"),
        ({"name": "Fine\x07", "concurrency": "50"}, "U+0007"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_words(make, data, says):
    org = make.org()
    answer = post(make.signed_in(org.alice), f"/o/{org.slug}/settings/general", data)
    assert answer.status_code == 422
    assert says in unescape(answer.text)
    db.session.rollback()
    assert db.session.scalar(select(Organization.concurrency).where(Organization.id == org.id)) == 50


def test_a_member_sees_the_settings_and_no_form(make):
    org = make.org(allowed_addresses="192.0.2.9")
    page = make.signed_in(org.bob).get(f"/o/{org.slug}/settings").text
    assert "192.0.2.9" in page
    assert "You may look, not change." in page
    assert "Save allowlist" not in page


def test_htmx_gets_the_form_alone_and_a_redirect_when_it_is_saved(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    hx = {"HX-Request": "true"}
    answer = save(alice, org, "nonsense", headers=hx)
    assert answer.status_code == 422
    assert "<html" not in answer.text
    assert answer.text.strip().startswith("<form")
    assert save(alice, org, "10.0.0.1", headers=hx).headers["HX-Redirect"] == f"/o/{org.slug}/settings"


def test_the_sites_that_may_show_competitions_are_kept_as_origins_and_bad_lines_are_named(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    address = f"/o/{org.slug}/settings/sites"
    saved = post(alice, address, {"embed_sites": "news.example\r\n\r\nhttps://*.Club.example/"})
    assert saved.status_code == 303
    refused = post(alice, address, {"embed_sites": "https://good.example\r\nhttps://bad.example/page"})
    assert refused.status_code == 422 and "on line 2 is not a site" in refused.text
    assert "https://bad.example/page</textarea>" in refused.text, "what was typed is kept"
    assert "https://news.example\nhttps://*.club.example</textarea>" in alice.get(f"/o/{org.slug}/settings").text
    with unit_of_work() as session:
        assert session.get_one(Organization, org.id).embed_sites == "https://news.example\nhttps://*.club.example"
        assert session.scalars(select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.action == "embed_sites.changed")).one()

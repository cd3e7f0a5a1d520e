"""Seeding in the back office: drafts, saving, files, groups, undo."""

import io
import json
import re
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.competitions.model import Entry, competition_by_uid, entries_of
from portal.competitions.seeding_pages import moved
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from tests.make import address, post

HTMX = {"HX-Request": "true"}


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def cup(make, org):
    """Four with a place, nobody seeded."""
    return make.competition(org, status="registration", entrants=4)


def url(org, cup: str, path: str = "") -> str:
    return f"/o/{org.slug}/competitions/{cup}/entrants/seeding{path}"


def uids(org, cup: str) -> list[str]:
    """The registrations in the order in which they came."""
    with unit_of_work() as session:
        found = entries_of(competition_by_uid(session, org.id, cup))
        return list(session.scalars(found.with_only_columns(Entry.uid).order_by(Entry.id)))


def seeds(org, cup: str) -> list[tuple[int | None, str]]:
    """(seed, group) of each in that order."""
    with unit_of_work() as session:
        found = entries_of(competition_by_uid(session, org.id, cup)).order_by(Entry.id)
        return [(entry.seed, entry.group) for entry in session.scalars(found)]


def shown(page: str) -> list[str]:
    """The registrations in the order of the page."""
    return re.findall(r'name="registration" value="([^"]+)"', page)


def save(alice, org, cup: str, order: list[str], typed: list[object] | None = None, **more):
    numbers = typed or list(range(1, len(order) + 1))
    return post(alice, url(org, cup), {"registration": order, "seed": numbers} | more, headers=HTMX)


def toast(answer) -> SimpleNamespace:
    return SimpleNamespace(**json.loads(answer.headers["HX-Trigger"])["toast"]["items"][0])


def test_the_page_shows_everybody_and_the_number_of_the_lots(alice, org, cup):
    page = alice.get(url(org, cup)).text
    assert shown(page) == uids(org, cup) and "0 of 4 have a seed" in page
    with unit_of_work() as session:
        assert f"<code>{competition_by_uid(session, org.id, cup).draw_seed}</code>" in page


def test_an_order_is_saved_as_seeds_one_to_n_in_one_change(alice, org, cup):
    order = uids(org, cup)[::-1]
    answer = save(alice, org, cup, order)
    assert "Seeds 1 to 4 are saved" in toast(answer).message
    assert [seed for seed, _ in seeds(org, cup)] == [4, 3, 2, 1]
    with unit_of_work() as session:
        rows = select(func.count()).where(AuditRow.subject_id == cup, AuditRow.action == "registration.seeded")
        told = select(func.count()).where(Event.subject == cup, Event.type == "registration.seeded")
        assert (session.scalar(rows), session.scalar(told)) == (1, 1)
    assert "Nothing was different" in toast(save(alice, org, cup, order)).message


def test_undo_puts_back_what_was_before_and_only_once(alice, org, cup):
    save(alice, org, cup, uids(org, cup))
    answer = save(alice, org, cup, uids(org, cup)[::-1])
    post(alice, toast(answer).undo, headers=HTMX)
    assert [seed for seed, _ in seeds(org, cup)] == [1, 2, 3, 4]
    assert post(alice, toast(answer).undo, headers=HTMX).status_code == 409
    first = save(alice, org, cup, uids(org, cup)[::-1])
    assert post(alice, re.sub(r"\d+$", "1", toast(first).undo)).status_code == 404


def test_undo_of_the_first_seeding_leaves_nobody_seeded(alice, org, cup):
    answer = save(alice, org, cup, uids(org, cup))
    post(alice, toast(answer).undo, headers=HTMX)
    assert seeds(org, cup) == [(None, "")] * 4


def test_a_number_that_was_typed_is_the_place_to_go_to(alice, org, cup):
    a, b, c, d = uids(org, cup)
    save(alice, org, cup, [a, b, c, d], [1, 2, 3, "1"])
    assert [seed for seed, _ in seeds(org, cup)] == [2, 3, 4, 1]


def test_several_typed_numbers_are_all_honoured():
    rows = [SimpleNamespace(uid=name) for name in "abcdef"]
    assert "".join(row.uid for row in moved(rows, {"f": 1, "a": 6})) == "fbcdea"
    assert "".join(row.uid for row in moved(rows, {"c": 1, "b": 2})) == "cbadef"


def test_without_javascript_saving_leads_back_to_the_saved_order(alice, org, cup):
    order = uids(org, cup)[::-1]
    answer = post(alice, url(org, cup), {"registration": order, "seed": ["1", "2", "3", "4"]})
    assert answer.status_code == 303 and shown(alice.get(answer.location).text) == order


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ([1, 2, 3, "x"], "is no seed"),
        ([1, 2, 3, ""], "is no seed"),
        ([1, 2, 3, "5"], "from 1 to 4"),
        ([1, 2, 3, "0"], "from 1 to 4"),
        ([1, 1, 1, 4], "written twice"),
        ([1, 2, 3, "<script>"], "is no seed"),
    ],
)
def test_a_number_that_does_not_fit_is_named_and_nothing_is_saved(alice, org, cup, typed, says):
    answer = save(alice, org, cup, uids(org, cup), typed)
    assert answer.status_code == 422 and says in answer.text and "<script>alert" not in answer.text
    assert f'value="{typed[2]}"' in answer.text or typed[2] == 1
    assert seeds(org, cup) == [(None, "")] * 4


def test_somebody_who_came_or_left_meanwhile_is_told_and_the_order_is_kept(alice, make, org, cup):
    order = uids(org, cup)[::-1]
    (late,) = make.enter(org, cup, [9])
    answer = save(alice, org, cup, order)
    assert answer.status_code == 422 and "came or left" in answer.text
    assert shown(answer.text) == [*order, late]
    post(alice, f"/o/{org.slug}/competitions/{cup}/entrants/{order[0]}/remove")
    assert "left or came" in save(alice, org, cup, order).text


@pytest.mark.parametrize("order", ["lot", "rating", "registered", "name"])
def test_a_beginning_is_a_draft_until_it_is_saved(alice, org, cup, order):
    page = alice.get(url(org, cup, f"?order={order}")).text
    assert sorted(shown(page)) == sorted(uids(org, cup)) and "is a draft" in page
    assert shown(alice.get(url(org, cup, f"?order={order}")).text) == shown(page)
    assert seeds(org, cup) == [(None, "")] * 4
    save(alice, org, cup, shown(page))
    assert "is a draft" not in alice.get(url(org, cup, f"?order={order}")).text


def test_the_file_that_is_downloaded_is_read_back(alice, org, cup):
    save(alice, org, cup, uids(org, cup)[::-1])
    text = alice.get(url(org, cup, "?format=csv")).data
    head, *lines = text.decode().strip().split("\r\n")
    again = "\r\n".join([head, *lines[::-1]]).encode()
    by_number = post(alice, url(org, cup, "/file"), {"file": (io.BytesIO(again), "s.csv")})
    assert shown(by_number.text) == uids(org, cup)[::-1], "the column seed counts, not the line"
    wallets = "wallet\n" + "\n".join(address(number) for number in (3, 1))
    partly = post(alice, url(org, cup, "/file"), {"file": (io.BytesIO(wallets.encode()), "s.csv")})
    a, b, c, d = uids(org, cup)
    assert shown(partly.text) == [c, a, d, b] and "from your file" in partly.text
    assert [seed for seed, _ in seeds(org, cup)] == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("shoe\n42", "no column “shoe”"),
        ("seed\n1", "must name the columns"),
        ("wallet", "names nobody"),
        (f"wallet\n{address(99)}", "Line 2: nobody"),
        (f"wallet\n{address(1)}\n{address(1)}", "Line 3"),
        (f"seed,wallet\nx,{address(1)}", "is no seed"),
        ("name,wallet\n,", "names nobody"),
        ("", "must name the columns"),
    ],
)
def test_a_file_that_does_not_fit_names_the_line(alice, org, cup, text, says):
    answer = post(alice, url(org, cup, "/file"), {"file": (io.BytesIO(text.encode()), "s.csv")})
    assert answer.status_code == 422 and (says in answer.text or (not text and "Choose a CSV file" in answer.text))


def test_groups_are_set_spread_and_cleared(alice, make, org):
    league = make.competition(org, "league", status="registration", entrants=5, rules={"groups": 2})
    order = uids(org, league)
    page = alice.get(url(org, league, "?groups=spread")).text
    assert re.findall(r'<option selected value="(\w)"', page) == ["A", "B", "B", "A", "A"] and "is a draft" in page
    save(alice, org, league, order, group=["A", "B", "B", "A", ""])
    assert seeds(org, league) == [(1, "A"), (2, "B"), (3, "B"), (4, "A"), (5, "")]
    refused = save(alice, org, league, order, group=["C"] * 5)
    assert refused.status_code == 422 and "is one of A to B" in refused.text
    save(alice, org, league, order, group=[""] * 5)
    assert seeds(org, league) == [(number, "") for number in range(1, 6)]


def test_whoever_waits_loses_a_seed_that_the_others_get(alice, make, org):
    cup = make.competition(org, status="registration", entrants=2, max_participants=2, waiting_list=True)
    make.enter(org, cup, [3], checked_in=False)
    with unit_of_work() as session:
        session.scalars(entries_of(competition_by_uid(session, org.id, cup)).where(Entry.status == "waiting")).one().seed = 1
    save(alice, org, cup, uids(org, cup)[:2])
    assert [seed for seed, _ in seeds(org, cup)] == [1, 2, None]


def test_after_the_start_seeds_are_shown_and_not_changed(alice, make, org):
    cup = make.competition(org, status="active", entrants=4)
    assert "Save seeds" not in alice.get(url(org, cup)).text
    answer = save(alice, org, cup, uids(org, cup))
    assert answer.status_code == 422 and "before the start" in answer.text


def test_a_thousand_and_twenty_four_are_shown_and_saved_in_as_many_statements_as_four(alice, make, org, cup, count_sql):
    with count_sql() as few:
        alice.get(url(org, cup))
    with count_sql() as saved_few:
        save(alice, org, cup, uids(org, cup))
    big = make.competition(org, status="registration")
    text = "\n".join(f"Player {number}" for number in range(1024))
    post(alice, f"/o/{org.slug}/competitions/{big}/entrants/add/list", {"text": text})
    with count_sql() as many:
        page = alice.get(url(org, big)).text
    assert len(shown(page)) == 1024 and len(many) == len(few) <= 13
    with count_sql() as saved_many:
        assert "1,024" in toast(save(alice, org, big, shown(page)[::-1])).message
    assert len(saved_many) <= len(saved_few) + 3

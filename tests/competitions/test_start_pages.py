"""The draw before the start: what it shows is what a start makes, and looking writes nothing."""

import html
import re

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.competitions import starting
from portal.competitions.model import Competition, Entry, Match, competition_by_uid, entries_of, matches_of
from portal.formats.plan import NOBODY
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from tests.make import post

HTMX = {"HX-Request": "true"}
# (type, rules, entrants) of every format, with byes and odd numbers among them.
PLAYED = [
    ("bracket", {}, 11),
    ("bracket", {"third_place_match": True}, 8),
    ("bracket", {"format": "double_elimination"}, 9),
    ("league", {}, 5),
    ("league", {"groups": 3, "legs": 2}, 10),
    ("league", {"format": "swiss"}, 9),
    ("ladder", {}, 6),
    ("challenge", {}, 5),
    ("challenge", {"challenge": "head_to_head"}, 7),
    ("circuit", {}, 4),
]


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


def url(org, cup: str, path: str = "") -> str:
    return f"/o/{org.slug}/competitions/{cup}/entrants/start{path}"


def rows(org, cup: str) -> list[tuple]:
    """Everything that a start could change."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, cup)
        entries = [(e.uid, e.status, e.seed, e.group, e.ended_at) for e in session.scalars(entries_of(found).order_by(Entry.id))]
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Match, AuditRow, Event)]
        return [*entries, (found.status, found.turn, found.updated_at), *counts]


def place_of(match, a: int | None, b: int | None, group: str) -> tuple:
    """Where a match stands and who plays it; nobody and not known yet are told apart by the format alone."""
    return (match.number, match.stage, match.round, match.position, a or NOBODY, b or NOBODY, group)


def digest_in(page: str) -> str:
    return re.search(r'name="seen" value="(\w+)"', page)[1]


@pytest.mark.parametrize("order", ["random", "manual"])
@pytest.mark.parametrize(("kind", "rules", "entrants"), PLAYED)
def test_what_is_foreseen_is_what_the_start_makes_and_looking_writes_nothing(alice, make, org, kind, rules, entrants, order):
    cup = make.competition(org, kind, status="registration", entrants=entrants, rules=rules)
    with unit_of_work() as session:
        for place, entry in enumerate(session.scalars(entries_of(competition_by_uid(session, org.id, cup))).all()):
            entry.seed = entrants - place
    make.enter(org, cup, [99], checked_in=False)
    before = rows(org, cup)
    page = alice.get(url(org, cup, f"?order={order}"))
    assert page.status_code == 200 and rows(org, cup) == before
    with unit_of_work() as session:
        draw = starting.foresee(session, competition_by_uid(session, org.id, cup), order)
        field = [entry.id for entry in draw.entries]
        plan = draw.plan
        foreseen = [place_of(m, m.a, m.b, m.group) for m in plan.in_order()] if plan else []
        groups = {entrant.id: entrant.group for entrant in plan.entrants} if plan else {}
        assert not session.dirty and not session.new
    assert rows(org, cup) == before
    started = post(alice, url(org, cup), {"order": order, "seen": digest_in(page.text)})
    assert started.status_code == 303
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, cup)
        made = [place_of(m, m.a_id, m.b_id, m.group) for m in session.scalars(matches_of(found))]
        here = session.scalars(entries_of(found).where(Entry.status == "registered").order_by(Entry.seed)).all()
        assert found.status == "active" and made == foreseen
        assert [entry.id for entry in here if entry.checked_in_at] == field
        assert {entry.id: entry.group for entry in here if entry.checked_in_at} == (groups or dict.fromkeys(field, ""))


def test_the_page_names_the_pairs_the_byes_and_who_would_be_left_out(alice, make, org):
    cup = make.competition(org, status="registration", entrants=5)
    make.enter(org, cup, [8], checked_in=False)
    text = html.unescape(alice.get(url(org, cup)).text)
    assert "5 take part, 4 matches to play" in text and "3 seeds go on with a bye" in text
    assert "1 entrant is not checked in" in text and "0x0000…0008" in text and "Go to the check-in desk" in text
    bracket = text.split('class="draw-columns"')[1].split("</section>")[0]
    assert "Not known yet" in bracket and "0x0000…0008" not in bracket
    pairs = text.split("Round one: 4 pairs")[1]
    assert all(f"0x0000…000{number}" in pairs for number in range(1, 6)) and pairs.count("Bye") == 3


def test_groups_and_their_pairs_are_named(alice, make, org):
    cup = make.competition(org, "league", status="registration", entrants=6, rules={"groups": 2})
    page = alice.get(url(org, cup)).text
    assert "Group A" in page and "Group B" in page and "Round one: 2 pairs" in page


def test_by_seeds_is_first_where_everybody_has_one(alice, make, org):
    cup = make.competition(org, status="registration", entrants=4)
    assert 'name="order" value="random"' in alice.get(url(org, cup)).text
    with unit_of_work() as session:
        for seed, entry in enumerate(session.scalars(entries_of(competition_by_uid(session, org.id, cup))).all(), 1):
            entry.seed = seed
    assert 'name="order" value="manual"' in alice.get(url(org, cup)).text


@pytest.mark.parametrize(
    ("kind", "terms", "entrants", "query", "says"),
    [
        ("bracket", {"status": "registration"}, 1, "", "1 checked in, but at least 2"),
        ("bracket", {"status": "registration"}, 3, "?order=manual", "3 of 3 checked in have no seed"),
        ("bracket", {}, 0, "", "Registration is not open yet"),
        ("bracket", {"status": "active"}, 4, "", "has started"),
        ("league", {"status": "registration", "rules": {"format": "swiss", "rounds": 5}}, 4, "", "can play 1 to 3 rounds"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(alice, make, org, kind, terms, entrants, query, says):
    cup = make.competition(org, kind, entrants=entrants, **terms)
    page = alice.get(url(org, cup, query))
    assert page.status_code == 200 and says in page.text and "Start with this draw" not in page.text


def test_another_draw_than_the_one_looked_at_is_shown_and_not_started(alice, make, org):
    cup = make.competition(org, status="registration", entrants=4)
    seen = digest_in(alice.get(url(org, cup)).text)
    make.enter(org, cup, [5])
    answer = post(alice, url(org, cup), {"order": "random", "seen": seen}, headers=HTMX)
    assert answer.status_code == 422 and "changed since this draw was shown" in answer.text
    with unit_of_work() as session:
        assert competition_by_uid(session, org.id, cup).status == "registration"
    again = post(alice, url(org, cup), {"order": "random", "seen": digest_in(answer.text)}, headers=HTMX)
    assert again.status_code == 204 and "HX-Redirect" in again.headers


@pytest.mark.parametrize(
    "fields", [{}, {"order": "random"}, {"order": "best", "seen": "x"}, {"order": "random", "surprise": "1"}]
)
def test_a_start_without_a_draw_that_was_looked_at_is_refused(alice, make, org, fields):
    cup = make.competition(org, status="registration", entrants=4)
    assert post(alice, url(org, cup), fields).status_code == 422
    with unit_of_work() as session:
        assert session.scalar(select(Competition.status).where(Competition.uid == cup)) == "registration"


def test_a_double_click_starts_once(alice, make, org):
    cup = make.competition(org, status="registration", entrants=4)
    fields = {"order": "random", "seen": digest_in(alice.get(url(org, cup)).text)}
    assert post(alice, url(org, cup), fields).status_code == 303
    assert post(alice, url(org, cup), fields).status_code == 303
    with unit_of_work() as session:
        assert (
            session.scalar(select(func.count()).where(Match.competition_id == competition_by_uid(session, org.id, cup).id)) == 3
        )


def test_a_member_looks_and_does_not_start(make, org):
    cup = make.competition(org, status="registration", entrants=4)
    bob = make.signed_in(org.bob)
    assert "Start with this draw" not in bob.get(url(org, cup)).text
    assert post(bob, url(org, cup), {"order": "random", "seen": "x"}).status_code == 403


def test_a_thousand_and_twenty_four_are_drawn_in_parts_and_in_as_many_statements_as_four(alice, make, org, count_sql):
    cup = make.competition(org, status="registration", entrants=4)
    with count_sql() as few:
        alice.get(url(org, cup))
    big = make.competition(org, status="registration")
    lines = "\n".join(f"Player {number},,,,,yes" for number in range(1024))
    post(alice, f"/o/{org.slug}/competitions/{big}/entrants/add/list", {"text": lines})
    with count_sql() as many:
        page = alice.get(url(org, big, "?part=3")).text
    assert len(many) == len(few) <= 16
    assert "part 3 of 16" in page and page.count('class="draw-pair"') < 700 and len(page) < 700_000
    assert "Player 1023" in page

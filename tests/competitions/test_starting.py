"""The start: who plays, as which seed, and what is told; once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import SYSTEM
from portal.competitions import brackets, entries, seeding, starting
from portal.competitions.entries import By
from portal.competitions.model import Competition, Entry, competition_by_uid, entries_of, matches_of
from portal.competitions.seeding import Seed
from portal.formats.plan import Entrant
from portal.formats.seeding import drawn
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import Conflict, Invalid, NotFound, Unprocessable
from portal.kernel.ids import new_uid
from portal.outbox.model import Event
from tests.make import address


def start(org, uid: str, order: str = "random") -> starting.Started:
    with unit_of_work() as session:
        return starting.start(session, competition_by_uid(session, org.id, uid), SYSTEM, order)


def seed(org, uid: str, *lines: tuple) -> int:
    with unit_of_work() as session:
        return seeding.set_seeds(session, competition_by_uid(session, org.id, uid), SYSTEM, [Seed(*line) for line in lines])


def rows(org, uid: str) -> list[Entry]:
    """The registrations, free of their session."""
    with unit_of_work() as session:
        found = list(session.scalars(entries_of(competition_by_uid(session, org.id, uid)).order_by(Entry.id)))
        session.expunge_all()
        return found


def pairs(org, uid: str, round_: int = 1) -> list[tuple[int | None, int | None]]:
    """The seeds of each match of a round, in order."""
    seeds = {row.id: row.seed for row in rows(org, uid)}
    with unit_of_work() as session:
        matches = session.scalars(matches_of(competition_by_uid(session, org.id, uid)))
        return [(seeds.get(match.a_id), seeds.get(match.b_id)) for match in matches if match.round == round_]


@pytest.mark.parametrize(
    ("kind", "rules", "entrants", "matches", "byes"),
    [
        ("bracket", {}, 16, 15, 0),
        ("bracket", {"third_place_match": True}, 16, 16, 0),
        ("bracket", {}, 5, 4, 3),
        ("bracket", {"format": "double_elimination"}, 4, 6, 0),
        ("league", {"legs": 2}, 4, 12, 0),
        ("league", {"groups": 2}, 6, 6, 0),
        ("league", {"format": "swiss"}, 8, 4, 0),
        ("ladder", {}, 5, 0, 0),
        ("challenge", {}, 1, 1, 0),
        ("challenge", {"challenge": "head_to_head"}, 2, 1, 0),
        ("circuit", {}, 0, 0, 0),
    ],
)
def test_every_format_starts_with_its_matches(make, kind, rules, entrants, matches, byes):
    org = make.org()
    uid = make.competition(org, kind, status="registration", entrants=entrants, rules=rules)
    started = start(org, uid)
    assert (started.matches, started.byes) == (matches, byes)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        assert (found.status, found.started_at) == ("active", started.at)
        told = session.scalars(select(Event.data).where(Event.org_id == org.id, Event.type == "competition.started")).one()
    assert told["matches_generated"] == matches and told["participants"] == entrants


@pytest.mark.parametrize(
    ("kind", "rules", "present"),
    [
        ("bracket", {}, 0),
        ("bracket", {}, 1),
        ("league", {}, 1),
        ("league", {"groups": 3}, 5),
        ("ladder", {}, 1),
        ("challenge", {}, 0),
        ("challenge", {"challenge": "head_to_head"}, 1),
    ],
)
def test_too_few_who_are_checked_in_are_refused_and_nothing_changes(make, kind, rules, present):
    org = make.org()
    uid = make.competition(org, kind, status="registration", entrants=present, rules=rules)
    make.enter(org, uid, range(50, 60), checked_in=False)
    with pytest.raises(Unprocessable, match=f"{present} checked in"):
        start(org, uid)
    assert Counter(row.status for row in rows(org, uid)) == {"registered": present + 10}


def test_those_who_are_not_there_and_those_who_wait_are_left_out(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=5, waiting_list=True, entrants=3)
    make.enter(org, uid, [4, 5, 6], checked_in=False)
    assert start(org, uid).dropped == 3
    found = rows(org, uid)
    assert [(row.status, row.seed is not None) for row in found] == [("registered", True)] * 3 + [("dropped", False)] * 3
    assert all(row.ended_at for row in found[3:])


@pytest.mark.parametrize("status", ["draft", "active", "completed", "canceled"])
def test_it_starts_from_registration_only(make, status):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=2)
    with unit_of_work() as session:
        competition_by_uid(session, org.id, uid).status = status
    with pytest.raises(Conflict):
        start(org, uid)


def test_a_draw_can_be_repeated_from_the_stored_number(make):
    org = make.org()
    uid = make.competition(org, status="active", entrants=16)
    with unit_of_work() as session:
        number = competition_by_uid(session, org.id, uid).draw_seed
    found = rows(org, uid)
    again = drawn([Entrant(row.id, 0) for row in found], Random(number))
    assert {row.id: row.seed for row in found} == {entrant.id: entrant.seed for entrant in again}
    assert sorted(row.seed for row in found) == list(range(1, 17))


def test_manual_seeds_stand_where_the_standard_order_puts_them(make):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=8)
    uids = [row.uid for row in rows(org, uid)]
    assert seed(org, uid, *((registration, 8 - place) for place, registration in enumerate(uids))) == 8
    start(org, uid, "manual")
    assert pairs(org, uid) == [(1, 8), (4, 5), (2, 7), (3, 6)]
    assert [row.seed for row in rows(org, uid)] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_gaps_close_up_when_somebody_seeded_is_not_there(make):
    org = make.org()
    uid = make.competition(org, status="registration")
    uids = make.enter(org, uid, [1, 2, 3]) + make.enter(org, uid, [4], checked_in=False)
    seed(org, uid, (uids[0], 4), (uids[1], 2), (uids[2], 3), (uids[3], 1))
    start(org, uid, "manual")
    assert [row.seed for row in rows(org, uid)] == [3, 1, 2, None]


def test_manual_order_asks_for_the_seeds_of_all_who_are_there(make):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=4)
    uids = [row.uid for row in rows(org, uid)]
    seed(org, uid, (uids[0], 1), (uids[1], 2))
    with pytest.raises(Unprocessable, match="2 of 4 checked in have no seed"):
        start(org, uid, "manual")
    with unit_of_work() as session:
        for row in session.scalars(entries_of(competition_by_uid(session, org.id, uid))):
            row.seed = 1
    with pytest.raises(Unprocessable, match="Seed 1"):
        start(org, uid, "manual")
    with pytest.raises(Invalid, match="random or manual"):
        start(org, uid, "rating")


def test_seeds_that_do_not_fit_are_refused_and_none_is_set(make):
    org, other = make.org(), make.org()
    uid, foreign = make.competition(org, status="registration", entrants=3), make.competition(other, status="registration")
    (theirs,) = make.enter(other, foreign, [1])
    one, two, three = (row.uid for row in rows(org, uid))
    refused = [
        ([(one, 1), (two, 1)], Unprocessable),
        ([(one, 0)], Unprocessable),
        ([(one, -1)], Unprocessable),
        ([(one, 4)], Unprocessable),
        ([(one, 2**70)], Unprocessable),
        ([(one, 1), (one, 2)], Unprocessable),
        ([(one, 1, "A")], Unprocessable),
        ([(one, 1), (new_uid(), 2)], NotFound),
        ([(theirs, 1)], NotFound),
    ]
    for lines, error in refused:
        with pytest.raises(error):
            seed(org, uid, *lines)
    assert [row.seed for row in rows(org, uid)] == [None] * 3
    seed(org, uid, (one, 1), (two, 2))
    with pytest.raises(Unprocessable, match="Seed 2"):
        seed(org, uid, (three, 2))
    seed(org, uid, (one, 2), (two, 1))
    assert [row.seed for row in rows(org, uid)] == [2, 1, None]


def test_a_seed_that_somebody_on_the_waiting_list_holds_is_taken(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=2)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        who = entries.participant(session, found, address(3), None)
        assert entries.register(session, found, By(SYSTEM), who, 2).status == "waiting"
    with pytest.raises(Unprocessable, match="Seed 2"):
        seed(org, uid, (rows(org, uid)[0].uid, 2))


def test_who_waits_cannot_be_seeded_and_nobody_after_the_start(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=2)
    (waiting,) = make.enter(org, uid, [3], checked_in=False)
    with pytest.raises(NotFound):
        seed(org, uid, (waiting, 1))
    start(org, uid)
    with pytest.raises(Conflict, match="before the start"):
        seed(org, uid, (rows(org, uid)[0].uid, 1))


def test_groups_are_those_that_were_set_or_filled_in_snake_order(make):
    org = make.org()
    by_hand = make.competition(org, "league", status="registration", entrants=4, rules={"groups": 2})
    uids = [row.uid for row in rows(org, by_hand)]
    for name in ("C", "", "a"):
        with pytest.raises(Unprocessable, match="group"):
            seed(org, by_hand, (uids[0], 1, name))
    seed(org, by_hand, *((registration, place, "AB"[place > 2]) for place, registration in enumerate(uids, 1)))
    start(org, by_hand, "manual")
    assert [row.group for row in rows(org, by_hand)] == ["A", "A", "B", "B"]
    snake = make.competition(org, "league", status="active", entrants=4, rules={"groups": 2})
    assert sorted((row.seed, row.group) for row in rows(org, snake)) == [(1, "A"), (2, "B"), (3, "B"), (4, "A")]


def test_a_league_that_is_too_large_is_refused_in_words_and_stays_in_registration(make):
    org = make.org()
    uid = make.competition(org, "league", status="registration", rules={"legs": 4})
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        wallets = [address(number) for number in range(300)]
        more = {"competition_id": found.id, "org_id": org.id, "checked_in_at": found.created_at}
        session.add_all(Entry(wallet=wallet, entrant_key=wallet, **more) for wallet in wallets)
    with pytest.raises(Unprocessable, match="matches"):
        start(org, uid)
    assert Counter(row.status for row in rows(org, uid)) == {"registered": 300}


def test_two_who_start_at_once_start_it_once(make, app):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=32)
    key = {"Authorization": f"Bearer {make.key(org, 'competition')}"}

    def one(_number: int) -> int:
        return app.test_client().post(f"/api/v1/competitions/{uid}/start", headers=key).status_code

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(one, range(6))) == {200: 1, 409: 5}
    with unit_of_work() as session:
        assert len(session.scalars(matches_of(competition_by_uid(session, org.id, uid))).all()) == 31


def test_without_the_lock_both_would_draw_and_only_the_table_would_stop_the_second(make, app):
    """The naive twin: who reads the state first and draws afterwards, draws twice."""
    org = make.org()
    uid = make.competition(org, status="registration", entrants=4)
    read = threading.Barrier(2)

    def naive(_number: int) -> str:
        with app.app_context():
            with reading() as connection:
                assert connection.scalar(select(Competition.status).where(Competition.uid == uid)) == "registration"
            read.wait()
            try:
                with unit_of_work() as session:
                    found = competition_by_uid(session, org.id, uid)
                    everybody = session.scalars(entries_of(found)).all()
                    brackets.keep(session, found, everybody, brackets.draw(found, everybody))
                return "drawn"
            except IntegrityError:
                return "stopped by the table"

    with ThreadPoolExecutor(2) as pool:
        assert Counter(pool.map(naive, range(2))) == {"drawn": 1, "stopped by the table": 1}


def test_registering_and_starting_at_once_leave_nobody_half_in(make, app):
    """Whoever is told that they have a place either plays or was dropped for not being checked in."""
    org = make.org()
    uid = make.competition(org, status="registration", entrants=2)

    def join(number: int) -> str:
        with app.app_context():
            try:
                make.enter(org, uid, [number])
                return "in"
            except Conflict:
                return "late"

    def begin(_number: int) -> str:
        with app.app_context():
            start(org, uid)
            return "started"

    with ThreadPoolExecutor(9) as pool:
        futures = [pool.submit(begin if number == 4 else join, 10 + number) for number in range(9)]
        answers = Counter(future.result() for future in futures)
    playing = {side for number in (1, 2, 3, 4) for pair in pairs(org, uid, number) for side in pair if side}
    assert answers["started"] == 1 and answers["in"] + answers["late"] == 8
    assert len(playing) == 2 + answers["in"] == sum(row.status == "registered" for row in rows(org, uid))


def test_the_start_costs_as_many_statements_for_many_as_for_few(make, app, count_sql):
    counts = []
    for entrants in (4, 64):
        org = make.org()
        uid = make.competition(org, status="registration", entrants=entrants)
        with count_sql() as statements:
            start(org, uid)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_who_left_before_the_start_is_not_drawn(make):
    org = make.org()
    uid = make.competition(org, status="registration", entrants=3)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        entries.leave(session, found, By(SYSTEM), session.scalars(entries_of(found).order_by(Entry.id)).first().uid)
    assert start(org, uid).matches == 1
    with unit_of_work() as session:
        assert session.scalar(select(Competition.status).where(Competition.uid == uid)) == "active"

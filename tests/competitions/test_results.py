"""Reporting a result: who goes on, what is told, what is refused, and two who report at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from portal.audit.service import SYSTEM
from portal.competitions import results
from portal.competitions.model import Competition, Match, Report, competition_by_uid
from portal.competitions.results import Report as Sent
from portal.competitions.results import record_result
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict
from portal.outbox.model import Event
from tests.competitions.playing import Organizer


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


@pytest.fixture
def started(organizer, make):
    """The uid of an active competition with so many entrants."""

    def of(kind: str = "bracket", entrants: int = 4, **terms) -> str:
        return make.competition(organizer.org, kind, status="active", entrants=entrants, **terms)

    return of


def test_the_winner_goes_on_and_it_is_told(organizer, started):
    uid = started(entrants=4)
    first, second = organizer.ready(uid)
    answer = organizer.report(uid, first, 2, 0, notes="Forfeit in game 2")
    final = organizer.matches(uid, round=2)[0]
    assert answer["advancement"] == {"next_match_id": final["id"], "round": 2, "position": 1, "slot": "a"}
    assert answer["competition_auto_completed"] is False
    assert final["participant_a"] == first["participant_a"] and final["participant_b"] is None
    told = organizer.events("match.completed", "match.advanced", "standings.updated")
    assert [name for name, _ in told] == ["match.completed", "match.advanced", "standings.updated"]
    assert told[0][1]["match"]["participant_a"]["wallet"] == first["participant_a"]["wallet"]
    assert told[1][1]["match_id"] == final["id"]
    assert organizer.report(uid, second, 1, 3)["advancement"]["slot"] == "b"


def test_the_last_result_completes_the_competition_with_places_and_prizes(organizer, started):
    uid = started(entrants=4, prize_pool_wei="2000000000000000001", rules={"third_place_match": True})
    organizer.play_out(uid)
    assert organizer.call("GET", uid)["status"] == "completed"
    placed = [(each["place"], each["prize_wei"]) for each in organizer.call("GET", f"{uid}/results")["placements"]]
    assert placed == [(1, "1200000000000000001"), (2, "600000000000000000"), (3, "200000000000000000"), (4, None)]
    ((_, told),) = organizer.events("competition.completed")
    assert [each["place"] for each in told["placements"]] == [1, 2, 3, 4]
    assert told["status"] == "completed"


@pytest.mark.parametrize(
    ("kind", "rules", "entrants"),
    [
        ("bracket", {"format": "double_elimination", "grand_final": "reset"}, 6),
        ("league", {}, 5),
        ("league", {"format": "swiss"}, 7),
        ("challenge", {"challenge": "head_to_head"}, 4),
        ("challenge", {}, 3),
    ],
)
def test_every_format_plays_to_its_end(organizer, started, kind, rules, entrants):
    uid = started(kind, entrants, rules=rules)
    organizer.play_out(uid)
    for match in organizer.matches(uid, status="pending"):  # a task of one's own has no opponent
        organizer.report(uid, match, None, None, winner="a")
    assert organizer.call("GET", uid)["status"] == "completed"
    placements = organizer.call("GET", f"{uid}/results")["placements"]
    assert len(placements) == entrants and placements[0]["place"] == 1
    assert len(organizer.call("GET", f"{uid}/standings")["standings"]) == entrants


def test_a_new_swiss_round_is_told(organizer, started):
    uid = started("league", 4, rules={"format": "swiss", "rounds": 2})
    for match in organizer.ready(uid):
        organizer.report(uid, match)
    created = [data["match"] for _, data in organizer.events("match.created")]
    assert [match["id"] for match in created] == [match["id"] for match in organizer.matches(uid, round=2)]
    assert all(match["why"] for match in organizer.matches(uid, round=2))


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"score_a": -1, "score_b": 0, "winner": "b"}, 422, "score_a"),
        ({"score_a": 1.5, "score_b": 0, "winner": "a"}, 422, "score_a"),
        ({"score_a": 10**9, "score_b": 0, "winner": "a"}, 422, "score_a"),
        ({"score_a": 10**400, "score_b": 0, "winner": "a"}, 422, "score_a"),
        ({"score_a": 1e308, "score_b": 0, "winner": "a"}, 422, "score_a"),
        ({"score_a": 0, "score_b": 2, "winner": "a"}, 422, "winner"),
        ({"score_a": 1, "score_b": 1, "winner": "draw"}, 422, "draw"),
        ({"score_a": "2", "score_b": 0, "winner": "a"}, 400, "score_a"),
        ({"score_a": True, "score_b": 0, "winner": "a"}, 400, "score_a"),
        ({"score_a": None, "score_b": 0, "winner": "a"}, 400, "score_a"),
        ({"score_b": 0, "winner": "a"}, 400, "score_a"),
        ({"score_a": 2, "score_b": 0}, 400, "winner"),
        ({"score_a": 2, "score_b": 0, "winner": "c"}, 400, "winner"),
        ({"score_a": 2, "score_b": 0, "winner": "a", "extra": 1}, 400, "extra"),
        ({"score_a": 2, "score_b": 0, "winner": "a", "notes": "x" * 2001}, 400, "notes"),
        ({"outcome": "walkover"}, 422, "winner"),
        ({"outcome": "walkover", "winner": "a", "score_a": 0, "score_b": 3}, 422, "winner"),
        ({"outcome": "double_no_show", "winner": "a"}, 422, "winner"),
        ({"outcome": "bye", "winner": "a"}, 400, "outcome"),
        ({}, 400, "score_a"),
    ],
)
def test_a_result_that_cannot_be_is_refused_and_nothing_changes(organizer, started, body, status, words):
    uid = started(entrants=2)
    (match,) = organizer.ready(uid)
    assert words in organizer.call("POST", f"{uid}/matches/{match['id']}/result", body, status)
    assert organizer.matches(uid) == [match]
    assert organizer.events("match.completed") == []


def test_two_point_nought_is_the_whole_number_two(organizer, started):
    uid = started(entrants=2)
    (match,) = organizer.ready(uid)
    assert organizer.report(uid, match, 2.0, 0.0)["match"]["score_a"] == 2


def test_a_match_that_waits_for_a_side_is_not_ready(organizer, started):
    uid = started(entrants=4)
    final = organizer.matches(uid, round=2)[0]
    assert "not ready" in organizer.report(uid, final, status=422)


def test_a_second_report_is_told_the_result_that_stands(organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    organizer.report(uid, match, 2, 0)
    assert "already reported: 2-0, winner a" in organizer.report(uid, match, 0, 2, status=409)
    organizer.report(uid, organizer.ready(uid)[0], 2, 0)
    organizer.report(uid, organizer.ready(uid)[0], 2, 0)
    assert "already reported" in organizer.report(uid, match, status=409)  # completed by now: still the more useful word


def test_a_competition_that_is_not_active_takes_no_results(organizer, make, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    organizer.call("POST", f"{uid}/cancel")
    assert "canceled" in organizer.report(uid, match, status=409)


def test_the_match_of_another_competition_or_organization_is_not_there(organizer, make, started, client):
    uid, other = started(entrants=2), started(entrants=2)
    (match,) = organizer.ready(other)
    organizer.report(uid, match, status=404)
    stranger = Organizer(make, client)
    stranger.report(other, match, status=404)
    assert organizer.ready(other) == [match]


def test_walkovers_and_no_shows_have_no_scores(organizer, started):
    uid = started(entrants=4)
    first, second = organizer.ready(uid)
    answer = organizer.report(uid, first, None, None, outcome="no_show", winner="b")
    assert (answer["match"]["score_a"], answer["match"]["winner"], answer["advancement"]["slot"]) == (None, "b", "a")
    answer = organizer.report(uid, second, None, None, outcome="double_no_show")
    assert answer["advancement"] is None and answer["competition_auto_completed"] is True
    final = organizer.matches(uid, round=2)[0]
    assert (final["winner"], final["outcome"], final["participant_b"]) == ("a", "walkover", None)
    champion = organizer.call("GET", f"{uid}/results")["placements"][0]
    assert champion["wallet"] == first["participant_b"]["wallet"]
    assert [each["result"] for each in champion["matches"]] == ["win", "win"]


def test_a_result_takes_twelve_statements_at_most_whatever_the_size(organizer, started, count_sql):
    counts = {}
    for kind, entrants, rules in (
        ("bracket", 2, {}),
        ("bracket", 64, {}),
        ("bracket", 64, {"format": "double_elimination"}),
        ("league", 12, {}),
        ("league", 16, {"format": "swiss"}),
        ("ladder", 4, {}),
    ):
        uid = started(kind, entrants, rules=rules)
        if kind == "ladder":
            registered = organizer.call("GET", f"{uid}/register")
            by_seed = sorted(registered, key=lambda row: row["seed"])
            organizer.call("POST", f"{uid}/challenges", {"challenger": by_seed[1]["id"], "opponent": by_seed[0]["id"]}, 201)
        ready = organizer.ready(uid)
        for match in (ready[0], *ready[1:][-1:]):
            with count_sql() as statements:
                organizer.report(uid, match)
            counts[kind, entrants, *rules.values(), match["number"]] = len(statements)
            assert len(statements) <= 12, "\n".join(statements)
    assert counts


def test_the_last_report_of_a_swiss_round_takes_twelve_statements_too(organizer, started, count_sql):
    uid = started("league", 6, rules={"format": "swiss"})
    *others, last = organizer.ready(uid)
    for match in others:
        organizer.report(uid, match)
    with count_sql() as statements:
        organizer.report(uid, last)
    assert len(organizer.ready(uid)) == 3
    assert len(statements) <= 12, "\n".join(statements)


def race(app, org, uid: str, match_uid: str) -> list[str]:
    """Eight admins report different results at the same moment: what came of each."""
    start = threading.Barrier(8)

    def report(number: int) -> str:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work() as session:
                    found = competition_by_uid(session, org.id, uid)
                    winner = "a" if number % 2 else "b"
                    scores = (number + 1, 0) if winner == "a" else (0, number + 1)
                    record_result(session, found, SYSTEM, match_uid, Sent(winner, *scores))
            except Conflict:
                return "refused"
            except Exception as error:
                return type(error).__name__
            return "done"

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(report, range(8)))


def reports_of(match_uid: str) -> int:
    with unit_of_work() as session:
        return session.scalar(select(func.count()).select_from(Report).join(Match).where(Match.uid == match_uid))


def test_of_two_admins_at_once_one_is_heard_and_the_others_are_told(app, organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    came = race(app, organizer.org, uid, match["id"])
    assert sorted(came) == ["done"] + ["refused"] * 7
    assert reports_of(match["id"]) == 1
    assert len(organizer.events("match.completed")) == len(organizer.events("match.advanced")) == 1


def test_the_race_catches_a_report_without_the_lock(app, organizer, started, monkeypatch):
    """The naive twin: look, then write. On SQLite, writers queue at the door; there it is made to look before the door."""
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    monkeypatch.setattr(results, "lock", lambda _session, _competition: None)
    seen = threading.Barrier(8)
    held_one = results.load_for

    with app.app_context(), unit_of_work() as session:
        known = held_one(session, competition_by_uid(session, organizer.org.id, uid), match["id"])

    def looked_before(_session, _competition, _uid):
        try:
            seen.wait(0.5)
        except threading.BrokenBarrierError:
            pass
        return known

    monkeypatch.setattr(results, "load_for", looked_before)
    came = race(app, organizer.org, uid, match["id"])
    assert came.count("done") > 1
    assert reports_of(match["id"]) > 1


def test_a_match_gets_its_time_while_it_is_open(organizer, started):
    uid = started(entrants=4)
    match = organizer.ready(uid)[0]
    path = f"{uid}/matches/{match['id']}"
    answer = organizer.call("PATCH", path, {"scheduled_at": "2027-04-15T20:00:00+02:00"})
    assert answer == {"id": match["id"], "scheduled_at": "2027-04-15T18:00:00.000Z"}
    assert organizer.matches(uid)[0]["scheduled_at"] == answer["scheduled_at"]
    assert [data["scheduled_at"] for _, data in organizer.events("match.scheduled")] == [answer["scheduled_at"]]
    assert organizer.call("PATCH", path, {"scheduled_at": None})["scheduled_at"] is None
    organizer.call("PATCH", path, {"scheduled_at": "tomorrow"}, 400)
    organizer.call("PATCH", path, {"scheduled_at": "2027-04-15T20:00:00"}, 400)
    organizer.call("PATCH", path, {}, 400)
    organizer.report(uid, match)
    organizer.call("PATCH", path, {"scheduled_at": None}, 409)


def test_a_report_is_kept_with_who_sent_it_and_goes_into_the_log(app, organizer, started):
    uid = started(entrants=2)
    (match,) = organizer.ready(uid)
    organizer.report(uid, match, 3, 1, notes="After a protest")
    with unit_of_work() as session:
        report = session.scalars(select(Report).join(Match).where(Match.uid == match["id"])).one()
        assert (report.kind, report.score_a, report.score_b, report.winner) == ("result", 3, 1, "a")
        assert report.notes == "After a protest" and report.reported_by
        assert session.scalar(select(Match.notes).where(Match.uid == match["id"])) == "After a protest"
    told = [data for name, data in organizer.events("match.completed")]
    assert "After a protest" not in str(told)  # notes are for admins


def test_a_change_of_the_matches_counts_a_turn(app, organizer, started):
    uid = started(entrants=4)
    with unit_of_work() as session:
        session.execute(update(Competition).where(Competition.uid == uid).values(turn=41))
    organizer.report(uid, organizer.ready(uid)[0])
    with unit_of_work() as session:
        assert session.scalar(select(Competition.turn).where(Competition.uid == uid)) == 42
        assert session.scalar(select(func.count()).select_from(Event).where(Event.subject == uid)) > 0

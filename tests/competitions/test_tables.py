"""Standings, places, prizes, finalizing and taking participants out."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from portal.competitions.ladders import drop_the_inactive
from portal.competitions.lists import summary_of
from portal.competitions.model import Competition, competition_by_uid
from portal.competitions.participants import Participant
from portal.competitions.tables import Place, split
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from tests.competitions.playing import Organizer


@pytest.fixture
def organizer(make, client) -> Organizer:
    return Organizer(make, client)


@pytest.fixture
def started(organizer, make):
    def of(kind: str = "bracket", entrants: int = 4, **terms) -> str:
        return make.competition(organizer.org, kind, status="active", entrants=entrants, **terms)

    return of


def placed(*places: int, out: tuple[int, ...] = ()) -> list[Place]:
    """Places for entries 1, 2, …; those in `out` were disqualified."""
    return [
        Place(place, Participant(number, "", "", None, None, number, "", 0, status(number, out), None, None), 0)
        for number, place in enumerate(places, 1)
    ]


def status(number: int, out: tuple[int, ...]) -> str:
    return "disqualified" if number in out else "registered"


@pytest.mark.parametrize(
    ("pool", "places", "prizes"),
    [
        ("2000000000000000000", placed(1, 2, 3, 3), {1: 12 * 10**17, 2: 6 * 10**17, 3: 10**17, 4: 10**17}),
        ("100", placed(1, 2), {1: 67, 2: 33}),
        ("100", placed(1), {1: 100}),
        ("100", placed(1, 1, 3), {1: 45, 2: 45, 3: 10}),
        ("100", placed(1, 2, 3, out=(1,)), {2: 67, 3: 33}),
        ("0", placed(1, 2, 3), {1: 0, 2: 0, 3: 0}),
        ("9" * 78, placed(1), {1: int("9" * 78)}),
        (None, placed(1, 2), {}),
        ("100", [], {}),
        ("100", placed(1, out=(1,)), {}),
    ],
)
def test_the_pool_is_shared_sixty_thirty_ten(pool, places, prizes):
    assert split(pool, places) == prizes


@given(st.integers(0, 10**78 - 1), st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_what_is_paid_adds_up_to_the_pool(pool, sizes):
    places, first = [], 1
    for size in sizes:
        places += [first] * size
        first += size
    prizes = split(str(pool), placed(*places))
    assert sum(prizes.values()) == pool
    assert min(prizes.values()) >= 0
    ordered = list(prizes.values())
    assert ordered == sorted(ordered, reverse=True)


def test_standings_are_there_from_the_start_and_follow_each_result(organizer, started):
    uid = started("league", 4)
    rows = organizer.call("GET", f"{uid}/standings")["standings"]
    assert len(rows) == 4 and {row["points"] for row in rows} == {0}
    match = organizer.ready(uid)[0]
    organizer.report(uid, match, 3, 1)
    first = organizer.call("GET", f"{uid}/standings")["standings"][0]
    assert first["wallet"] == match["participant_a"]["wallet"]
    assert (first["points"], first["score_for"], first["score_against"], first["score_difference"]) == (3, 3, 1, 2)


def test_before_the_start_there_are_no_standings_and_no_results(organizer, make):
    uid = make.competition(organizer.org, status="registration", entrants=3)
    assert organizer.call("GET", f"{uid}/standings")["standings"] == []
    assert organizer.call("GET", f"{uid}/results")["placements"] == []
    assert organizer.call("GET", f"{uid}/bracket")["rounds"] == {
        "winners": None,
        "losers": None,
        "grand_final": None,
        "third_place": None,
    }


def test_in_a_bracket_whoever_is_still_in_stands_before_whoever_is_out(organizer, started):
    uid = started(entrants=8)
    ready = organizer.ready(uid)
    for match in ready[:2]:
        organizer.report(uid, match, 0, 9)
    ranks = {row["wallet"]: row["rank"] for row in organizer.call("GET", f"{uid}/standings")["standings"]}
    out = {match["participant_a"]["wallet"] for match in ready[:2]}
    assert {ranks[wallet] for wallet in out} == {5}
    assert sorted(rank for wallet, rank in ranks.items() if wallet not in out) == [1, 2, 3, 4, 5, 6]
    live = organizer.call("GET", f"{uid}/results")
    assert live["status"] == "active"
    assert {(each["wallet"], each["place"], each["prize_wei"]) for each in live["placements"]} == {
        (each, 5, None) for each in out
    }


def test_finalize_needs_a_bracket_played_out_and_answers_the_same_twice(organizer, started):
    uid = started(entrants=4)
    assert "3 matches are still to be played" in organizer.call("POST", f"{uid}/finalize", status=409)
    organizer.play_out(uid)
    answer = organizer.call("POST", f"{uid}/finalize")
    assert answer["status"] == "completed"
    assert organizer.call("POST", f"{uid}/finalize") == answer
    assert len(organizer.events("competition.completed")) == 1


def test_a_league_may_be_finalized_early_and_open_matches_count_for_nobody(organizer, started):
    uid = started("league", 4, prize_pool_wei="10")
    for match in organizer.ready(uid)[:2]:
        organizer.report(uid, match, 1, 0)
    organizer.call("POST", f"{uid}/finalize")
    assert organizer.call("GET", uid)["status"] == "completed"
    assert sorted(match["outcome"] for match in organizer.matches(uid)) == ["not_played"] * 4 + ["played"] * 2
    rows = organizer.call("GET", f"{uid}/standings")["standings"]
    assert sum(row["matches_played"] for row in rows) == 4
    assert len(organizer.call("GET", f"{uid}/results")["placements"]) == 4


@pytest.mark.parametrize("status", ["draft", "registration"])
def test_what_has_not_started_cannot_be_finalized(organizer, make, status):
    uid = make.competition(organizer.org, status=status)
    assert status in organizer.call("POST", f"{uid}/finalize", status=409)


@pytest.mark.parametrize(
    ("kind", "rules"),
    [("bracket", {}), ("bracket", {"format": "double_elimination"}), ("league", {}), ("league", {"format": "swiss"})],
)
def test_whoever_is_taken_out_loses_open_matches_and_gets_no_prize(organizer, started, kind, rules):
    uid = started(kind, 4, rules=rules, prize_pool_wei="100")
    match = organizer.ready(uid)[0]
    registered = {row["wallet"]: row["id"] for row in organizer.call("GET", f"{uid}/register")}
    out = match["participant_a"]["wallet"]
    path = f"{uid}/registrations/{registered[out]}/disqualify"
    answer = organizer.call("POST", path, {"reason": "Left the event"})
    assert answer["status"] == "disqualified" and answer["walkovers"] >= 1
    assert organizer.matches(uid)[match["number"] - 1]["outcome"] == "walkover"
    organizer.play_out(uid)
    assert organizer.call("GET", uid)["status"] == "completed"
    prizes = {each["wallet"]: each["prize_wei"] for each in organizer.call("GET", f"{uid}/results")["placements"]}
    assert prizes[out] is None and sum(int(prize or 0) for prize in prizes.values()) == 100
    assert len(organizer.events("registration.disqualified")) == 1
    organizer.call("POST", path, {"reason": "Again"}, 409)


def test_taking_out_needs_a_reason_and_somebody_of_this_competition(organizer, started):
    uid, other = started(entrants=3), started(entrants=3)
    mine, theirs = (organizer.call("GET", f"{each}/register")[0]["id"] for each in (uid, other))
    organizer.call("POST", f"{uid}/registrations/{mine}/disqualify", {}, 400)
    organizer.call("POST", f"{uid}/registrations/{theirs}/disqualify", {"reason": "x"}, 404)


def test_a_ladder_is_climbed_by_challenges(organizer, started):
    uid = started("ladder", 4, rules={"max_challenge_distance": 2})
    ids = {row["seed"]: row for row in organizer.call("GET", f"{uid}/register")}

    def challenge(low: int, high: int, status: int = 201):
        body = {"challenger": ids[low]["id"], "opponent": ids[high]["id"]}
        return organizer.call("POST", f"{uid}/challenges", body, status)

    assert "3 places above" in challenge(4, 1, 422)
    assert "below" in challenge(1, 2, 422)
    match = challenge(3, 1)
    assert match["participant_a"]["wallet"] == ids[1]["wallet"] and match["why"]
    assert "to play first" in challenge(2, 1, 409)
    organizer.report(uid, match, 0, 2)
    standings = organizer.call("GET", f"{uid}/standings")["standings"]
    assert [row["wallet"] for row in standings] == [ids[seed]["wallet"] for seed in (3, 2, 1, 4)]
    assert organizer.call("GET", uid)["status"] == "active"
    organizer.call("POST", f"{uid}/finalize")
    assert organizer.call("GET", f"{uid}/results")["placements"][0]["wallet"] == ids[3]["wallet"]


def test_only_ladders_have_challenges(organizer, started):
    uid = started(entrants=2)
    one, two = (row["id"] for row in organizer.call("GET", f"{uid}/register"))
    assert "Only a ladder" in organizer.call("POST", f"{uid}/challenges", {"challenger": one, "opponent": two}, 422)


def test_whoever_rests_on_a_ladder_falls_once_for_each_period(app, organizer, started):
    uid = started("ladder", 3, rules={"inactivity_days": 10})
    ids = {row["seed"]: row for row in organizer.call("GET", f"{uid}/register")}
    now = utc_now()
    with unit_of_work() as session:  # the ladder began five days ago, so that seeds 2 and 3 have played since
        session.execute(update(Competition).where(Competition.uid == uid).values(started_at=now - timedelta(days=5)))
    body = {"challenger": ids[3]["id"], "opponent": ids[2]["id"]}
    organizer.report(uid, organizer.call("POST", f"{uid}/challenges", body, 201), 2, 0)

    def order_after(days: int) -> list[int]:
        with app.app_context():
            for _ in range(2):  # two clocks
                drop_the_inactive(lambda: now + timedelta(days=days))
        seeds = {row["wallet"]: seed for seed, row in ids.items()}
        return [seeds[row["wallet"]] for row in organizer.call("GET", f"{uid}/standings")["standings"]]

    told = len(organizer.events("standings.updated"))
    assert order_after(4) == [1, 2, 3]
    assert len(organizer.events("standings.updated")) == told
    assert order_after(6) == [2, 1, 3]
    assert len(organizer.events("standings.updated")) == told + 1


@pytest.mark.parametrize(("again", "total"), [(False, 6), (True, 7)])
def test_a_second_grand_final_that_is_not_needed_is_not_counted(make, again, total):
    org = make.org()
    rules = {"format": "double_elimination", "grand_final": "reset"}
    cup = make.competition(org, status="active", entrants=4, rules=rules)
    beaten = []

    def report(home: str, away: str) -> tuple[int, int]:
        """The side above wins; where the final is to be played again, who came from below wins it."""
        beaten.append((home, away))
        return (0, 1) if again and len(beaten) == 6 else (1, 0)

    make.play(org, cup, report)
    with unit_of_work() as session:
        summary = summary_of(session, competition_by_uid(session, org.id, cup))
    assert (summary.matches_total, summary.matches_completed, summary.matches_pending) == (total, total, 0)

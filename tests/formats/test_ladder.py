"""Ladders: who may challenge whom, what a match does to positions and ratings, and drops for inactivity."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import ladder
from portal.formats.plan import Changes, Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Rules
from portal.kernel.errors import Conflict, Unprocessable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def ladder_of(size: int, **rules: object) -> Plan:
    """Entrants 101, 102, … by seed, so that no id is a position by chance."""
    return ladder.build([Entrant(100 + seed, seed) for seed in range(1, size + 1)], Rules("ladder", **rules), Random(1))


def challenged(
    plan: Plan, challenger: int, opponent: int, now: datetime = NOW, history: dict[int, datetime] | None = None
) -> Match:
    """A challenge between ids, taken into the plan."""
    match = ladder.challenge(plan, ladder.positions(plan), challenger, opponent, now, history or {})
    plan.apply(Changes(matches=(match,)))
    return match


def result(number: int, winner: str) -> Result:
    return Result(number, winner, *{"a": (2, 1), "b": (1, 2), "draw": (1, 1)}[winner])


def play(plan: Plan, challenger: int, opponent: int, winner: str = "b") -> Match:
    """A challenge that is played at once; b is the challenger."""
    match = challenged(plan, challenger, opponent)
    plan.apply(ladder.advance(plan, result(match.number, winner)))
    return plan.matches[match.number]


def refused(plan: Plan, challenger: int, opponent: int) -> str:
    with pytest.raises(Unprocessable) as refusal:
        challenged(plan, challenger, opponent)
    return refusal.value.field


def test_a_ladder_begins_in_the_order_of_the_seeds_without_a_match():
    entrants = [Entrant(101, 3), Entrant(102, 1), Entrant(103, 2)]
    plan = ladder.build(entrants, Rules("ladder"), Random(1))
    assert (ladder.positions(plan), plan.matches) == ((102, 103, 101), {})


def test_a_challenger_who_wins_changes_places_and_nobody_else_moves():
    plan = ladder_of(5)
    match = play(plan, 104, 102)
    assert (match.a, match.b) == (102, 104)
    assert match.why == "Position 4 challenged position 2."
    assert ladder.positions(plan) == (101, 104, 103, 102, 105)


@pytest.mark.parametrize("winner", ["a", "draw"])
def test_a_challenger_who_does_not_win_stays(winner):
    plan = ladder_of(3)
    play(plan, 103, 101, winner)
    assert ladder.positions(plan) == (101, 102, 103)


def test_a_defender_who_does_not_turn_up_loses_the_place():
    plan = ladder_of(3)
    match = challenged(plan, 103, 101)
    plan.apply(ladder.advance(plan, Result(match.number, "b", outcome=Outcome.NO_SHOW)))
    assert ladder.positions(plan) == (103, 102, 101)


@pytest.mark.parametrize("outcome", [Outcome.DOUBLE_NO_SHOW, Outcome.NOT_PLAYED])
@pytest.mark.parametrize("kind", ["swap", "elo"])
def test_a_match_that_nobody_won_moves_nobody(outcome, kind):
    plan = ladder_of(3, ladder=kind)
    match = challenged(plan, 103, 101)
    plan.apply(ladder.advance(plan, Result(match.number, None, outcome=outcome)))
    assert ladder.positions(plan) == (101, 102, 103)
    assert set(ladder.ratings(plan).values()) == {1500}


def test_challenges_too_far_downwards_or_against_oneself_are_refused():
    plan = ladder_of(6, max_challenge_distance=2)
    assert refused(plan, 105, 102) == "opponent"
    assert refused(plan, 102, 103) == "opponent"
    assert refused(plan, 102, 102) == "opponent"
    assert refused(plan, 999, 102) == "challenger"
    assert refused(plan, 102, 999) == "opponent"
    assert plan.matches == {}
    assert challenged(plan, 105, 103).number == 1


def test_without_a_limit_the_last_may_challenge_the_first():
    assert challenged(ladder_of(50), 150, 101).why == "Position 50 challenged position 1."


@pytest.mark.parametrize(("challenger", "opponent"), [(103, 101), (104, 103), (102, 101)])
def test_whoever_has_an_open_match_cannot_be_in_a_second_one(challenger, opponent):
    plan = ladder_of(5)
    challenged(plan, 103, 101)
    with pytest.raises(Conflict, match="has match 1 to play first"):
        challenged(plan, challenger, opponent)


def test_two_who_just_met_wait_until_the_cool_down_is_over():
    plan = ladder_of(4, cooldown_hours=24)
    play(plan, 102, 101, "a")
    history = {1: NOW}
    with pytest.raises(Conflict, match="from 2026-03-02 12:00 UTC"):
        challenged(plan, 102, 101, NOW + DAY - timedelta(seconds=1), history)
    challenged(plan, 103, 101, NOW, history)
    plan.apply(ladder.advance(plan, result(2, "a")))
    assert challenged(plan, 102, 101, NOW + DAY, history).number == 3


def test_elo_moves_as_much_up_as_down_and_orders_by_rating():
    plan = ladder_of(3, ladder="elo")
    play(plan, 103, 101)
    assert ladder.ratings(plan) == {101: 1484, 102: 1500, 103: 1516}
    assert ladder.positions(plan) == (103, 102, 101)


@pytest.mark.parametrize(
    # Expected scores by the table of FIDE Handbook B.02, 8.1.2: 200 points apart .76, 400 points .92; times 32.
    ("rating", "winner", "gained"),
    [(1700, "a", 8), (1700, "b", -24), (1700, "draw", -8), (1900, "a", 3), (1900, "b", -29)],
)
def test_elo_gains_are_those_of_the_rating_table(rating, winner, gained):
    entrants = [Entrant(101, 1, rating=rating), Entrant(102, 2, rating=1500)]
    plan = ladder.build(entrants, Rules("ladder", ladder="elo"), Random(1))
    play(plan, 102, 101, winner)
    assert ladder.ratings(plan) == {101: rating + gained, 102: 1500 - gained}


def test_an_elo_ladder_begins_in_the_order_of_the_ratings():
    entrants = [Entrant(101, 1, rating=1400), Entrant(102, 2, rating=1600), Entrant(103, 3, rating=1400)]
    plan = ladder.build(entrants, Rules("ladder", ladder="elo"), Random(1))
    assert ladder.positions(plan) == (102, 101, 103)


def test_a_corrected_result_works_out_all_positions_anew():
    plan = ladder_of(4)
    play(plan, 103, 101)  # 3 2 1 4
    play(plan, 104, 103)  # 4 2 1 3
    assert ladder.positions(plan) == (104, 102, 101, 103)
    plan.apply(ladder.correct(plan, result(1, "a")))
    assert ladder.positions(plan) == (101, 102, 104, 103)
    plan.apply(ladder.correct(plan, result(1, "b")))
    assert ladder.positions(plan) == (104, 102, 101, 103)


def test_results_of_unknown_open_and_decided_matches_are_refused():
    plan = ladder_of(4)
    challenged(plan, 102, 101)
    with pytest.raises(Conflict):
        ladder.correct(plan, result(1, "a"))
    with pytest.raises(Unprocessable):
        ladder.advance(plan, result(7, "a"))
    with pytest.raises(Unprocessable):
        ladder.advance(plan, Result(1, "a", 0, 3))
    plan.apply(ladder.advance(plan, result(1, "a")))
    with pytest.raises(Conflict):
        ladder.advance(plan, result(1, "b"))


@given(st.integers(2, 12), st.integers(0, 2**32), st.sampled_from(["swap", "elo"]))
@settings(max_examples=60, deadline=None)
def test_positions_hold_everybody_once_whatever_is_played_and_in_whatever_order_it_is_reported(size, seed, kind):
    rng, plan = Random(seed), ladder_of(size, ladder=kind)
    for _ in range(20):
        order = ladder.positions(plan)
        above, below = sorted(rng.sample(range(size), 2))
        play(plan, order[below], order[above], rng.choice(["a", "b", "draw"]))
    assert sorted(ladder.positions(plan)) == [100 + seed for seed in range(1, size + 1)]
    assert sum(ladder.ratings(plan).values()) == 1500 * size
    shuffled = list(plan.matches.values())
    rng.shuffle(shuffled)
    again = Plan(plan.entrants, plan.rules, {match.number: match for match in shuffled})
    assert ladder.positions(again) == ladder.positions(plan)


@given(st.integers(0, 2**32), st.sampled_from(["swap", "elo"]))
@settings(max_examples=30, deadline=None)
def test_correcting_there_and_back_gives_the_first_state(seed, kind):
    rng, plan = Random(seed), ladder_of(6, ladder=kind)
    for _ in range(8):
        order = ladder.positions(plan)
        above, below = sorted(rng.sample(range(6), 2))
        play(plan, order[below], order[above], rng.choice("ab"))
    before, positions = dict(plan.matches), ladder.positions(plan)
    number = rng.choice(list(before))
    first = before[number].winner
    plan.apply(ladder.correct(plan, result(number, "b" if first == "a" else "a")))
    plan.apply(ladder.correct(plan, result(number, first)))
    assert (plan.matches, ladder.positions(plan)) == (before, positions)


def test_one_place_is_lost_for_each_period_without_a_match():
    plan = ladder_of(5, inactivity_days=14)
    played = dict.fromkeys(ladder.positions(plan), NOW) | {101: NOW - 14 * DAY, 102: NOW - 30 * DAY}
    drops = ladder.drop_inactive(ladder.positions(plan), played, NOW, plan.rules)
    assert [(drop.entrant, drop.places, drop.until) for drop in drops] == [(102, 2, NOW - 2 * DAY), (101, 1, NOW)]
    assert [drop.why for drop in drops] == ["Down 2 places: no match for 28 days.", "Down 1 place: no match for 14 days."]
    assert ladder.positions(plan, drops) == (103, 101, 104, 102, 105)


def test_nobody_drops_twice_for_the_same_days():
    plan = ladder_of(4, inactivity_days=7)
    played = dict.fromkeys(ladder.positions(plan), NOW) | {101: NOW - 10 * DAY}
    (drop,) = ladder.drop_inactive(ladder.positions(plan), played, NOW, plan.rules)
    later = played | {101: drop.until}
    order = ladder.positions(plan, [drop])
    assert ladder.drop_inactive(order, later, NOW + 3 * DAY, plan.rules) == ()
    assert [d.entrant for d in ladder.drop_inactive(order, later, NOW + 4 * DAY, plan.rules)] == [101]


def test_a_drop_keeps_its_place_among_the_matches():
    plan = ladder_of(4, inactivity_days=7)
    drop = ladder.Drop(101, 1, 0, NOW, "")
    assert ladder.positions(plan, [drop]) == (102, 101, 103, 104)
    plan.apply(Changes(matches=(ladder.challenge(plan, ladder.positions(plan, [drop]), 103, 102, NOW, {}),)))
    plan.apply(ladder.advance(plan, result(1, "b")))
    assert ladder.positions(plan, [drop]) == (103, 101, 102, 104)
    assert ladder.positions(plan, [drop, ladder.Drop(103, 1, 1, NOW, "")]) == (101, 103, 102, 104)


def test_the_last_cannot_drop_and_without_a_rule_nobody_does():
    plan = ladder_of(3, inactivity_days=7)
    long_ago = dict.fromkeys(ladder.positions(plan), NOW - 700 * DAY)
    drops = ladder.drop_inactive(ladder.positions(plan), long_ago, NOW, plan.rules)
    assert sorted(ladder.positions(plan, drops)) == [101, 102, 103]
    assert ladder.positions(plan, [ladder.Drop(103, 9, 0, NOW, "")]) == (101, 102, 103)
    assert ladder.drop_inactive(ladder.positions(plan), long_ago, NOW, ladder_of(3).rules) == ()


def test_by_rating_a_drop_leaves_one_point_less_than_the_one_who_passes():
    entrants = [Entrant(101, 1, rating=1700), Entrant(102, 2, rating=1600), Entrant(103, 3, rating=1500)]
    plan = ladder.build(entrants, Rules("ladder", ladder="elo", inactivity_days=7), Random(1))
    drop = ladder.Drop(101, 1, 0, NOW, "")
    assert ladder.positions(plan, [drop]) == (102, 101, 103)
    assert ladder.ratings(plan, [drop])[101] == 1599


def test_a_withdrawn_entrant_leaves_a_walkover_and_those_below_move_up():
    plan = ladder_of(4)
    challenged(plan, 104, 102)
    plan.apply(ladder.withdraw(plan, 102))
    assert (plan.matches[1].winner, plan.matches[1].outcome) == ("b", Outcome.WALKOVER)
    entrants = tuple(replace(entrant, withdrawn=entrant.id == 102) for entrant in plan.entrants)
    plan = Plan(entrants, plan.rules, plan.matches)
    assert ladder.positions(plan) == (101, 104, 103)
    assert refused(plan, 103, 102) == "opponent"
    assert ladder.positions(plan, [ladder.Drop(104, 1, 1, NOW, "")]) == (101, 103, 104)
    with pytest.raises(Unprocessable):
        ladder.withdraw(plan, 999)


def test_placements_are_the_positions_with_the_matches_won():
    plan = ladder_of(3)
    play(plan, 103, 101)
    play(plan, 102, 103, "a")
    assert [(row.place, row.entrant, row.rounds_won) for row in ladder.placements(plan)] == [
        (1, 103, 2),
        (2, 102, 0),
        (3, 101, 0),
    ]


@pytest.mark.parametrize("size", [0, 1])
def test_a_ladder_needs_two(size):
    with pytest.raises(Unprocessable):
        ladder_of(size)

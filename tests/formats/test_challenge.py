"""Challenges: passed or failed as the organizer verifies, or head to head."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.formats import challenge
from portal.formats.plan import NOBODY, Entrant, Outcome, Plan, Result
from portal.formats.rules import Rules
from portal.kernel.errors import Conflict, Unprocessable


def of(size: int, kind: str = "pass_fail") -> Plan:
    """Entrants 101, 102, … by seed."""
    return challenge.build(
        [Entrant(100 + seed, seed) for seed in range(1, size + 1)], Rules("challenge", challenge=kind), Random(1)
    )


def report(plan: Plan, *results: Result) -> Plan:
    for result in results:
        plan.apply(challenge.advance(plan, result))
    return plan


def places(plan: Plan) -> list[tuple[int, int, int]]:
    return [(row.place, row.entrant, row.rounds_won) for row in challenge.placements(plan)]


def test_everybody_is_alone_against_the_task():
    plan = of(3)
    assert [(match.a, match.b, match.over) for match in plan.in_order()] == [
        (101, NOBODY, False),
        (102, NOBODY, False),
        (103, NOBODY, False),
    ]


def test_one_entrant_is_enough_to_pass_but_not_to_meet():
    assert len(of(1).matches) == 1
    for plan in ((0, "pass_fail"), (1, "head_to_head")):
        with pytest.raises(Unprocessable) as refusal:
            of(*plan)
        assert refusal.value.field == "entrants"


def test_a_passes_and_b_fails_with_or_without_scores():
    plan = report(of(3), Result(1, "b"), Result(2, "a", 12, 15), Result(3, "a", score_a=7))
    assert (plan.matches[2].score_a, plan.matches[2].score_b) == (12, 15)
    assert plan.over
    assert places(plan) == [(1, 102, 1), (1, 103, 1), (3, 101, 0)]


def test_who_has_not_been_verified_or_did_not_play_has_no_place():
    plan = report(of(3), Result(1, "a"), Result(2, None, outcome=Outcome.NOT_PLAYED))
    assert places(plan) == [(1, 101, 1)]


@pytest.mark.parametrize(
    ("result", "field"),
    [
        (Result(9, "a"), "match"),
        (Result(1, "draw"), "winner"),
        (Result(1, None), "winner"),
        (Result(1, "a", -1), "score_a"),
        (Result(1, "a", 1, 1_000_001), "score_b"),
        (Result(1, "a", True), "score_a"),
        (Result(1, "a", outcome=Outcome.WALKOVER), "outcome"),
        (Result(1, "b", outcome=Outcome.NO_SHOW), "outcome"),
        (Result(1, None, outcome=Outcome.DOUBLE_NO_SHOW), "outcome"),
        (Result(1, "a", outcome=Outcome.BYE), "outcome"),
        (Result(1, "a", outcome=Outcome.NOT_PLAYED), "winner"),
        (Result(1, None, 3, outcome=Outcome.NOT_PLAYED), "score_a"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused(result, field):
    with pytest.raises(Unprocessable) as refusal:
        challenge.advance(of(2), result)
    assert refusal.value.field == field


@pytest.mark.parametrize("kind", ["pass_fail", "head_to_head"])
def test_a_verdict_is_given_once_and_corrected_afterwards(kind):
    plan = of(2, kind)
    with pytest.raises(Conflict):
        challenge.correct(plan, Result(1, "a", 2, 1))
    report(plan, Result(1, "a", 2, 1))
    with pytest.raises(Conflict):
        challenge.advance(plan, Result(1, "b", 1, 2))
    first = dict(plan.matches)
    plan.apply(challenge.correct(plan, Result(1, "b", 1, 2)))
    assert plan.matches[1].winner == "b"
    plan.apply(challenge.correct(plan, Result(1, "a", 2, 1)))
    assert plan.matches == first


def test_head_to_head_pairs_neighbours_by_seed_and_gives_the_odd_one_a_bye():
    plan = of(5, "head_to_head")
    assert [(match.a, match.b, match.outcome) for match in plan.in_order()] == [
        (101, 102, None),
        (103, 104, None),
        (105, NOBODY, Outcome.BYE),
    ]
    with pytest.raises(Conflict):
        challenge.correct(plan, Result(3, "b", 0, 1))


def test_head_to_head_winners_stand_before_those_who_drew_before_losers():
    plan = report(of(6, "head_to_head"), Result(1, "b", 0, 1), Result(2, "draw", 1, 1), Result(3, "a", 3, 0))
    assert places(plan) == [(1, 102, 1), (1, 105, 1), (3, 103, 0), (3, 104, 0), (5, 101, 0), (5, 106, 0)]


def test_head_to_head_scores_must_agree_with_the_winner():
    with pytest.raises(Unprocessable) as refusal:
        challenge.advance(of(2, "head_to_head"), Result(1, "a", 0, 1))
    assert refusal.value.field == "winner"


def test_who_withdraws_leaves_a_walkover_or_a_challenge_not_played():
    alone, pair = of(2), of(2, "head_to_head")
    alone.apply(challenge.withdraw(alone, 102))
    pair.apply(challenge.withdraw(pair, 101))
    assert (alone.matches[2].outcome, alone.matches[2].winner) == (Outcome.NOT_PLAYED, None)
    assert (pair.matches[1].outcome, pair.matches[1].winner) == (Outcome.WALKOVER, "b")
    assert challenge.withdraw(pair, 101).matches == ()
    with pytest.raises(Unprocessable):
        challenge.withdraw(pair, 999)


@given(st.integers(2, 40), st.sampled_from(["pass_fail", "head_to_head"]), st.integers(0, 2**32))
def test_everybody_is_drawn_once_and_placed_once(size, kind, seed):
    rng, plan = Random(seed), of(size, kind)
    drawn = [side for match in plan.matches.values() for side in (match.a, match.b) if side]
    assert sorted(drawn) == list(range(101, 101 + size))
    open_matches = [match.number for match in plan.in_order() if not match.over]
    rng.shuffle(open_matches)
    report(plan, *(Result(number, "a", 1, 0) if rng.random() < 0.5 else Result(number, "b", 0, 1) for number in open_matches))
    assert sorted(row.entrant for row in challenge.placements(plan)) == sorted(drawn)

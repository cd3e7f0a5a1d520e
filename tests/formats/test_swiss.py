"""Swiss: the pairings of the FIDE Dutch system, byes, sides, withdrawals and corrections."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import swiss
from portal.formats.plan import NOBODY, Entrant, Match, Outcome, Plan, Result
from portal.formats.standings import Row, standings
from portal.kernel.errors import Conflict, Invalid, Unprocessable
from tests.formats.swiss_play import CHESS, beginning_with, check_fair, of_round, play_out, play_round, ready, report, tournament


def table(plan: Plan) -> list[Row]:
    return list(standings(plan.matches.values(), plan.entrants, plan.rules, rng_seed=1))


def test_in_the_first_round_the_top_half_meets_the_bottom_half_on_alternating_sides():
    plan = beginning_with(1, 8)
    assert [(match.a, match.b) for match in plan.in_order()] == [(1, 5), (6, 2), (3, 7), (8, 4)]
    assert plan.matches[2].why == "Top half meets bottom half: seed 2 and seed 6."


def test_the_same_seed_number_draws_the_same_and_others_let_either_side_begin():
    assert tournament(8, seed=7) == tournament(8, seed=7)
    assert {tournament(8, seed=seed).matches[1].a for seed in range(20)} == {1, 5}


@pytest.mark.parametrize(("size", "rounds"), [(2, 1), (3, 2), (8, 3), (9, 4), (64, 6)])
def test_without_a_rule_there_are_as_many_rounds_as_leave_one_unbeaten(size, rounds):
    plan = tournament(size)
    play_out(plan, Random(1), ">")
    assert max(match.round for match in plan.matches.values()) == rounds


@pytest.mark.parametrize(("size", "rounds"), [(8, 8), (7, 8), (2, 2), (8, 0), (8, -1)])
def test_more_rounds_than_there_are_opponents_are_refused(size, rounds):
    with pytest.raises(Invalid) as refusal:
        tournament(size, rounds)
    assert refusal.value.field == "rounds"


@pytest.mark.parametrize("size", [0, 1, 4097])
def test_too_few_or_too_many_entrants_are_refused(size):
    with pytest.raises(Unprocessable) as refusal:
        tournament(size)
    assert refusal.value.field == "entrants"


def test_the_next_round_comes_with_the_last_result_and_its_numbers_go_on():
    plan = tournament(8)
    for number in (3, 1, 4):
        report(plan, number, ">")
        assert set(plan.matches) == {1, 2, 3, 4}
    changes = swiss.advance(plan, Result(2, "b", 0, 2))
    assert [(match.number, match.round, match.position) for match in changes.matches[1:]] == [
        (5, 2, 1),
        (6, 2, 2),
        (7, 2, 3),
        (8, 2, 4),
    ]
    assert set(plan.matches) == {1, 2, 3, 4}, "a plan changes only by what is applied to it"


def test_winners_meet_winners_and_the_pairing_says_so():
    plan = beginning_with(1, 8, points=CHESS)
    for number, sign in ((1, ">"), (2, "<"), (3, ">"), (4, "<")):
        report(plan, number, sign)
    second = of_round(plan, 2)
    # By hand from C.04.3: 1 and 3 had home, 2 and 4 away, so 1-3 and 2-4 would both give somebody the wrong side.
    assert [{match.a, match.b} for match in second] == [{1, 4}, {2, 3}, {5, 8}, {6, 7}]
    assert [match.a for match in second] == [4, 2, 5, 7]
    assert [match.why for match in second] == ["Both have 2 points."] * 2 + ["Both have 0 points."] * 2


def test_whoever_floats_down_is_told_so():
    plan = beginning_with(1, 6, points=CHESS)
    for number in (1, 2, 3):
        report(plan, number, "=><"[number - 1])
    floated = [match.why for match in of_round(plan, 2) if "floated" in match.why]
    assert floated and all(re.match(r"Seed \d floated down from \d points? to \d: ", why) for why in floated)


def test_the_bye_goes_to_the_lowest_who_has_had_none_and_counts_as_a_win():
    plan = beginning_with(1, 5, rounds=4, points=CHESS)
    assert (plan.matches[3].a, plan.matches[3].b, plan.matches[3].outcome) == (5, NOBODY, Outcome.BYE)
    for match in ready(plan):
        report(plan, match.number, ">" if match.a < match.b else "<")
    bye = of_round(plan, 2)[-1]
    assert (bye.a, bye.outcome, bye.winner) == (4, Outcome.BYE, "a")
    assert bye.why == "The number of entrants is odd: seed 4, on 0 points, is the lowest that may have the bye."
    assert {row.entrant: row.points for row in table(plan)}[5] == 2


def test_whoever_won_by_default_gets_no_bye_afterwards():
    plan = beginning_with(1, 5, rounds=4, points=CHESS)
    report(plan, 1, "<<")  # 3 beats 1, who did not turn up
    report(plan, 2, "=")
    play_out(plan, Random(3))
    assert 3 not in {match.a for match in plan.matches.values() if match.outcome is Outcome.BYE}


results = st.integers(0, 2**32)


@given(st.integers(3, 14), results)
@settings(max_examples=25, deadline=None)
def test_the_order_of_reports_changes_neither_pairings_nor_standings(size, seed):
    forwards, anyhow = tournament(size, seed=seed), tournament(size, seed=seed)
    signs = {number: Random(seed + number).choice("><=") for number in range(1, size * 5)}
    rng = Random(seed)
    while matches := ready(forwards):
        for match in matches:
            report(forwards, match.number, signs[match.number])
        rng.shuffle(matches)
        for match in matches:
            report(anyhow, match.number, signs[match.number])
    assert forwards == anyhow
    assert table(forwards) == table(anyhow)


def test_a_withdrawn_entrant_gives_a_walkover_and_is_drawn_no_more():
    plan = beginning_with(1, 6)
    report(plan, 1, ">")
    report(plan, 2, ">")
    changes = swiss.withdraw(plan, 6)
    walkover, *second = changes.matches
    assert (walkover.number, walkover.winner, walkover.outcome) == (3, "a", Outcome.WALKOVER)
    assert 6 not in {side for match in second for side in (match.a, match.b)}
    assert [match.outcome for match in second] == [None, None, Outcome.BYE]


def test_who_withdraws_between_rounds_changes_nothing_until_the_next_draw():
    plan = tournament(6)
    for match in ready(plan)[:2]:
        report(plan, match.number, ">")
    gone = plan.matches[1].a
    assert swiss.withdraw(plan, gone).matches == ()
    with pytest.raises(Unprocessable):
        swiss.withdraw(plan, 99)


def test_when_those_left_have_all_met_there_is_no_further_round():
    plan = tournament(3, rounds=3)
    report(plan, 1, ">")
    last_two = {plan.matches[1].a, plan.matches[1].b}
    plan = Plan(tuple(Entrant(n, n, withdrawn=n not in last_two) for n in (1, 2, 3)), plan.rules, plan.matches)
    plan.apply(swiss.withdraw(plan, 3))
    assert plan.over
    assert max(match.round for match in plan.matches.values()) == 2


def swapped(match: Match) -> Result:
    return Result(match.number, "b", 0, 1) if match.winner == "a" else Result(match.number, "a", 1, 0)


def test_published_pairings_stand_when_a_result_is_corrected():
    plan = tournament(8)
    play_round(plan)
    changes = swiss.correct(plan, Result(1, "b", 0, 1))
    assert [(match.number, match.winner) for match in changes.matches] == [(1, "b")]
    assert (changes.removed, changes.cleared) == ((), ())


def test_with_cascade_the_next_round_is_drawn_anew_as_long_as_nothing_of_it_is_reported():
    plan, other = tournament(9), tournament(9)
    play_round(plan, ">")
    for match in ready(other):
        report(other, match.number, "<" if match.number == 1 else ">")
    changes = swiss.correct(plan, swapped(plan.matches[1]), cascade=True)
    assert len(changes.matches) > 1
    plan.apply(changes)
    assert plan == other


def test_once_something_of_the_next_round_is_reported_it_stands_even_with_cascade():
    plan = tournament(8)
    play_round(plan)
    report(plan, 5, "=")
    assert [match.number for match in swiss.correct(plan, swapped(plan.matches[1]), cascade=True).matches] == [1]


@given(st.integers(3, 12), results, st.booleans())
@settings(max_examples=25, deadline=None)
def test_correcting_there_and_back_gives_the_first_state(size, seed, cascade):
    plan, rng = tournament(size, seed=seed), Random(seed)
    for match in ready(plan):
        report(plan, match.number, rng.choice("><"))
    before = dict(plan.matches)
    number = rng.choice([match.number for match in of_round(plan, 1) if match.b])
    original = plan.matches[number]
    plan.apply(swiss.correct(plan, swapped(original), cascade=cascade))
    assert plan.matches != before
    plan.apply(swiss.correct(plan, swapped(plan.matches[number]), cascade=cascade))
    assert plan.matches == before


@pytest.mark.parametrize(
    ("result", "field"),
    [
        (Result(99, "a", 1, 0), "match"),
        (Result(1, "a", -1, 0), "score_a"),
        (Result(1, "a", 0, 1), "winner"),
        (Result(1, "a", 1, 1), "winner"),
        (Result(1, "draw", 1, 0), "winner"),
        (Result(1, None, 1, 0, Outcome.DOUBLE_NO_SHOW), "score_a"),
    ],
)
def test_a_result_that_cannot_be_is_refused(result, field):
    with pytest.raises(Unprocessable) as refusal:
        swiss.advance(tournament(4), result)
    assert refusal.value.field == field


def test_a_second_result_and_the_correction_of_a_bye_are_refused():
    plan = tournament(5)
    report(plan, 1, ">")
    with pytest.raises(Conflict):
        swiss.advance(plan, Result(1, "b", 0, 1))
    with pytest.raises(Conflict):
        swiss.correct(plan, Result(3, "b", 0, 1))
    with pytest.raises(Conflict):
        swiss.correct(plan, Result(2, "b", 0, 1))


def test_a_game_that_did_not_take_place_counts_for_no_side_but_is_not_drawn_again():
    plan = beginning_with(1, 4, rounds=3)
    plan.apply(swiss.advance(plan, Result(1, None, outcome=Outcome.NOT_PLAYED)))
    plan.apply(swiss.advance(plan, Result(2, None, outcome=Outcome.DOUBLE_NO_SHOW)))
    play_out(plan, Random(1))
    check_fair(plan)
    assert len(plan.matches) == 6

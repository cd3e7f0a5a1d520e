"""Leagues: the Berger tables, legs, home and away, groups, results and their corrections."""

from collections import Counter
from dataclasses import replace
from itertools import groupby, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import round_robin
from portal.formats.plan import Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Rules
from portal.formats.standings import standings
from portal.kernel.errors import Conflict, Unprocessable

# FIDE Handbook C.05, annex 1: the tables for 3 or 4, and for 5 or 6 players.
BERGER_4 = ["1-4 2-3", "4-3 1-2", "2-4 3-1"]
BERGER_6 = ["1-6 2-5 3-4", "6-4 5-3 1-2", "2-6 3-1 4-5", "6-5 1-4 2-3", "3-6 4-2 5-1"]


def league(count: int, **rules: int) -> Plan:
    return round_robin.build(
        [Entrant(100 + seed, seed) for seed in range(1, count + 1)], Rules("round_robin", **rules), Random(1)
    )


def rounds(plan: Plan) -> list[list[Match]]:
    return [list(matches) for _, matches in groupby(plan.in_order(), key=lambda match: match.round)]


@pytest.mark.parametrize(("size", "table"), [(4, BERGER_4), (6, BERGER_6)])
def test_the_schedule_is_the_berger_table(size, table):
    assert [" ".join(f"{m.a - 100}-{m.b - 100}" for m in matches) for matches in rounds(league(size))] == table


def test_with_an_odd_number_somebody_rests_in_each_round():
    plan = league(5)
    resting = [set(range(101, 106)) - {side for match in matches for side in (match.a, match.b)} for matches in rounds(plan)]
    assert all(len(each) == 1 for each in resting)
    assert set.union(*resting) == set(range(101, 106))


def test_two_entrants_play_once_in_each_leg():
    assert [(match.round, match.a, match.b) for match in league(2, legs=3).in_order()] == [
        (1, 101, 102),
        (2, 102, 101),
        (3, 101, 102),
    ]


def test_numbers_count_in_the_order_of_play_and_positions_through_each_round():
    plan = league(7, groups=2)
    assert [match.number for match in plan.in_order()] == list(range(1, len(plan.matches) + 1))
    assert [match.round for match in plan.in_order()] == sorted(match.round for match in plan.in_order())
    assert all([match.position for match in matches] == list(range(1, len(matches) + 1)) for matches in rounds(plan))
    assert {match.stage for match in plan.in_order()} == {"rounds"}


def test_a_further_leg_says_which_match_it_repeats():
    plan = league(4, legs=2)
    first, again = [match for match in plan.in_order() if {match.a, match.b} == {101, 104}]
    assert (again.a, again.b) == (first.b, first.a)
    assert first.why == ""
    assert again.why == f"They met first in match {first.number}; this is a further leg."


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 24), st.integers(1, 4))
def test_every_pair_meets_once_in_each_leg_with_sides_in_balance(size, legs):
    plan = league(size, legs=legs)
    ids = range(101, 101 + size)
    ordered = Counter((match.a, match.b) for match in plan.in_order())
    assert set(ordered) <= set(permutations(ids, 2))
    for a, b in permutations(ids, 2):
        assert ordered[a, b] + ordered[b, a] == legs
        assert abs(ordered[a, b] - ordered[b, a]) == legs % 2
    at_home = Counter(match.a for match in plan.in_order())
    away = Counter(match.b for match in plan.in_order())
    assert all(abs(at_home[each] - away[each]) <= legs % 2 for each in ids)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 24), st.integers(1, 4))
def test_nobody_plays_twice_in_a_round_or_three_times_running_on_one_side(size, legs):
    played: dict[int, str] = dict.fromkeys(range(101, 101 + size), "")
    for matches in rounds(league(size, legs=legs)):
        assert len({side for match in matches for side in (match.a, match.b)}) == 2 * len(matches) == size - size % 2
        for match in matches:
            played[match.a] += "h"
            played[match.b] += "a"
    longest = 3 if size == 4 and legs > 2 else 2
    assert max(len(list(run)) for sides in played.values() for _, run in groupby(sides)) <= longest


# Groups


def groups_of(plan: Plan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for entrant in plan.entrants:
        found.setdefault(entrant.group, []).append(entrant.seed)
    return found


def test_groups_are_filled_in_snake_order_and_play_their_rounds_together():
    plan = league(8, groups=4)
    assert groups_of(plan) == {"A": [1, 8], "B": [2, 7], "C": [3, 6], "D": [4, 5]}
    plan = league(12, groups=4)
    assert groups_of(plan) == {"A": [1, 8, 9], "B": [2, 7, 10], "C": [3, 6, 11], "D": [4, 5, 12]}
    assert [[match.group for match in matches] for matches in rounds(plan)] == [["A", "B", "C", "D"]] * 3


def test_groups_that_were_given_are_kept():
    entrants = [Entrant(1, 1, "B"), Entrant(2, 2, "B"), Entrant(3, 3, "A"), Entrant(4, 4, "A"), Entrant(5, 5, "A")]
    plan = round_robin.build(entrants, Rules("round_robin", groups=2), Random(1))
    assert groups_of(plan) == {"B": [1, 2], "A": [3, 4, 5]}
    assert [{match.a, match.b} for match in plan.in_order() if match.group == "B"] == [{1, 2}]
    assert sum(match.group == "A" for match in plan.in_order()) == 3


def test_more_groups_than_letters_go_on_with_two_letters():
    assert [round_robin.group_name(index) for index in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]
    assert [match.group for match in rounds(league(60, groups=28))[0]][-3:] == ["Z", "AA", "AB"]


@pytest.mark.parametrize(
    ("groups", "count", "field"),
    [
        (("A", "A", "B", ""), 2, "groups"),  # one has none
        (("A", "A", "B", "B"), 3, "groups"),  # the rules say three
        (("A", "A", "A", "B"), 2, "groups"),  # nobody to play in B
        (("", "", ""), 2, "groups"),
        (("",), 1, "entrants"),
        ((), 1, "entrants"),
    ],
)
def test_groups_that_cannot_be_played_are_refused(groups, count, field):
    entrants = [Entrant(number, number, group) for number, group in enumerate(groups, start=1)]
    with pytest.raises(Unprocessable) as refused:
        round_robin.build(entrants, Rules("round_robin", groups=count), Random(1))
    assert refused.value.field == field


@pytest.mark.parametrize("legs", [0, 5])
def test_a_league_has_one_to_four_legs(legs):
    with pytest.raises(Unprocessable) as refused:
        league(4, legs=legs)
    assert refused.value.field == "legs"


def test_a_league_that_nobody_could_play_is_refused_before_it_is_drawn():
    with pytest.raises(Unprocessable) as refused:
        league(1_000)
    assert refused.value.field == "entrants"
    assert "499,500 matches" in refused.value.message
    assert len(league(200).matches) == 19_900
    assert len(league(1_000, groups=100).matches) == 4_500


def test_the_same_entrants_make_the_same_league_in_whatever_order_they_come():
    entrants = [Entrant(100 + seed, seed) for seed in range(1, 10)]
    turned = round_robin.build(entrants[::-1], Rules("round_robin"), Random(99))
    assert turned == league(9)


# Results


def test_a_result_changes_its_match_and_nothing_else():
    plan = league(4)
    before = dict(plan.matches)
    changes = round_robin.advance(plan, Result(2, "draw", 1, 1))
    assert plan.matches == before
    assert [(m.number, m.winner, m.score_a, m.score_b, m.outcome) for m in changes.matches] == [(2, "draw", 1, 1, Outcome.PLAYED)]
    assert (changes.removed, changes.advanced, changes.cleared) == ((), (), ())


def test_a_match_has_one_result_and_a_correction_needs_one():
    plan = league(4)
    with pytest.raises(Conflict):
        round_robin.correct(plan, Result(1, "a", 1, 0))
    plan.apply(round_robin.advance(plan, Result(1, "a", 1, 0)))
    with pytest.raises(Conflict):
        round_robin.advance(plan, Result(1, "b", 0, 1))


@pytest.mark.parametrize(
    "result",
    [
        Result(99, "a", 1, 0),
        Result(1, "b", 2, 1),
        Result(1, "a", 1, 1),  # in a league the winner must agree with the scores
        Result(1, "a", -1, -2),
        Result(1, None, 1, 0),
    ],
)
def test_a_result_that_cannot_be_is_refused_when_reported_and_when_corrected(result):
    plan = league(4)
    with pytest.raises(Unprocessable):
        round_robin.advance(plan, result)
    plan.apply(round_robin.advance(plan, Result(1, "a", 1, 0)))
    with pytest.raises(Unprocessable):
        round_robin.correct(plan, result)


def test_whoever_withdraws_keeps_what_was_played_and_gives_the_rest_away():
    plan = league(4)
    mine = [match for match in plan.in_order() if 101 in (match.a, match.b)]
    plan.apply(round_robin.advance(plan, Result(mine[0].number, "draw", 2, 2)))
    changes = round_robin.withdraw(plan, 101)
    assert [(m.number, m.outcome, m.on(m.winner) == 101) for m in changes.matches] == [
        (mine[1].number, Outcome.WALKOVER, False),
        (mine[2].number, Outcome.WALKOVER, False),
    ]
    plan.apply(changes)
    assert plan.matches[mine[0].number].winner == "draw"
    rows = {row.entrant: row for row in standings(plan.matches.values(), plan.entrants, plan.rules, rng_seed=1)}
    assert (rows[101].draws, rows[101].losses, rows[101].points) == (1, 2, 1)


def test_two_that_withdrew_do_not_play_each_other():
    plan = league(3)
    plan = replace(plan, entrants=tuple(replace(each, withdrawn=each.id == 102) for each in plan.entrants))
    changed = {frozenset((m.a, m.b)): (m.outcome, m.winner and m.on(m.winner)) for m in round_robin.withdraw(plan, 101).matches}
    assert changed == {
        frozenset((101, 102)): (Outcome.NOT_PLAYED, None),
        frozenset((101, 103)): (Outcome.WALKOVER, 103),
    }


def test_nobody_withdraws_who_is_not_there():
    with pytest.raises(Unprocessable):
        round_robin.withdraw(league(3), 999)


outcomes = st.one_of(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
        lambda s: ("draw" if s[0] == s[1] else "a" if s[0] > s[1] else "b", *s, Outcome.PLAYED)
    ),
    st.sampled_from([("a", None, None, Outcome.WALKOVER), ("b", None, None, Outcome.NO_SHOW)]),
    st.sampled_from([(None, None, None, Outcome.DOUBLE_NO_SHOW), (None, None, None, Outcome.NOT_PLAYED)]),
)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.data())
def test_corrected_there_and_back_is_the_first_state(size, data):
    plan = league(size)
    first = {number: Result(number, *data.draw(outcomes)) for number in plan.matches}
    for result in first.values():
        plan.apply(round_robin.advance(plan, result))
    state = dict(plan.matches)
    table = standings(state.values(), plan.entrants, plan.rules, rng_seed=3)
    number = data.draw(st.sampled_from(sorted(first)))
    plan.apply(round_robin.correct(plan, Result(number, *data.draw(outcomes)), cascade=True))
    plan.apply(round_robin.correct(plan, first[number]))
    assert plan.matches == state
    assert plan.over
    assert standings(plan.matches.values(), plan.entrants, plan.rules, rng_seed=3) == table

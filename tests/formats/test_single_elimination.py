"""Single elimination: who meets whom, who goes on, who ends where."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats.elimination import advance, withdraw
from portal.formats.placing import placements
from portal.formats.plan import NOBODY, Advance, Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Rules
from portal.formats.single_elimination import build
from portal.kernel.errors import Unprocessable
from tests.formats.brackets import UNDECIDED, bracket, by_chance, copy_of, defeats, field, play, won

SIZES = st.integers(2, 70)
NUMBERS = st.integers(0, 2**32)
ENDINGS = tuple(outcome for outcome in Outcome if outcome is not Outcome.BYE)


def reachable(plan: Plan, number: int) -> dict[int, Match]:
    """A match and all that its links lead to."""
    found, at = {}, [number]
    while at:
        match = plan.matches[at.pop()]
        found[match.number] = match
        at += [link.number for link in (match.winner_to, match.loser_to) if link]
    return found


@pytest.mark.parametrize(("size", "third", "matches"), [(16, True, 16), (16, False, 15), (2, True, 1), (4096, True, 4096)])
def test_a_bracket_has_as_many_matches_as_it_has_losers_and_one_for_third_place(size, third, matches):
    assert len(bracket(size, third_place_match=third).matches) == matches


@pytest.mark.parametrize("size", [0, 1, 4097])
def test_a_bracket_of_one_or_of_more_than_4096_is_refused(size):
    with pytest.raises(Unprocessable, match="takes 2 to 4,096 entrants") as refused:
        bracket(size)
    assert refused.value.field == "entrants"


@pytest.mark.parametrize("ids", [(1, 1), (0, 1), (-1, 1)])
def test_an_entrant_who_is_there_twice_or_has_no_number_is_refused(ids):
    with pytest.raises(Unprocessable, match="twice or has no number"):
        build([Entrant(id, seed) for seed, id in enumerate(ids, 1)], Rules("single_elimination"), Random(1))


def test_eight_meet_as_the_ruling_says():
    plan = bracket(8)
    seeds = [(match.a - 100, match.b - 100) for match in plan.in_order() if match.round == 1]
    assert seeds == [(1, 8), (4, 5), (2, 7), (3, 6)]
    assert plan.matches[2].why == "Seed 4 meets seed 5 by the standard order of 8 places."


def test_the_match_for_third_place_comes_just_before_the_final():
    plan = play(bracket(8, third_place_match=True), until=6)
    third, final = plan.matches[7], plan.matches[8]
    assert (third.stage, third.round, third.a, third.b) == ("third_place", 3, 104, 103)
    assert (final.stage, final.round, final.a, final.b) == ("winners", 3, 101, 102)


@pytest.mark.parametrize("size", [2, 3])
def test_no_match_for_third_place_without_two_beaten_semifinalists(size):
    assert all(match.stage == "winners" for match in bracket(size, third_place_match=True).matches.values())


@settings(deadline=None)
@given(size=SIZES)
def test_every_entrant_stands_once_in_the_first_round(size):
    plan = bracket(size)
    sides = Counter(side for match in plan.matches.values() if match.round == 1 for side in (match.a, match.b) if side)
    assert sides == Counter(entrant.id for entrant in plan.entrants)


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS, third=st.booleans())
def test_one_defeat_ends_the_way_of_all_but_one(size, number, third):
    plan = play(bracket(size, third_place_match=third), by_chance(Random(number)))
    assert plan.over
    twice = [2] if third and size >= 4 else []  # a beaten semifinalist who lost the match for third place too
    assert sorted(defeats(plan).values()) == [0] + [1] * (size - 1 - len(twice)) + twice
    champion = [placement.entrant for placement in placements(plan) if placement.place == 1]
    assert [entrant for entrant, lost in defeats(plan).items() if lost == 0] == champion


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_nobody_has_two_open_matches(size, number):
    plan, rng = bracket(size, third_place_match=True), Random(number)
    while ready := [match for match in plan.matches.values() if match.ready]:
        open_sides = Counter(side for match in plan.matches.values() if not match.over for side in (match.a, match.b) if side)
        assert max(open_sides.values()) == 1
        plan.apply(advance(plan, by_chance(rng, ENDINGS)(rng.choice(ready))))
    assert plan.over


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS, order=NUMBERS)
def test_the_order_of_reports_makes_no_difference(size, number, order):
    in_order = play(bracket(size, third_place_match=True), by_chance(Random(number), ENDINGS))
    results = {match.number: won(match.number, match.winner, match.outcome) for match in in_order.matches.values() if match.over}
    plan, rng = bracket(size, third_place_match=True), Random(order)
    while ready := [match.number for match in plan.matches.values() if match.ready]:
        plan.apply(advance(plan, results[rng.choice(ready)]))
    assert plan == in_order


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_a_part_of_the_bracket_gives_the_same_changes_and_no_plan_is_changed(size, number):
    plan, rng = bracket(size, third_place_match=True), Random(number)
    while ready := [match for match in plan.matches.values() if match.ready]:
        result = by_chance(rng, ENDINGS)(rng.choice(ready))
        before = copy_of(plan)
        changes = advance(plan, result)
        assert plan == before
        assert advance(Plan((), plan.rules, reachable(plan, result.number)), result) == changes
        plan.apply(changes)


def test_whoever_goes_on_is_named_with_match_and_side():
    plan = play(bracket(4, third_place_match=True), until=1)
    assert advance(plan, won(2, "b")).advanced == (Advance(102, 3, "b"), Advance(103, 4, "b"))


def test_equal_scores_take_the_winner_of_the_shoot_out_along():
    plan = bracket(4)
    plan.apply(advance(plan, Result(1, "b", 1, 1)))
    assert plan.matches[3].a == 104
    assert (plan.matches[1].score_a, plan.matches[1].score_b, plan.matches[1].winner) == (1, 1, "b")


@pytest.mark.parametrize("ending", UNDECIDED)
def test_where_nobody_turns_up_the_next_opponent_gets_a_walkover_when_known(ending):
    plan = bracket(4, third_place_match=True)
    plan.apply(advance(plan, won(1, None, ending)))
    assert plan.matches[4].a == NOBODY
    assert not plan.matches[4].over
    plan.apply(advance(plan, won(2, "a")))
    assert (plan.matches[4].winner, plan.matches[4].outcome) == ("b", Outcome.WALKOVER)
    assert (plan.matches[3].winner, plan.matches[3].outcome) == ("b", Outcome.WALKOVER)
    assert plan.over
    assert [(placement.place, placement.entrant) for placement in placements(plan)] == [(1, 102), (3, 103), (4, 101), (4, 104)]


def test_a_bracket_where_nobody_turns_up_has_no_champion():
    plan = play(bracket(8, third_place_match=True), lambda match: won(match.number, None, Outcome.DOUBLE_NO_SHOW))
    assert plan.over
    assert {match.outcome for match in plan.matches.values() if match.round > 1} == {Outcome.NOT_PLAYED}
    assert {placement.place for placement in placements(plan)} == {5}


def test_whoever_withdraws_gives_their_opponent_a_walkover():
    plan = bracket(4)
    plan.apply(withdraw(plan, 104))
    assert (plan.matches[1].winner, plan.matches[1].outcome) == ("a", Outcome.WALKOVER)
    assert plan.matches[3].a == 101


def test_whoever_withdraws_while_waiting_gives_one_to_whoever_comes():
    plan = play(bracket(8), until=1)
    plan.apply(withdraw(plan, 101))
    waiting = plan.matches[5]
    assert (waiting.a, waiting.b, waiting.winner, waiting.outcome) == (101, None, "b", Outcome.WALKOVER)
    changes = advance(plan, won(2, "a"))
    assert changes.advanced == (Advance(104, 5, "b"), Advance(104, 7, "a"))
    plan.apply(changes)
    assert plan.matches[7].a == 104
    play(plan)
    assert {placement.entrant: placement.place for placement in placements(plan)}[101] == 3


def test_nobody_comes_to_meet_one_who_withdrew():
    plan = play(bracket(8), until=1)
    plan.apply(withdraw(plan, 101))
    plan.apply(advance(plan, won(2, None, Outcome.DOUBLE_NO_SHOW)))
    assert (plan.matches[5].winner, plan.matches[5].outcome) == (None, Outcome.NOT_PLAYED)
    play(plan)
    assert plan.matches[7].outcome is Outcome.WALKOVER
    assert plan.over


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_a_bracket_in_which_people_withdraw_still_comes_to_an_end(size, number):
    plan, rng = bracket(size, third_place_match=True), Random(number)
    gone: set[int] = set()
    while ready := [match for match in plan.matches.values() if match.ready]:
        assert not gone & {side for match in ready for side in (match.a, match.b)}
        if rng.random() < 0.3:
            leaver = rng.choice(plan.entrants).id
            gone.add(leaver)
            plan.apply(withdraw(plan, leaver))
        else:
            plan.apply(advance(plan, by_chance(rng)(rng.choice(ready))))
    assert plan.over
    assert len(placements(plan)) == size


def test_one_who_is_out_withdraws_without_effect():
    plan = play(bracket(4), until=1)
    assert withdraw(plan, 104).matches == ()


def test_sixteen_by_strength_end_in_the_order_of_their_seeds_with_shared_places():
    placed = placements(play(bracket(16, third_place_match=True)))
    assert [placement.place for placement in placed] == [1, 2, 3, 4, 5, 5, 5, 5, *[9] * 8]
    assert [placement.entrant for placement in placed] == [100 + seed for seed in range(1, 17)]
    assert [placement.rounds_won for placement in placed] == [4, 3, 3, 2, 1, 1, 1, 1, *[0] * 8]


def test_without_a_match_for_it_both_semifinalists_share_third_place_and_byes_are_no_wins():
    placed = placements(play(bracket(5)))
    assert [(placement.place, placement.rounds_won) for placement in placed] == [(1, 2), (2, 1), (3, 0), (3, 1), (5, 0)]


def test_places_are_given_out_as_soon_as_they_are_certain():
    plan = play(bracket(8, third_place_match=True), until=5)
    assert [(placement.place, placement.entrant) for placement in placements(plan)] == [(5, id) for id in (105, 106, 107, 108)]


def test_all_4096_play_out_in_the_order_of_their_seeds():
    plan = play(build(field(4096), Rules("single_elimination", third_place_match=True), Random(1)))
    assert [placement.entrant for placement in placements(plan)[:8]] == [101, 102, 103, 104, 105, 106, 107, 108]

"""Double elimination: two defeats, old opponents late, and a grand final with or without a second match."""

from collections import Counter, defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats.elimination import advance, withdraw
from portal.formats.placing import placements
from portal.formats.plan import NOBODY, Match, Outcome, Plan
from portal.formats.seeding import positions
from portal.kernel.errors import Unprocessable
from tests.formats.brackets import bracket as any_bracket
from tests.formats.brackets import by_chance, copy_of, defeats, play, won

SIZES = st.integers(2, 40)
NUMBERS = st.integers(0, 2**32)
ENDINGS = tuple(outcome for outcome in Outcome if outcome is not Outcome.BYE)


def bracket(size: int, grand_final: str = "reset") -> Plan:
    return any_bracket(size, "double_elimination", grand_final=grand_final)


def stage(plan: Plan, name: str) -> list[Match]:
    return [match for match in plan.in_order() if match.stage == name]


@settings(deadline=None)
@given(size=st.integers(2, 300))
def test_everybody_but_one_loses_twice_in_twice_as_many_matches(size):
    plan = bracket(size, "simple")
    assert sum(match.outcome is not Outcome.BYE for match in plan.matches.values()) == 2 * size - 2
    assert [match.number for match in plan.in_order()] == list(range(1, len(plan.matches) + 1))


@pytest.mark.parametrize("size", [1, 4097])
def test_a_bracket_of_one_or_of_more_than_4096_is_refused(size):
    with pytest.raises(Unprocessable, match="takes 2 to 4,096 entrants"):
        bracket(size)


@settings(deadline=None)
@given(size=SIZES)
def test_each_open_side_is_fed_by_one_earlier_match(size):
    plan = bracket(size)
    fed = Counter(
        (link.number, link.side)
        for match in plan.matches.values()
        for link in (match.winner_to, match.loser_to)
        if link and match.outcome is not Outcome.BYE
    )
    undecided = {(m.number, side) for m in plan.matches.values() for side in ("a", "b") if m.on(side) is None}
    assert set(fed) == undecided
    assert set(fed.values()) <= {1}
    assert all(link.number > m.number for m in plan.matches.values() for link in (m.winner_to, m.loser_to) if link)


@settings(deadline=None)
@given(size=SIZES)
def test_losers_rounds_are_counted_without_gaps_whatever_byes_leave_out(size):
    rounds = {match.round for match in stage(bracket(size), "losers")}
    assert rounds == set(range(1, len(rounds) + 1))


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_two_defeats_end_the_way_of_all_but_one(size, number):
    plan = play(bracket(size), by_chance(Random(number)))
    assert plan.over
    lost = defeats(plan)
    champion = next(placement.entrant for placement in placements(plan) if placement.place == 1)
    assert lost.pop(champion) in (0, 1)
    assert set(lost.values()) == {2}


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_nobody_has_two_open_matches_and_no_plan_is_changed(size, number):
    plan, rng = bracket(size), Random(number)
    while ready := [match for match in plan.matches.values() if match.ready]:
        open_sides = Counter(side for match in plan.matches.values() if not match.over for side in (match.a, match.b) if side)
        assert max(open_sides.values()) == 1
        before = copy_of(plan)
        changes = advance(plan, by_chance(rng, ENDINGS)(rng.choice(ready)))
        assert plan == before
        plan.apply(changes)
    assert plan.over
    assert len(placements(plan)) == size


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS, order=NUMBERS)
def test_the_order_of_reports_makes_no_difference(size, number, order):
    in_order = play(bracket(size), by_chance(Random(number), ENDINGS))
    results = {match.number: won(match.number, match.winner, match.outcome) for match in in_order.matches.values()}
    plan, rng = bracket(size), Random(order)
    while ready := [match.number for match in plan.matches.values() if match.ready]:
        plan.apply(advance(plan, results[rng.choice(ready)]))
    assert plan == in_order


def earliest_rematch(size: int) -> int:
    """The first losers' round in which two who have met may meet again.

    Each side of a match is followed as the set of those who could stand there, with the winners' round they dropped in
    (0: in none yet). Two of them have met when one dropped in the very round in which their ways first cross.
    """
    plan = bracket(size, "simple")
    place = {100 + seed: at for at, seed in enumerate(positions(size))}
    could: dict[tuple[int, str], set[tuple[int, int]]] = defaultdict(set)
    for match in plan.in_order():
        a, b = could[match.number, "a"], could[match.number, "b"]
        if match.stage == "winners" and match.round == 1:
            a.add((match.a, 0)), b.add((match.b, 0))
        if match.stage == "losers" and any(
            min(drop, other_drop) == (place[who] ^ place[other]).bit_length() for who, drop in a for other, other_drop in b
        ):
            return match.round
        for link, dropped in ((match.winner_to, False), (match.loser_to, True)):
            if link:
                could[link.number, link.side] |= {(who, match.round if dropped else drop) for who, drop in a | b}
    raise AssertionError("nobody could meet again, not even in the losers' final")


# Trying every way to lead losers across by trading places shows that no other is later for 8, 16 or 32.
@pytest.mark.parametrize(("size", "rounds", "first"), [(8, 4, 3), (16, 6, 4), (32, 8, 5), (64, 10, 7), (128, 12, 8)])
def test_old_opponents_meet_again_only_in_the_second_half_of_the_losers_bracket(size, rounds, first):
    assert max(match.round for match in stage(bracket(size), "losers")) == rounds
    assert earliest_rematch(size) == first


def test_a_match_into_which_a_loser_was_led_across_says_so():
    crossed = [match for match in stage(bracket(8), "losers") if match.why]
    assert {match.round for match in crossed} == {2}
    assert crossed[0].why == "The loser of match 6 was led across the bracket, so that old opponents meet late."


def test_the_second_grand_final_is_not_played_when_the_winners_side_wins_the_first():
    plan = play(bracket(8))
    first, second = stage(plan, "grand_final")
    assert (first.a, first.b, first.winner) == (101, 102, "a")
    assert (second.a, second.b, second.outcome) == (NOBODY, NOBODY, Outcome.NOT_PLAYED)
    assert plan.over


@pytest.mark.parametrize("outcome", [Outcome.PLAYED, Outcome.NO_SHOW])
def test_the_second_grand_final_is_played_when_the_winners_side_loses_the_first(outcome):
    plan = play(bracket(8), until=13)
    first, second = (match.number for match in stage(plan, "grand_final"))
    plan.apply(advance(plan, won(first, "b", outcome)))
    assert plan.matches[second].ready
    assert (plan.matches[second].a, plan.matches[second].b) == (101, 102)
    assert [placement.place for placement in placements(plan)] == [3, 4, 5, 5, 7, 7]
    plan.apply(advance(plan, won(second, "b")))
    assert [placement.entrant for placement in placements(plan)][:2] == [102, 101]


def test_a_finalist_who_is_taken_out_gets_no_second_chance():
    plan = play(bracket(8), until=13)
    plan.apply(withdraw(plan, 101))
    assert stage(plan, "grand_final")[1].outcome is Outcome.NOT_PLAYED
    assert [placement.entrant for placement in placements(plan)][:2] == [102, 101]


def test_a_simple_grand_final_is_one_match_whoever_wins():
    plan = play(bracket(4, "simple"), until=5)
    (final,) = stage(plan, "grand_final")
    plan.apply(advance(plan, won(final.number, "b")))
    assert plan.over


def test_two_meet_again_in_the_grand_final():
    plan = bracket(2)
    plan.apply(advance(plan, won(1, "b")))
    assert (plan.matches[2].a, plan.matches[2].b) == (102, 101)
    plan.apply(advance(plan, won(2, "b")))
    assert (plan.matches[3].a, plan.matches[3].b) == (102, 101)


def test_one_who_is_taken_out_does_not_drop_but_one_who_missed_a_match_does():
    missed, taken_out = bracket(4), bracket(4)
    missed.apply(advance(missed, won(1, "a", Outcome.NO_SHOW)))
    taken_out.apply(withdraw(taken_out, 104))
    assert stage(missed, "losers")[0].a == 104
    assert stage(taken_out, "losers")[0].a == NOBODY
    play(taken_out)
    assert [(placement.place, placement.entrant) for placement in placements(taken_out)] == [
        (1, 101),
        (2, 102),
        (3, 103),
        (4, 104),
    ]


@settings(deadline=None)
@given(size=SIZES, number=NUMBERS)
def test_a_bracket_in_which_people_withdraw_still_comes_to_an_end(size, number):
    plan, rng = bracket(size), Random(number)
    gone: set[int] = set()
    while ready := [match for match in plan.matches.values() if match.ready]:
        assert not gone & {side for match in ready for side in (match.a, match.b)}
        if rng.random() < 0.3:
            leaver = rng.choice(plan.entrants).id
            gone.add(leaver)
            plan.apply(withdraw(plan, leaver))
        else:
            plan.apply(advance(plan, by_chance(rng, ENDINGS)(rng.choice(ready))))
    assert plan.over
    assert len(placements(plan)) == size


def test_sixteen_by_strength_end_in_the_order_of_their_seeds_with_shared_places():
    placed = placements(play(bracket(16)))
    assert [placement.place for placement in placed] == [1, 2, 3, 4, 5, 5, 7, 7, *[9] * 4, *[13] * 4]
    assert [placement.entrant for placement in placed] == [100 + seed for seed in range(1, 17)]
    assert [placement.rounds_won for placement in placed][:4] == [5, 4, 4, 3]


def test_all_4096_play_out_in_the_order_of_their_seeds():
    assert [placement.entrant for placement in placements(play(bracket(4096)))[:5]] == [101, 102, 103, 104, 105]

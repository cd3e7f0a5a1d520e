"""Who gets which seed, and where the seeds stand in a bracket."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.formats import seeding
from portal.formats.plan import NOBODY, Entrant, Outcome
from portal.formats.rules import Rules
from portal.kernel.errors import Unprocessable
from tests.formats.brackets import FORMATS, MODULES, bracket

PUBLISHED_DRAW = [90, 7, 12, 31, 55]  # what seed number 2026 gave these five when the rule was written
NAMED = [Entrant(id, 0) for id in (31, 7, 90, 12, 55)]


def test_eight_seeds_stand_as_the_ruling_says():
    assert seeding.positions(8) == (1, 8, 4, 5, 2, 7, 3, 6)


@pytest.mark.parametrize("size", [2**power for power in range(1, 13)])
def test_each_round_the_best_seed_left_would_meet_the_lowest(size):
    left = seeding.positions(size)
    assert sorted(left) == list(range(1, size + 1))
    while len(left) > 1:
        pairs = list(zip(left[::2], left[1::2], strict=True))
        assert {a + b for a, b in pairs} == {len(left) + 1}
        left = [min(pair) for pair in pairs]


def test_the_same_seed_number_gives_the_same_draw_whoever_registered_first():
    assert seeding.drawn(NAMED, Random(42)) == seeding.drawn(NAMED[::-1], Random(42))


def test_a_draw_made_years_ago_can_still_be_checked():
    assert [entrant.id for entrant in seeding.drawn(NAMED, Random(2026))] == PUBLISHED_DRAW


def test_a_draw_uses_nothing_of_the_generator_but_random():
    class OnlyRandom:
        def __init__(self) -> None:
            self.numbers = iter([0.5, 0.1, 0.9, 0.3, 0.7])

        def random(self) -> float:
            return next(self.numbers)

    # The ids by size are 7, 12, 31, 55, 90: the lots fall to them in that order.
    assert [entrant.id for entrant in seeding.drawn(NAMED, OnlyRandom())] == [12, 55, 7, 90, 31]


@settings(deadline=None)
@given(count=st.integers(1, 60), number=st.integers())
def test_a_draw_gives_every_entrant_one_seed(count, number):
    drawn = seeding.drawn([Entrant(id, 0) for id in range(1, count + 1)], Random(number))
    assert [entrant.seed for entrant in drawn] == list(range(1, count + 1))
    assert {entrant.id for entrant in drawn} == set(range(1, count + 1))


def test_another_seed_number_gives_another_draw():
    draws = {tuple(entrant.id for entrant in seeding.drawn(NAMED, Random(number))) for number in range(50)}
    assert len(draws) > 30


def test_those_without_a_seed_follow_in_the_order_of_registration_and_gaps_close_up():
    entrants = [Entrant(5, 0), Entrant(6, 4), Entrant(7, 0), Entrant(8, 2)]
    assert [(entrant.id, entrant.seed) for entrant in seeding.given(entrants)] == [(8, 1), (6, 2), (5, 3), (7, 4)]


@pytest.mark.parametrize(
    ("seeds", "says"),
    [
        ([1, 2, 2], "Seed 2 is given more than once"),
        ([0, 1, 2], "from 1 to 3"),
        ([1, 2, 4], "from 1 to 3"),
        ([1, -1, 2], "from 1 to 3"),
        ([1, 2, True], "from 1 to 3"),
        ([1, 2, 3.0], "from 1 to 3"),
        ([1, 2, "3"], "from 1 to 3"),
    ],
)
def test_seeds_given_twice_or_out_of_range_are_refused(seeds, says):
    with pytest.raises(Unprocessable, match=says) as refused:
        seeding.check_seeds(seeds, 3)
    assert refused.value.field == "seed"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [3, 5, 6, 7, 9, 13, 31, 33])
def test_byes_go_to_the_best_seeds(format, size):
    byes = [match for match in bracket(size, format).matches.values() if match.outcome is Outcome.BYE]
    assert sorted(match.a for match in byes) == [101 + place for place in range(seeding.bracket_size(size) - size)]
    assert all(match.b == NOBODY and match.winner == "a" and "bye" in match.why for match in byes)


@pytest.mark.parametrize("format", FORMATS)
def test_a_bracket_with_a_seed_given_twice_is_not_drawn(format):
    with pytest.raises(Unprocessable, match="Seed 1 is given more than once"):
        MODULES[format].build([Entrant(1, 1), Entrant(2, 1)], Rules(format), Random(1))

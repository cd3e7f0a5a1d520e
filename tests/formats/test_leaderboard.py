"""Circuits: points by place, weights, shared places, countback."""

from decimal import Decimal
from random import Random

import pytest

from portal.formats import leaderboard
from portal.formats.leaderboard import Event, score
from portal.formats.plan import Entrant, Result
from portal.formats.rules import Rules
from portal.kernel.errors import Unprocessable

RULES = Rules("leaderboard", place_points=(10, 6, 4, 3))
FIELD = [Entrant(number, number) for number in range(1, 6)]


def test_a_circuit_adds_up_the_points_of_the_places():
    rows = score([Event(1, {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}), Event(2, {2: 1, 3: 2})], FIELD, RULES)
    assert [(row.rank, row.entrant, row.total, row.entered) for row in rows] == [
        (1, 2, 16, 2),
        (2, 1, 10, 1),
        (3, 3, 10, 2),
        (4, 4, 3, 1),
        (5, 5, 0, 1),
    ]


def test_a_weight_multiplies_the_points_exactly():
    rows = score([Event(7, {1: 2}, Decimal("1.5")), Event(8, {1: 4}, Decimal("0.1"))], FIELD, RULES)
    assert rows[0].total == Decimal("9.3")
    found = [(each.event, each.place, each.points, each.weight, each.weighted) for each in rows[0].breakdown]
    assert found == [(7, 2, 6, Decimal("1.5"), Decimal("9.0")), (8, 4, 3, Decimal("0.1"), Decimal("0.3"))]


def test_a_shared_place_brings_each_the_points_of_that_place():
    rows = score([Event(1, {1: 1, 2: 2, 3: 2, 4: 4})], FIELD, RULES)
    assert {row.entrant: row.total for row in rows} == {1: 10, 2: 6, 3: 6, 4: 3, 5: 0}
    assert [(row.rank, row.entrant) for row in rows] == [(1, 1), (2, 2), (2, 3), (4, 4), (5, 5)]
    assert rows[2].why == "Level with the one above in points and in every place."


def test_level_on_points_the_better_places_count():
    rules = Rules("leaderboard", place_points=(10, 6, 4, 2))
    rows = score([Event(1, {2: 4, 1: 2}), Event(2, {2: 1, 1: 2}), Event(3, {})], FIELD[:2], rules)
    assert [(row.entrant, row.total) for row in rows] == [(2, 12), (1, 12)]
    assert rows[0].why == ""
    assert rows[1].why == "Level on points with the one above; in place 1 never against once."


def test_whoever_entered_nothing_stands_last_with_no_points():
    rows = score([Event(1, {5: 9})], FIELD, RULES)
    assert [(row.rank, row.entrant, row.total) for row in rows] == [(1, 5, 0), (2, 1, 0), (2, 2, 0), (2, 3, 0), (2, 4, 0)]


def test_a_circuit_has_no_matches_of_its_own_to_report():
    plan = leaderboard.build(FIELD, RULES, Random(1))
    assert plan.matches == {} and plan.over
    for verb in (leaderboard.advance, leaderboard.correct):
        with pytest.raises(Unprocessable):
            verb(plan, Result(1, "a", 1, 0))

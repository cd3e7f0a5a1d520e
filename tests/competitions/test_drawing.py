"""Where the matches of a bracket stand: every match has one slot, and every line leads where its winner goes."""

from collections import Counter
from random import Random

import pytest

from portal.competitions.drawing import MOST_PARTS, Shape, Tree, trees
from portal.competitions.shown import Shown
from portal.formats import double_elimination, single_elimination
from portal.formats.plan import Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Rules

FORMATS = {"single_elimination": single_elimination, "double_elimination": double_elimination}
SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 23, 24, 32, 33, 48, 64, 65, 100, 128, 200, 1000, 1024]


def plan_of(format: str, entrants: int, **rules) -> Plan:
    field = [Entrant(number, number) for number in range(1, entrants + 1)]
    return FORMATS[format].build(field, Rules(format, **rules), Random(1))


def shown(plan: Plan) -> list[Shown]:
    return [Shown(match, str(match.number), None, None, None, None) for match in plan.in_order()]


def shape_of(plan: Plan) -> Shape:
    rounds: dict[str, int] = {}
    for match in plan.in_order():
        rounds[match.stage] = max(rounds.get(match.stage, 0), match.round)
    return Shape(rounds)


def drawn(plan: Plan, part: str = "") -> list[Tree[Shown]]:
    shape = shape_of(plan)
    return trees(plan.rules.format, shape, shape.windows(part), shown(plan))


def parts_of(shape: Shape) -> list[str]:
    several = [stage for stage in ("winners", "losers") if shape.parts(stage) > 1]
    return ["", *(f"{stage}-{number}" for stage in several for number in range(1, shape.parts(stage) + 1))]


def placed(tree: Tree[Shown]) -> dict[int, tuple[int, float]]:
    """Match number -> column and the middle of its slot, as a part of the tree's height."""
    return {
        slot.match.match.number: (at, (place + 0.5) / len(column.slots))
        for at, column in enumerate(tree.columns)
        for place, slot in enumerate(column.slots)
        if slot.match is not None
    }


def played(plan: Plan) -> list[Match]:
    return [match for match in plan.in_order() if match.outcome is not Outcome.BYE]


@pytest.mark.parametrize("entrants", SIZES)
@pytest.mark.parametrize("format", FORMATS)
class TestEverySize:
    def test_every_match_that_is_played_is_drawn_and_no_bye_is(self, format, entrants):
        plan = plan_of(format, entrants, third_place_match=entrants > 3, grand_final="reset")
        found = Counter(
            slot.match.match.number
            for part in parts_of(shape_of(plan))
            for tree in drawn(plan, part)
            for column in tree.columns
            for slot in column.slots
            if slot.match
        )
        assert set(found) == {match.number for match in played(plan)}
        assert max(found.values()) <= 2, "only the match that ends a branch stands in the last rounds too"

    def test_every_line_leads_from_a_match_to_where_its_winner_goes(self, format, entrants):
        plan = plan_of(format, entrants)
        for part in parts_of(shape_of(plan)):
            for tree in drawn(plan, part):
                self.hold_lines(plan, tree)

    def hold_lines(self, plan: Plan, tree: Tree[Shown]) -> None:
        where = placed(tree)
        for at, column in enumerate(tree.columns):
            for slot in column.slots:
                if slot.match is None:
                    assert (slot.out, slot.into) == ("", False)
                    continue
                match = slot.match.match
                feeding = [one for one in where if self.leads_to(plan, one) == match.number]
                assert slot.into == bool(feeding), (match, feeding)
                target = self.leads_to(plan, match.number)
                if at + 1 == len(tree.columns):
                    assert slot.out == ""
                elif target in where:
                    (_, here), (column_there, there) = where[match.number], where[target]
                    assert column_there == at + 1
                    wanted = "on" if abs(here - there) < 1e-9 else "down" if here < there else "up"
                    assert slot.out == wanted, (match, plan.matches[target])

    def leads_to(self, plan: Plan, number: int) -> int:
        link = plan.matches[number].winner_to
        return link.number if link and plan.matches[link.number].stage == plan.matches[number].stage else 0

    def test_no_page_of_a_bracket_is_large(self, format, entrants):
        plan = plan_of(format, entrants)
        for part in parts_of(shape_of(plan)):
            matches = sum(
                slot.match is not None for tree in drawn(plan, part) for column in tree.columns for slot in column.slots
            )
            assert 0 < matches <= 140, (part, matches)


def test_a_field_of_1024_is_drawn_in_sixteen_parts_and_its_last_rounds():
    shape = shape_of(plan_of("single_elimination", 1024))
    assert shape.parts("winners") == MOST_PARTS == 16
    assert [(one.round, one.first, one.last) for one in shape.windows()] == [
        (6, 1, 16),
        (7, 1, 8),
        (8, 1, 4),
        (9, 1, 2),
        (10, 1, 1),
    ]
    assert [(one.round, one.first, one.last) for one in shape.windows("winners-3")][:2] == [(1, 65, 96), (2, 33, 48)]


@pytest.mark.parametrize(
    "part", ["winners-0", "winners-17", "winners-", "winners--1", "losers-1", "grand_final-1", "x", "winners-³"]
)
def test_a_part_that_is_not_there_shows_the_last_rounds(part):
    shape = shape_of(plan_of("single_elimination", 1024))
    assert shape.windows(part) == shape.windows()


def test_the_round_to_show_first_is_the_first_with_something_to_play():
    plan = plan_of("single_elimination", 8)
    assert drawn(plan)[0].current == 1
    for match in list(plan.in_order())[:4]:
        plan.apply(single_elimination.advance(plan, Result(match.number, "a", 1, 0)))
    assert drawn(plan)[0].current == 2

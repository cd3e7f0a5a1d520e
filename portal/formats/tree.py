"""A bracket while it is drawn: matches that point at each other, before they have numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from portal.formats.checks import check_entrants
from portal.formats.plan import NOBODY, Entrant, Link, Match, Outcome, Side, Winner
from portal.formats.seeding import bracket_size, given, positions

MOST_ENTRANTS = 4096


@dataclass(slots=True, eq=False)
class Node:
    """A match to be. `crosses` is the match whose loser was led to the other side of the bracket for it."""

    stage: str
    round: int
    position: int
    a: int | None = None
    b: int | None = None
    winner_to: tuple["Node", Side] | None = None
    loser_to: tuple["Node", Side] | None = None
    bye: Side | None = None
    crosses: "Node | None" = None
    why: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """Whoever leaves `node` as its winner or its loser."""

    node: Node
    as_: Literal["winner", "loser"]


def in_seed_order(entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
    """The field of a bracket, best seed first. Raises Unprocessable for fewer than 2, more than 4,096, or equal seeds."""
    check_entrants(entrants, 2, MOST_ENTRANTS)
    return given(entrants)


def winners_rounds(field: Sequence[Entrant]) -> list[list[Node]]:
    """The rounds of a knock-out of the field (best first), the first one filled, the byes gone through to the second."""
    rounds = [_first_round(field)]
    while len(rounds[-1]) > 1:
        exits = [Exit(node, "winner") for node in rounds[-1]]
        number = len(rounds) + 1
        pairs = zip(exits[::2], exits[1::2], strict=True)
        rounds.append([meet("winners", number, place, *pair) for place, pair in enumerate(pairs, 1)])
    for node in rounds[0]:
        _go_through(node)
    return rounds


def meet(stage: str, round: int, position: int, a: Exit, b: Exit) -> Node:
    """A match between whoever leaves two others."""
    node = Node(stage, round, position)
    lead(a, node, "a")
    lead(b, node, "b")
    return node


def lead(leaving: Exit, node: Node, side: Side) -> None:
    """Let somebody go on to a side of a match."""
    if leaving.as_ == "winner":
        leaving.node.winner_to = (node, side)
    else:
        leaving.node.loser_to = (node, side)


def numbered(order: Iterable[Node]) -> list[Match]:
    """The matches, counted from 1 in that order, with their links as numbers."""
    nodes = list(order)
    for number, node in enumerate(nodes, 1):
        node.number = number
    return [_match(node) for node in nodes]


def _first_round(field: Sequence[Entrant]) -> list[Node]:
    size = bracket_size(len(field))
    seeds = positions(size)
    pairs = zip(seeds[::2], seeds[1::2], strict=True)
    return [_first_match(field, size, place, *pair) for place, pair in enumerate(pairs, 1)]


def _first_match(field: Sequence[Entrant], size: int, position: int, high: int, low: int) -> Node:
    if low > len(field):
        why = f"Seed {high} has a bye: {len(field):,} entrants in {size:,} places, and the byes go to the best seeds."
        return Node("winners", 1, position, field[high - 1].id, NOBODY, bye="a", why=why)
    why = f"Seed {high} meets seed {low} by the standard order of {size:,} places."
    return Node("winners", 1, position, field[high - 1].id, field[low - 1].id, why=why)


def _go_through(node: Node) -> None:
    if node.bye and node.winner_to:
        onward, side = node.winner_to
        setattr(onward, side, node.a)


def _match(node: Node) -> Match:
    why = node.why
    if node.crosses:
        why = f"The loser of match {node.crosses.number} was led across the bracket, so that old opponents meet late."
    winner: Winner | None = node.bye
    return Match(
        node.number,
        node.stage,
        node.round,
        node.position,
        node.a,
        node.b,
        winner_to=_link(node.winner_to),
        loser_to=_link(node.loser_to),
        winner=winner,
        outcome=Outcome.BYE if winner else None,
        why=why,
    )


def _link(target: tuple[Node, Side] | None) -> Link | None:
    return Link(target[0].number, target[1]) if target else None

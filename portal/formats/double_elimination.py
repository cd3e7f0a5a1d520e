"""Double elimination: a second defeat puts you out. Winners' and losers' brackets and a grand final, with or without reset."""

from collections.abc import Iterator, Sequence
from random import Random

from portal.formats.elimination import advance, correct, withdraw
from portal.formats.placing import placements
from portal.formats.plan import Entrant, Plan, plan_of
from portal.formats.rules import Rules
from portal.formats.tree import Exit, Node, in_seed_order, meet, numbered, winners_rounds
from portal.kernel.errors import Fault

__all__ = ["advance", "build", "correct", "placements", "withdraw"]


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """Both brackets and the grand final. The winners' side is `a` there; with `rules.grand_final` "reset" a second match
    stands ready for when that side loses the first, and ends as NOT_PLAYED when it wins.

    Where a bye leaves the losers' bracket without an opponent no match is made: whoever is there goes straight on. n entrants
    so play 2n - 2 matches and the reset. Positions are those of the full bracket, so some may be missing. Seeds decide
    everything, so `rng` is not used. Raises Unprocessable as single elimination does.
    """
    field = in_seed_order(entrants)
    winners = winners_rounds(field)
    losers, survivor = _losers_rounds(winners)
    final = meet("grand_final", 1, 1, Exit(winners[-1][0], "winner"), survivor)
    finals = [final]
    if rules.grand_final == "reset":
        finals.append(meet("grand_final", 2, 1, Exit(final, "loser"), Exit(final, "winner")))
    return plan_of(field, rules, numbered([*_in_order(winners, losers), *finals]))


def crossing(drop: int, bits: int) -> int:
    """Which places trade when the losers of winners' round `drop` + 1 come down: place p takes the loser of match p ^ this.

    `bits` is how many bits a place has there. Two who have met can meet again only where their brackets join, which is as
    many rounds later as their places differ from the top bit down. So each drop takes another pattern from the top: the bits
    of `drop` in reverse order, which spreads any number of patterns as far apart as can be.
    """
    return sum(((drop >> bit) & 1) << (bits - 1 - bit) for bit in range(bits))


def _losers_rounds(winners: list[list[Node]]) -> tuple[list[list[Node]], Exit]:
    """The rounds of the losers' bracket, in the order of play, and who comes out of it.

    Rounds alternate: survivors meet each other, then those who drop from the next winners' round. A round in which byes left
    nothing to play is empty.
    """
    alive = [None if node.bye else Exit(node, "loser") for node in winners[0]]
    rounds: list[list[Node]] = []
    for drop, nodes in enumerate(winners[1:], 1):
        alive = _play(rounds, alive[::2], alive[1::2])
        mask = crossing(drop, (len(nodes) - 1).bit_length())
        falling: list[Exit | None] = [Exit(nodes[place ^ mask], "loser") for place in range(len(nodes))]
        alive = _play(rounds, alive, falling)
        if mask:
            _explain(rounds[-1], nodes, mask)
    (survivor,) = alive
    if survivor is None:
        raise Fault("A bracket of two or more entrants has nobody in its losers' bracket.")
    return rounds, survivor


def _play(rounds: list[list[Node]], above: list[Exit | None], below: list[Exit | None]) -> list[Exit | None]:
    """Add a round in which each of `above` meets the one of `below`; who is left of each pair."""
    number = sum(1 for nodes in rounds if nodes) + 1
    nodes: list[Node] = []
    left: list[Exit | None] = []
    for position, (a, b) in enumerate(zip(above, below, strict=True), 1):
        if a and b:
            nodes.append(meet("losers", number, position, a, b))
            left.append(Exit(nodes[-1], "winner"))
        else:
            left.append(a or b)
    rounds.append(nodes)
    return left


def _explain(losers: list[Node], winners: list[Node], mask: int) -> None:
    for node in losers:
        node.crosses = winners[(node.position - 1) ^ mask]


def _in_order(winners: list[list[Node]], losers: list[list[Node]]) -> Iterator[Node]:
    """Each winners' round, then the two losers' rounds that can be played after it."""
    yield from winners[0]
    for at, nodes in enumerate(winners[1:]):
        yield from nodes
        yield from losers[2 * at]
        yield from losers[2 * at + 1]

"""What a Swiss pairing needs to know of each entrant: score, whom it met, on which sides it played, when it floated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from portal.formats.plan import Entrant, Match, Outcome, Side
from portal.formats.rules import Rules
from portal.formats.tally import OTHER_SIDE, credit_of

SIDES: tuple[Side, Side] = ("a", "b")


class Strength(IntEnum):
    """How much a side is due (FIDE C.04.3, 1.7)."""

    NONE = 0
    MILD = 1
    STRONG = 2
    ABSOLUTE = 3


@dataclass(slots=True)
class Card:
    """One entrant before a round. `number` is its pairing number, from 1 by seed; `score` is in the points of the rules.

    `met` are the ids of everyone it was ever drawn against, `sides` those of the games it played in order, `floats` the
    rounds in which it floated ("down" or "up"); `bye` is true once it had one, `default` once an opponent did not come.
    """

    id: int
    number: int
    score: int = 0
    met: set[int] = field(default_factory=set)
    sides: list[Side] = field(default_factory=list)
    floats: dict[int, str] = field(default_factory=dict)
    bye: bool = False
    default: bool = False
    unplayed: int = 0

    @property
    def difference(self) -> int:
        """Games at home less games away."""
        return 2 * self.sides.count("a") - len(self.sides)

    @property
    def preference(self) -> tuple[Side | None, Strength]:
        """The side that is due, and how much: more than one apart or twice running the same is absolute."""
        if not self.sides:
            return None, Strength.NONE
        last, difference = self.sides[-1], self.difference
        if abs(difference) > 1:
            return ("b" if difference > 0 else "a"), Strength.ABSOLUTE
        if self.sides[-2:] == [last, last]:
            return OTHER_SIDE[last], Strength.ABSOLUTE
        if difference:
            return ("b" if difference > 0 else "a"), Strength.STRONG
        return OTHER_SIDE[last], Strength.MILD


def numbered(entrants: Iterable[Entrant]) -> list[Entrant]:
    """By seed: the place in this list, from 1, is the pairing number."""
    return sorted(entrants, key=lambda entrant: (entrant.seed, entrant.id))


def cards_of(entrants: Sequence[Entrant], matches: Iterable[Match], rules: Rules) -> dict[int, Card]:
    """The cards of all entrants by id after `matches`, of which only those that are over count."""
    cards = {entrant.id: Card(entrant.id, number) for number, entrant in enumerate(numbered(entrants), start=1)}
    rounds: dict[int, list[Match]] = {}
    for match in matches:
        rounds.setdefault(match.round, []).append(match)
    for number in sorted(rounds):
        before = {entrant: card.score for entrant, card in cards.items()}
        for match in rounds[number]:
            for side in SIDES:
                note(cards, match, side, before, rules)
    return cards


def note(cards: dict[int, Card], match: Match, side: Side, before: dict[int, int], rules: Rules) -> None:
    """Enter one match on the card of whoever is on `side`. `before` are the scores at the start of the round."""
    own, other = match.on(side), match.on(OTHER_SIDE[side])
    if not own or not match.over:
        return
    card = cards[own]
    credit = credit_of(match, side, rules)
    gained = getattr(rules.points, credit) if credit else 0
    card.score += gained
    if other:
        card.met.add(other)
    if match.outcome is Outcome.PLAYED and other:
        card.sides.append(side)
        if before[own] != before[other]:
            card.floats[match.round] = "down" if before[own] > before[other] else "up"
        return
    card.unplayed += 1
    card.bye = card.bye or match.outcome is Outcome.BYE
    card.default = card.default or (match.outcome is not Outcome.BYE and credit == "win")
    if gained > rules.points.loss:
        card.floats[match.round] = "down"


def allocate(high: Card, low: Card, first_side: Side) -> tuple[Card, Card]:
    """Who is at home (FIDE C.04.3, 5.2). `high` stands above `low`; `first_side` is that of number 1 in the first round.

    In order: both get what they prefer; the stronger preference; the other way round than when they last differed; what
    the higher one prefers; and before anybody has played, odd numbers get `first_side`.
    """
    (due_high, strength_high), (due_low, strength_low) = high.preference, low.preference
    side: Side
    if due_high is None and due_low is None:
        side = first_side if high.number % 2 else OTHER_SIDE[first_side]
    elif due_high is None or due_low is None or due_high != due_low:
        side = due_high or OTHER_SIDE[due_low or "a"]
    else:
        side = contested(high, low, due_high, (strength_high, strength_low))
    return (high, low) if side == "a" else (low, high)


def contested(high: Card, low: Card, due: Side, strengths: tuple[Strength, Strength]) -> Side:
    """The side of `high` where both are due the same one."""
    of_high, of_low = (int(strength) for strength in strengths)
    if of_high == of_low == Strength.ABSOLUTE:
        of_high, of_low = abs(high.difference), abs(low.difference)
    if of_high != of_low:
        return due if of_high > of_low else OTHER_SIDE[due]
    for side_high, side_low in zip(reversed(high.sides), reversed(low.sides), strict=False):
        if side_high != side_low:
            return OTHER_SIDE[side_high]
    return due

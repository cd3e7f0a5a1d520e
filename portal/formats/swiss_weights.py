"""The FIDE Dutch criteria as one whole number per pair: each criterion is a digit, the most important one first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.formats.plan import NOBODY
from portal.formats.swiss_cards import Card, Strength, allocate

# What a pair adds to the order among equal candidates, and how large the sum of all pairs can be.
Gain = tuple[Callable[[Card, Card], int], int]
Digit = tuple[int, int]


@dataclass(slots=True)
class Bracket:
    """A group being paired: `moved` came down from above, `residents` have the group's score.

    `round` is the one being drawn, `following` the next group, `rest` what comes after it; when `closed` they are all who
    are left and must be paired too. `pairs` is how many pairs the remainder holds (MaxPairs in FIDE's words).
    """

    legal: Callable[[Card, Card], bool]
    round: int
    moved: list[Card]
    residents: list[Card]
    following: list[Card]
    rest: list[Card]
    closed: bool
    pairs: int = 0
    moved_ids: set[int] = field(default_factory=set)
    places: dict[int, str] = field(default_factory=dict)
    powers: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.moved_ids = {id(card) for card in self.moved}
        for name, cards in (("here", [*self.moved, *self.residents]), ("next", self.following), ("rest", self.rest)):
            self.places.update((id(card), name) for card in cards)
        everybody = [*self.moved, *self.residents, *self.following]
        self.count = len(everybody) + 1
        scores = sorted({card.score for card in everybody})
        self.powers = {score: self.count**place for place, score in enumerate(scores)}

    def open_to(self, high: Card, low: Card, moved: Sequence[Card]) -> bool:
        """Whether the two may meet at this step: once the moved down have their opponents, those left over float on."""
        if len(moved) == len(self.moved):
            return True
        stays = {id(card) for card in moved}
        return not ((id(high) in stays or id(low) in stays) and self.places[id(low)] == "here")

    def weight(self, high: Card, low: Card, order: Gain) -> int:
        """All digits of the pair in one number; `high` stands above `low`."""
        of_order, most = order
        here = self.places[id(low)] == "here"
        total = 0
        for value, limit in [*self.reach(high, low), *self.faults(high, low), *self.distances(high, low)]:
            total = total * (2 * limit + 2) + value
        return total * (2 * most + 2) + (of_order(high, low) if here else 0)

    def reach(self, high: Card, low: Card) -> list[Digit]:
        """C6 and C7: the fewest float, and the lowest. C8: the same for the next group. C9: who has the bye played most."""
        above, beneath = self.places[id(high)], self.places[id(low)]
        here, then = beneath == "here", beneath == "next"
        scores = self.powers.get(high.score, 0) + self.powers.get(low.score, 0) if here or then else 0
        largest = self.count * max(self.powers.values())
        unplayed = high.unplayed if low.id == NOBODY and above == "here" else 0
        return [
            (int(here), self.count),
            (scores if here else 0, largest),
            (int(then), self.count),
            (scores if then else 0, largest),
            (-unplayed, 1000),
        ]

    def faults(self, high: Card, low: Card) -> list[Digit]:
        """C10 to C17: sides not as due, and entrants who float again."""
        if self.places[id(low)] != "here" or low.id == NOBODY:
            values = [0] * 8
        else:
            values = [*sides_at_fault(high, low), *self.floats_at_fault(high, low)]
        return [(-value, 2 * self.count) for value in values]

    def distances(self, high: Card, low: Card) -> list[Digit]:
        """C18 and C20: of the moved down that floated down before, the fewest go further. C19 and C21: those who floated
        up before meet opponents as near to them in score as can be.

        All residents have one score, so the distance grows with the score of the one moved down.
        """
        if not self.moved:
            return []
        largest = self.count * max(self.powers.values())
        here = self.places[id(low)] == "here"
        digits = []
        for back in (1, 2):
            then = self.round - back
            down = sum(
                self.powers[card.score]
                for card in (high, low)
                if here and id(card) in self.moved_ids and card.floats.get(then) == "down"
            )
            up = self.powers[high.score] if here and high.score > low.score and low.floats.get(then) == "up" else 0
            digits += [(down, largest), (-up, largest)]
        return digits

    def floats_at_fault(self, high: Card, low: Card) -> tuple[int, int, int, int]:
        """C14 and C16 count those who would float down again (a resident that is paired saves one), C15 and C17 those
        who would float up again."""
        found = []
        for back in (1, 2):
            then = self.round - back
            residents = [card for card in (high, low) if id(card) not in self.moved_ids]
            found.append(-sum(card.floats.get(then) == "down" for card in residents))
            found.append(int(high.score > low.score and low.floats.get(then) == "up"))
        return found[0], found[1], found[2], found[3]

    def without_fault(self, high: Card, low: Card) -> bool:
        return not any(sides_at_fault(high, low))

    @property
    def by_moved_down(self) -> Gain:
        """The order among candidates for the moved down: the higher ones have opponents, then the highest opponents."""
        size = len(self.moved)
        base = len(self.residents) + 2
        ranks = {id(card): place for place, card in enumerate(self.moved)}
        places = {id(card): place for place, card in enumerate(self.residents)}
        unit = base**size

        def gain(high: Card, low: Card) -> int:
            if id(high) not in ranks or id(low) not in places:
                return 0
            rank = ranks[id(high)]
            return (1 << (size - rank)) * unit * base - places[id(low)] * base ** (size - 1 - rank)

        return gain, (2 << (size + 1)) * unit * base

    def by_exchange(self, residents: Sequence[Card]) -> Gain:
        """The order of FIDE C.04.3, 4.2 and 4.3, among candidates of a remainder whose upper half is the first `pairs`.

        It depends on who is the higher of each pair: few from the lower half, near the middle; and then on whom the
        highest meets, the second, and so on.
        """
        size = len(residents)
        half = self.pairs
        places = {id(card): place for place, card in enumerate(residents)}
        base = size + 1
        total = size * size + 1
        powers = [base**place for place in range(size + 1)]

        def gain(high: Card, low: Card) -> int:
            if id(high) not in places or id(low) not in places:
                return 0
            top, bottom = places[id(high)], places[id(low)]
            value = int(top < half) * 2 * total - top
            value = (value << (size + 2)) - ((1 << top) if top < half else 0)
            value = (value << (size + 2)) + (0 if top < half else 1 << (size - top))
            return value * 2 * powers[size] - bottom * powers[size - 1 - top]

        return gain, (2 * total * size << (2 * size + 5)) * 2 * powers[size]


def sides_at_fault(high: Card, low: Card) -> tuple[int, int, int, int]:
    """C10 a third game more on one side than the other, C11 three running, C12 not the side due, C13 though strongly."""
    (due_high, strength_high), (due_low, strength_low) = high.preference, low.preference
    if due_high is None or due_high != due_low:
        return 0, 0, 0, 0
    strong = int(min(strength_high, strength_low) >= Strength.STRONG)
    if min(strength_high, strength_low) < Strength.ABSOLUTE:
        return 0, 0, 1, strong
    home, away = allocate(high, low, "a")
    loser = away if due_high == "a" else home
    given = "b" if due_high == "a" else "a"
    return int(abs(loser.difference) > 1), int(loser.sides[-2:] == [given, given]), 1, strong

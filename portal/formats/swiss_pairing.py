"""One round of a Swiss by the FIDE Dutch system (Handbook C.04.3, in force from 1 July 2025): who meets whom.

The rules ask for the best candidate by a list of criteria and, among equals, the first in a prescribed order. Both are
written as digits of one whole number per pair, so that the heaviest matching is that candidate (see `swiss_weights`).
Groups above LARGE are paired in slices of the two halves: nobody meets twice and sides stay in balance there too, but the
order among candidates that are as good may differ from FIDE's.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, product

from portal.formats.plan import NOBODY, Side
from portal.formats.swiss_cards import Card, Strength, allocate
from portal.formats.swiss_weights import Bracket, Gain

LARGE = 48  # a group of this size takes about a twentieth of a second; time grows with the third power
SLICE = 16
NEAR = 80
Pair = tuple[Card, Card]


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawn round. `pairs` are (home, away); `byes` stay without an opponent; `forced` tells that sides were not kept."""

    pairs: tuple[Pair, ...] = ()
    byes: tuple[Card, ...] = ()
    forced: bool = False


@dataclass(slots=True)
class Field:
    """Everybody to be paired, best first, with an empty place at the end for each bye."""

    cards: list[Card]
    byes: int
    bye_score: int | None
    forced: bool
    lenient: bool
    topscore: float  # in the last round, more than this is a topscorer
    round: int

    def legal(self, high: Card, low: Card) -> bool:
        """C1 no two meet twice; C2 one bye each, none after a win by default; C3 not both due the same side."""
        if low.id == NOBODY:
            may = high.id != NOBODY and not high.bye and (self.lenient or not high.default)
            return may and self.bye_score in (None, high.score)
        if low.id in high.met:
            return False
        if self.forced:
            return True
        (due_high, strength_high), (due_low, strength_low) = high.preference, low.preference
        if due_high != due_low or min(strength_high, strength_low) < Strength.ABSOLUTE:
            return True
        return max(high.score, low.score) > self.topscore


def draw(cards: Iterable[Card], round_number: int, *, topscore: float, first_side: Side) -> Draw:
    """Pair a round, counted from 1. `topscore` is half of what could be scored when it is the last one, else infinite.

    Where no pairing keeps every rule the balance of sides gives way first (`forced`), then who won by default may have the
    bye, then more than one gets a bye; nobody ever has a second bye or meets twice. An empty draw means that no round is left.
    """
    ranked = sorted(cards, key=lambda card: (-card.score, card.number))
    field = possible(ranked, topscore, round_number)
    if field is None:
        return Draw()
    pairs = pair_groups(field)
    byes = tuple(high for high, low in pairs if low.id == NOBODY)
    games = (ordered(pair) for pair in pairs if pair[1].id != NOBODY)
    by_board = sorted(games, key=lambda pair: (-pair[0].score, -pair[1].score, pair[0].number))
    return Draw(tuple(allocate(high, low, first_side) for high, low in by_board), byes, field.forced)


def ordered(pair: Pair) -> Pair:
    """The higher one first."""
    high, low = pair
    return (high, low) if (-high.score, high.number) < (-low.score, low.number) else (low, high)


def possible(ranked: list[Card], topscore: float, round_number: int) -> Field | None:
    """The field with the fewest byes, and those as low as can be (C5), that can be paired at all; None without any pair."""
    lowest = min((card.score for card in ranked), default=0)
    for byes in range(len(ranked) % 2, len(ranked) - 1, 2):
        empty = [Card(NOBODY, len(ranked) + place + 1, score=lowest - 1) for place in range(byes)]
        scores = sorted({card.score for card in ranked}) if byes == 1 else [None]
        for lenient, forced, bye_score in product((False, True), (False, True), scores):
            field = Field([*ranked, *empty], byes, bye_score, forced, lenient, topscore, round_number)
            if completable(field, field.cards):
                return field
    return None


def roomy(field: Field, cards: Sequence[Card]) -> bool:
    """Whether so many opponents are left for each that a full pairing is certain (Dirac's theorem, with room to spare).

    The empty places go to as many who may have a bye (that there are so many is for the caller to see).
    """
    people = [card for card in cards if card.id != NOBODY]
    due = [card.preference for card in people]
    same = max(sum(preference == (side, Strength.ABSOLUTE) for preference in due) for side in ("a", "b"))
    most_met = max((len(card.met) for card in people), default=0)
    return len(people) >= 2 * (most_met + same + 3)


def may_have_bye(field: Field, card: Card) -> bool:
    return field.legal(card, Card(NOBODY, 0))


def completable(field: Field, cards: Sequence[Card]) -> bool:
    """Whether all of `cards` can be paired with one another (C4)."""
    people = [card for card in cards if card.id != NOBODY]
    if len(cards) % 2 or sum(may_have_bye(field, card) for card in people) < len(cards) - len(people):
        return False
    if roomy(field, cards):
        return True
    edges = [(p, q, 1) for p, q in combinations(range(len(cards)), 2) if field.legal(cards[p], cards[q])]
    return 2 * len(heaviest(edges, fill=True)) == len(cards)


def heaviest(edges: Iterable[tuple[int, int, int]], *, fill: bool) -> list[tuple[int, int]]:
    """The heaviest matching as pairs (lower, higher); with `fill`, the heaviest of those with the most pairs."""
    # Loaded when the first Swiss round is drawn: a tenth of a second and twenty megabytes that most processes never need.
    import networkx

    graph = networkx.Graph()
    graph.add_weighted_edges_from(edges)
    return sorted((min(pair), max(pair)) for pair in networkx.max_weight_matching(graph, maxcardinality=fill))


def pair_groups(field: Field) -> list[Pair]:
    """Score group by score group from the top; who stays over moves down into the next."""
    groups = [list(group) for _, group in groupby(field.cards, key=lambda card: card.score)]
    pairs: list[Pair] = []
    moved: list[Card] = []
    for place, residents in enumerate(groups):
        lower = groups[place + 1 :]
        rest = [card for group in lower for card in group]
        found = pair_group(field, moved, residents, lower)
        paired = {id(card) for pair in found for card in pair}
        left = [card for card in [*moved, *residents] if id(card) not in paired]
        if not completable(field, [*left, *rest]):
            return pairs + start_over(field, found, [*left, *rest])
        pairs += found
        moved = left
    return pairs


def pair_group(field: Field, moved: list[Card], residents: list[Card], lower: list[list[Card]]) -> list[Pair]:
    """The pairs of one bracket: first those who were moved down, then the remainder."""
    bracket = Bracket(field.legal, field.round, moved, residents, *below(field, len(moved) + len(residents), lower))
    first: list[Pair] = []
    rest = residents
    bracket.pairs = len(rest) // 2
    if moved:
        found = candidate(bracket, moved, residents, bracket.by_moved_down)
        first = [pair for pair in found if id(pair[0]) in bracket.moved_ids]
        taken = {id(card) for pair in first for card in pair}
        rest = [card for card in residents if id(card) not in taken]
        moved = [card for card in moved if id(card) not in taken]
        bracket.pairs = len(rest) // 2 if len(residents) > LARGE else len(found) - len(first)
    sliced, rest = in_slices(bracket, rest) if len(rest) > LARGE else ([], rest)
    bracket.pairs = min(bracket.pairs, len(rest) // 2)
    found = candidate(bracket, moved, rest, bracket.by_exchange(rest))
    if len(found) != bracket.pairs:
        bracket.pairs = len(found)
        found = candidate(bracket, moved, rest, bracket.by_exchange(rest))
    return [*first, *sliced, *found]


def below(field: Field, size: int, lower: list[list[Card]]) -> tuple[list[Card], list[Card], bool]:
    """What is looked at beneath a bracket: the next group, what follows it, and whether this is all there is."""
    rest = [card for group in lower[1:] for card in group]
    following = lower[0] if lower else []
    count = len(following) + len(rest)
    certain = roomy(field, [*following, *rest])
    if field.byes:
        certain = certain and any(may_have_bye(field, card) for card in [*following, *rest])
    if size <= NEAR and (count <= 8 or (count <= NEAR and not certain)):
        return following, rest, True
    return (following if size + len(following) <= NEAR else []), [], False


def candidate(bracket: Bracket, moved: list[Card], residents: list[Card], order: Gain) -> list[Pair]:
    """The best pairs within the bracket; what the matching does beneath it only proves that it can be done."""
    here = [*moved, *residents]
    cards = [*here, *bracket.following, *bracket.rest]
    if len(residents) > LARGE:
        cards = [*moved, *residents[: 24 + 2 * len(moved)]]
    edges = []
    for p, q in combinations(range(len(cards)), 2):
        high, low = cards[p], cards[q]
        if bracket.legal(high, low) and bracket.open_to(high, low, moved):
            edges.append((p, q, bracket.weight(high, low, order)))
    found = heaviest(edges, fill=bracket.closed and len(residents) <= LARGE)
    size = len(here)
    return [(cards[p], cards[q]) for p, q in found if p < size and q < size]


def in_slices(bracket: Bracket, residents: list[Card]) -> tuple[list[Pair], list[Card]]:
    """Pair a large group, upper half with lower half, slice by slice, until LARGE are left.

    In the first pass only pairs without a fault stay; whoever has none waits for the next slice. A second pass takes the
    faults that cannot be helped.
    """
    half = len(residents) // 2
    upper, lower = residents[:half], residents[half:]
    pairs: list[Pair] = []
    for faultless in (True, False):
        waiting_upper: list[Card] = []
        waiting_lower: list[Card] = []
        while upper and len(upper) + len(lower) + len(waiting_upper) + len(waiting_lower) > LARGE:
            top, bottom = upper[:SLICE], lower[:SLICE]
            found = cross(bracket, top, bottom, faultless)
            paired = {id(card) for pair in found for card in pair}
            pairs += found
            waiting_upper += [card for card in top if id(card) not in paired]
            waiting_lower += [card for card in bottom if id(card) not in paired]
            upper, lower = upper[SLICE:], lower[SLICE:]
        upper = sorted([*waiting_upper, *upper], key=lambda card: card.number)
        lower = sorted([*waiting_lower, *lower], key=lambda card: card.number)
    return pairs, [*upper, *lower]


def cross(bracket: Bracket, top: list[Card], bottom: list[Card], faultless: bool) -> list[Pair]:
    """The best pairs of one slice of the upper half with one of the lower."""
    cards = [*top, *bottom]
    bracket.pairs = len(top)
    order = bracket.by_exchange(cards)
    wanted: Callable[[Card, Card], bool] = bracket.without_fault if faultless else (lambda high, low: True)
    edges = [
        (p, q, bracket.weight(cards[p], cards[q], order))
        for p in range(len(top))
        for q in range(len(top), len(cards))
        if bracket.legal(cards[p], cards[q]) and wanted(cards[p], cards[q])
    ]
    return [(cards[p], cards[q]) for p, q in heaviest(edges, fill=False)]


def start_over(field: Field, found: list[Pair], cards: list[Card]) -> list[Pair]:
    """Where a large bracket left over `cards` that cannot be paired: undo as many of its lowest pairs as it takes, and pair
    all of those at once."""
    found = sorted(found, key=lambda pair: pair[1].number)
    undone = SLICE
    while True:
        freed = [card for pair in found[-undone:] for card in pair]
        free = sorted([*cards, *freed], key=lambda card: (-card.score, card.number))
        if completable(field, free) or undone >= len(found):
            return found[:-undone] + pair_freely(field, free)
        undone *= 4


def pair_freely(field: Field, cards: list[Card]) -> list[Pair]:
    """All of `cards` at once, with scores as near as can be: for what the bracket by bracket way cannot finish."""
    scores = [card.score for card in cards]
    spread = max(scores) - min(scores) + 2
    worst = 4 * spread * spread * len(cards)
    edges = []
    for p, q in combinations(range(len(cards)), 2):
        high, low = cards[p], cards[q]
        if field.legal(high, low):
            due_high, due_low = high.preference[0], low.preference[0]
            clash = due_high is not None and due_high == due_low
            edges.append((p, q, worst - 2 * (high.score - low.score) ** 2 - clash))
    return [(cards[p], cards[q]) for p, q in heaviest(edges, fill=True)]

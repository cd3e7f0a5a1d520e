"""The tie-breaks by name. Each takes the table and those still tied, and measures every one of them; higher is better.

Opponents' scores follow the FIDE Tie-Break Regulations (C.07, in force from 1 March 2026), with the points of the competition's
own rules: all of it stays in whole numbers.

- Where everybody's opponents are fixed beforehand (leagues), a walkover or no-show counts like any other match (15.2).
- In a Swiss, rounds that were not played count by article 16:
  - an opponent that stayed away from its last rounds (taken out, or not paired) is taken to have drawn them (16.3);
  - one's own round without play counts as played against a dummy with one's own score (16.4), at most the opponent's
    score where one of the two did not turn up (16.4.1), at most a draw's points in every round otherwise (16.4.2);
  - when the lowest is left out, a round missed by one's own doing goes first (16.5): an absence or a no-show.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate
from operator import attrgetter

from portal.formats.plan import NOBODY, Outcome
from portal.formats.tally import Meeting, Record, Table
from portal.kernel.errors import Unprocessable

FORFEITS = frozenset({Outcome.WALKOVER, Outcome.NO_SHOW, Outcome.DOUBLE_NO_SHOW})


@dataclass(frozen=True, slots=True)
class Decision:
    """An organizer's recorded ruling: entrant `over` stands above entrant `under` where they are still tied."""

    over: int
    under: int
    reason: str


@dataclass(frozen=True, slots=True)
class Draw:
    """What lies outside the matches: the stored seed of the drawing of lots, and the organizer's rulings."""

    seed: int
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """`keys` has a tuple per entrant, compared from its first number on; `labels` says in words what each number is."""

    labels: tuple[str, ...]
    keys: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Share:
    """What one round adds to the tie-breaks on opponents. `missed` is a round not played by one's own doing."""

    score: int
    points: int
    missed: bool = False


Measure = Callable[[Table, Sequence[int], Draw], Measured]


def own(label: str, read: Callable[[Record], int]) -> Measure:
    """A tie-break on the entrant's own sums."""
    return lambda table, tied, draw: Measured((label,), {entrant: (read(table.records[entrant]),) for entrant in tied})


def by_opponents(label: str, count: Callable[[list[Share]], int]) -> Measure:
    """A tie-break on the scores of one's opponents."""
    return lambda table, tied, draw: Measured((label,), {entrant: (count(shares(table, entrant)),) for entrant in tied})


def shares(table: Table, entrant: int) -> list[Share]:
    """What each round of `entrant` adds: the opponent's score, and the points taken from it."""
    record = table.records[entrant]
    if table.rules.format != "swiss":
        met = [meeting for meeting in record.meetings if meeting.opponent and meeting.outcome is not Outcome.NOT_PLAYED]
        return [Share(table.records[meeting.opponent].points, meeting.points) for meeting in met]
    absences = len(absent_rounds(table, record))
    return [share_of(table, record, meeting) for meeting in record.meetings] + absences * [
        Share(min(record.points, ceiling(table)), 0, missed=True)
    ]


def share_of(table: Table, record: Record, meeting: Meeting) -> Share:
    """One drawn round of a Swiss (C.07, articles 16.3 and 16.4)."""
    if meeting.outcome is Outcome.PLAYED:
        return Share(adjusted_score(table, meeting.opponent), meeting.points)
    forfeit = meeting.outcome in FORFEITS and meeting.opponent != NOBODY
    highest = adjusted_score(table, meeting.opponent) if forfeit else ceiling(table)
    return Share(min(record.points, highest), meeting.points, missed=forfeited(table, meeting))


def forfeited(table: Table, meeting: Meeting) -> bool:
    """It was lost without play."""
    return meeting.outcome in FORFEITS and meeting.points != table.rules.points.win


def ceiling(table: Table) -> int:
    """A draw in each round so far: the most that a dummy opponent is worth."""
    return table.rules.points.draw * table.rounds


def absent_rounds(table: Table, record: Record) -> list[int]:
    """The rounds of a Swiss in which nobody was drawn against it, the latest first."""
    return [number for number in range(table.rounds, 0, -1) if number not in record.rounds]


def adjusted_score(table: Table, opponent: int) -> int:
    """Its points, with a draw for each absence that no round with it present came after (C.07, article 16.3)."""
    record = table.records[opponent]
    present = [meeting.round for meeting in record.meetings if not forfeited(table, meeting)]
    last = max(present, default=0)
    return record.points + table.rules.points.draw * sum(number > last for number in absent_rounds(table, record))


def buchholz(found: list[Share]) -> int:
    """The opponents' scores together (C.07, article 8.1)."""
    return sum(share.score for share in found)


def without_lowest(found: list[Share]) -> list[Share]:
    """Leave the lowest out, one that was missed before all others (C.07, articles 14.1 and 16.5)."""
    return sorted(found, key=lambda share: (not share.missed, share.score))[1:]


def buchholz_cut_1(found: list[Share]) -> int:
    """Buchholz without the lowest score (C.07, article 14.1)."""
    return buchholz(without_lowest(found))


def median_buchholz(found: list[Share]) -> int:
    """Buchholz without the lowest and without the highest score (C.07, article 14.3)."""
    return buchholz(sorted(without_lowest(found), key=attrgetter("score"))[:-1])


def sonneborn_berger(found: list[Share]) -> int:
    """Each opponent's score times the points taken from that opponent, together (C.07, article 9.1)."""
    return sum(share.score * share.points for share in found)


def head_to_head(table: Table, tied: Sequence[int], draw: Draw) -> Measured:
    """The matches between those tied, as a small table of its own.

    In a league: points, then score difference, then score for, each in these matches only (the regulations of UEFA's European
    Championship and of FIFA's World Cup, "equality of points", name the same three). In a Swiss: points, of matches
    that were played (FIDE C.07, article 6.1). Where matches between them are missing, it separates only those whose
    order no missing match could change (FIDE C.07, article 6.2).
    """
    swiss = table.rules.format == "swiss"
    among = set(tied)
    between = {
        entrant: [
            meeting
            for meeting in table.records[entrant].meetings
            if meeting.opponent in among and meeting.outcome is not Outcome.NOT_PLAYED
            if not swiss or meeting.outcome is Outcome.PLAYED
        ]
        for entrant in tied
    }
    keys = {entrant: small_table(met)[: 1 if swiss else 3] for entrant, met in between.items()}
    most = max((times for met in between.values() for times in meetings_by_opponent(met).values()), default=0)
    missing = {entrant: most * (len(tied) - 1) - len(met) for entrant, met in between.items()}
    if any(missing.values()):
        return surely_above(table, keys, missing)
    return Measured(("points in the matches between them", "score difference there", "score for there"), keys)


def small_table(met: list[Meeting]) -> tuple[int, ...]:
    """Points, score difference and score for of these meetings."""
    scored, conceded = sum(meeting.score_for for meeting in met), sum(meeting.score_against for meeting in met)
    return sum(meeting.points for meeting in met), scored - conceded, scored


def meetings_by_opponent(met: list[Meeting]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for meeting in met:
        counts[meeting.opponent] = counts.get(meeting.opponent, 0) + 1
    return counts


def surely_above(table: Table, keys: Mapping[int, tuple[int, ...]], missing: Mapping[int, int]) -> Measured:
    """How many of those tied each one stands above, however the missing matches between them end."""
    points = table.rules.points
    worst, best = min(points.win, points.draw, points.loss), max(points.win, points.draw, points.loss)
    low = {entrant: key[0] + worst * missing[entrant] for entrant, key in keys.items()}
    high = {entrant: key[0] + best * missing[entrant] for entrant, key in keys.items()}
    from_below = sorted(keys, key=lambda entrant: high[entrant])
    sure = list(accumulate((low[entrant] for entrant in reversed(from_below)), min))[::-1]  # of this one and all further up
    above: dict[int, tuple[int, ...]] = {}
    below = 0
    for count, entrant in enumerate(from_below):
        if count and sure[count] > high[from_below[count - 1]]:
            below = count
        above[entrant] = (below,)
    return Measured(("of those tied surely below in the matches between them",), above)


def decision(table: Table, tied: Sequence[int], draw: Draw) -> Measured:
    """How many of those tied the organizer's rulings put below this one, directly or through one another."""
    below = everybody_below(draw.decisions)
    among = set(tied)
    return Measured(
        ("of those tied put below by decision",), {entrant: (len(below.get(entrant, set()) & among),) for entrant in tied}
    )


def everybody_below(decisions: Iterable[Decision]) -> dict[int, set[int]]:
    """By entrant: all that the decisions put below it. Raises Unprocessable("decisions") when they go round in a circle."""
    under: dict[int, set[int]] = {}
    for ruling in decisions:
        under.setdefault(ruling.over, set()).add(ruling.under)
    below: dict[int, set[int]] = {}
    try:
        for entrant in TopologicalSorter(under).static_order():
            direct = under.get(entrant, set())
            below[entrant] = direct.union(*(below[each] for each in direct))
    except CycleError as error:
        raise Unprocessable(
            "decisions", "These decisions contradict one another: following them, somebody stands above themselves. Withdraw one."
        ) from error
    return below


def lot(seed: int, entrant: int) -> bytes:
    """The lot of one entrant: SHA-256 of "seed:entrant". Anybody who has the seed can draw it again, in any language."""
    return hashlib.sha256(f"{seed}:{entrant}".encode()).digest()


def lots(table: Table, tied: Sequence[int], draw: Draw) -> Measured:
    """Drawn from the seed: the smallest lot is drawn first. Not drawn among those that have no result yet."""
    if not any(table.records[entrant].meetings for entrant in tied):
        return Measured(("lots",), dict.fromkeys(tied, (0,)))
    drawn = sorted(tied, key=lambda entrant: lot(draw.seed, entrant))
    return Measured(("lots left in the urn when drawn",), {entrant: (len(drawn) - 1 - n,) for n, entrant in enumerate(drawn)})


MEASURES: dict[str, Measure] = {
    "points": own("points", attrgetter("points")),
    "wins": own("wins", attrgetter("wins")),
    "score_for": own("score for", attrgetter("score_for")),
    "score_difference": own("score difference", attrgetter("score_difference")),
    "buchholz": by_opponents("Buchholz", buchholz),
    "buchholz_cut_1": by_opponents("Buchholz cut 1", buchholz_cut_1),
    "median_buchholz": by_opponents("median Buchholz", median_buchholz),
    "sonneborn_berger": by_opponents("Sonneborn-Berger", sonneborn_berger),
    "head_to_head": head_to_head,
    "decision": decision,
    "lots": lots,
}
# These depend on who is tied with whom; all others are the same number whoever is compared.
AMONG_THE_TIED = frozenset({"head_to_head", "decision", "lots"})

"""Who stands where, and what decided it: points, then each tie-break of the rules among those that are still tied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from portal.formats.plan import Entrant, Match
from portal.formats.rules import Rules
from portal.formats.tally import Table, tally
from portal.formats.tiebreaks import AMONG_THE_TIED, MEASURES, Decision, Draw, Measured, everybody_below


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of two neighbours: `value` is the row's own number, `other` its neighbour's.

    `label` says in words what was counted; `note` is the reason of an organizer's decision.
    """

    tiebreak: str
    label: str
    value: int
    other: int
    note: str = ""

    @property
    def text(self) -> str:
        return f"{self.label}: {self.value} against {self.other}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """What set a row apart from `neighbour`, on whose other side of the line it stands. The last step is the one that did."""

    neighbour: int
    above: bool  # the row stands above its neighbour
    steps: tuple[Step, ...]

    @property
    def tiebreak(self) -> str:
        return self.steps[-1].tiebreak

    @property
    def value(self) -> int:
        return self.steps[-1].value

    @property
    def other(self) -> int:
        return self.steps[-1].other

    @property
    def text(self) -> str:
        """For people, without names: "points: 4 against 4; score difference: 0 against 0; …"."""
        return "; ".join(step.text for step in self.steps)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the standings. `rank` starts at 1 in each group and is shared where nothing separates.

    `values` has the number of each tie-break of the rules; those that depend on who is tied only where they were used.
    `decided_by` compares with the row above or, for the first of those level on points, with the row below; it is None
    where points decided.
    """

    rank: int
    entrant: int
    group: str
    wins: int
    losses: int
    draws: int
    points: int
    played: int
    score_for: int
    score_against: int
    score_difference: int
    values: dict[str, int]
    decided_by: DecidedBy | None


@dataclass(frozen=True, slots=True)
class Block:
    """Entrants that share a rank. `steps` are what set it apart from the block above, seen from above."""

    members: tuple[int, ...]
    steps: tuple[Step, ...] = ()


def standings(
    matches: Iterable[Match],
    entrants: Sequence[Entrant],
    rules: Rules,
    *,
    decisions: Iterable[Decision] = (),
    rng_seed: int,
) -> tuple[Row, ...]:
    """The rows of all groups, by group and rank; those that share a rank by seed.

    Works for the matches of every format and does not depend on the order in which they come. `rng_seed` is the number
    stored with the competition: lots drawn from it are the same each time. Raises Unprocessable("decisions") when the organizer's
    decisions contradict one another.
    """
    matches = list(matches)
    draw = Draw(rng_seed, tuple(decisions))
    everybody_below(draw.decisions)
    table = tally(matches, entrants, rules)
    order = order_of(rules, draw)
    rows: list[Row] = []
    for group, members in members_by_group(matches, entrants):
        ranking = Ranking(table, draw, order, members)
        rows += ranking.rows(group)
    return tuple(rows)


def order_of(rules: Rules, draw: Draw) -> tuple[str, ...]:
    """The tie-breaks in the order in which they are used.

    Points come first unless the rules place them elsewhere. Decisions that were recorded count even where the rules do not
    name them: then before the drawing of lots.
    """
    order = list(rules.tiebreaks)
    if "points" not in order:
        order.insert(0, "points")
    if draw.decisions and "decision" not in order:
        order.insert(order.index("lots") if "lots" in order else len(order), "decision")
    return tuple(order)


def members_by_group(matches: Sequence[Match], entrants: Sequence[Entrant]) -> list[tuple[str, list[int]]]:
    """The groups in order of name (A to Z, then AA), each with its entrants by seed.

    The group is the entrant's own, else that of its matches.
    """
    drawn = {side: match.group for match in matches if match.group for side in (match.a, match.b) if side}
    groups: dict[str, list[int]] = {}
    for entrant in sorted(entrants, key=lambda entrant: (entrant.seed, entrant.id)):
        groups.setdefault(entrant.group or drawn.get(entrant.id, ""), []).append(entrant.id)
    return sorted(groups.items(), key=lambda item: (len(item[0]), item[0]))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranking of one group."""

    table: Table
    draw: Draw
    order: tuple[str, ...]
    members: list[int]
    whole: dict[str, Measured] = field(default_factory=dict)  # the tie-breaks that are the same whoever is compared
    used: dict[int, dict[str, int]] = field(default_factory=dict)  # the others, as last used for an entrant

    def measure(self, name: str, tied: Sequence[int]) -> Measured:
        if name in AMONG_THE_TIED:
            measured = MEASURES[name](self.table, tied, self.draw)
            for entrant in tied:
                self.used.setdefault(entrant, {})[name] = measured.keys[entrant][0]
            return measured
        if name not in self.whole:
            self.whole[name] = MEASURES[name](self.table, self.members, self.draw)
        return self.whole[name]

    def blocks(self, tied: Sequence[int], order: tuple[str, ...], trail: tuple[tuple[str, Measured], ...] = ()) -> list[Block]:
        """Split those tied by the first tie-break that separates them, and each part by the next.

        Head-to-head is taken again at once for a part that it made smaller, now among these only (as UEFA's European
        Championship does); once a later tie-break was needed, it is not gone back to.
        """
        if len(tied) == 1 or not order:
            return [Block(tuple(tied))]
        measured = self.measure(order[0], tied)
        trail = (*trail, (order[0], measured))
        blocks: list[Block] = []
        for part in split(tied, measured):
            again = order[0] == "head_to_head" and 1 < len(part) < len(tied)
            inner = self.blocks(part, order if again else order[1:], trail)
            if blocks:
                inner[0] = replace(inner[0], steps=self.steps(trail, blocks[-1].members[-1], inner[0].members[0]))
            blocks += inner
        return blocks

    def steps(self, trail: tuple[tuple[str, Measured], ...], upper: int, lower: int) -> tuple[Step, ...]:
        """What was compared until the two were set apart. A decision that does not touch them is left out."""
        found = (self.step(name, measured, upper, lower) for name, measured in trail)
        return tuple(step for step in found if step.tiebreak != "decision" or step.value != step.other)

    def step(self, name: str, measured: Measured, upper: int, lower: int) -> Step:
        """The first of the numbers that differ, or simply the first."""
        pairs = list(zip(measured.labels, measured.keys[upper], measured.keys[lower], strict=False))
        label, value, other = next((pair for pair in pairs if pair[1] != pair[2]), pairs[0])
        reasons = [each.reason for each in self.draw.decisions if (each.over, each.under) == (upper, lower)]
        return Step(name, label, value, other, reasons[-1] if name == "decision" and reasons else "")

    def rows(self, group: str) -> list[Row]:
        blocks = self.blocks(self.members, self.order)
        for name in self.order:
            if name not in AMONG_THE_TIED:
                self.measure(name, self.members)
        rows: list[Row] = []
        for number, block in enumerate(blocks):
            above = blocks[number - 1] if number else None
            below = blocks[number + 1] if number + 1 < len(blocks) else None
            decided = decided_by(above, block, below)
            rank = len(rows) + 1
            rows += [self.row(rank, entrant, group, decided) for entrant in block.members]
        return rows

    def row(self, rank: int, entrant: int, group: str, decided: DecidedBy | None) -> Row:
        record = self.table.records[entrant]
        numbers = {name: measured.keys[entrant][0] for name, measured in self.whole.items()} | self.used.get(entrant, {})
        return Row(
            rank=rank,
            entrant=entrant,
            group=group,
            wins=record.wins,
            losses=record.losses,
            draws=record.draws,
            points=record.points,
            played=record.played,
            score_for=record.score_for,
            score_against=record.score_against,
            score_difference=record.score_difference,
            values={name: numbers[name] for name in self.order if name in numbers},
            decided_by=decided,
        )


def split(tied: Sequence[int], measured: Measured) -> list[list[int]]:
    """Those tied in parts with equal numbers, the best first; in each part the order stays."""
    parts: dict[tuple[int, ...], list[int]] = {}
    for entrant in tied:
        parts.setdefault(measured.keys[entrant], []).append(entrant)
    return [parts[key] for key in sorted(parts, reverse=True)]


def decided_by(above: Block | None, block: Block, below: Block | None) -> DecidedBy | None:
    """What set the block apart from the one above, else from the one below; points alone need no word."""
    if above is not None and block.steps[-1].tiebreak != "points":
        turned = tuple(replace(step, value=step.other, other=step.value) for step in block.steps)
        return DecidedBy(above.members[-1], above=False, steps=turned)
    if below is not None and below.steps[-1].tiebreak != "points":
        return DecidedBy(below.members[0], above=True, steps=below.steps)
    return None

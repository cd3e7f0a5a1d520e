"""Where each match of a bracket stands on the page, worked out from the rounds alone. Pure: nothing of the web or database.

Every column is as tall as the first; its slots share the height evenly, so that a match stands between the two it follows
from without a coordinate being sent. A slot in which nothing is played (a bye) stays blank. A large bracket is drawn in
parts: its last rounds, and one branch for each place there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from portal.formats.labels import label

# With more first-round slots than this a tree is drawn in parts: at most MOST_PARTS, each of PART slots or more.
WHOLE, PART, MOST_PARTS = 32, 16, 16
TREES = ("winners", "losers")
SINGLES = ("grand_final", "third_place")
Line = Literal["", "on", "down", "up"]


class Placed(Protocol):
    """What is drawn: anything that knows its place."""

    @property
    def stage(self) -> str: ...
    @property
    def round(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def blank(self) -> bool:
        """Nothing is played here: a bye."""


M = TypeVar("M", bound=Placed)


@dataclass(frozen=True, slots=True)
class Slot(Generic[M]):
    """`match` is None where nothing is played. `out` is the line to the next column: straight on, or to a neighbour below or
    above it; `into` tells whether a line arrives."""

    position: int
    match: M | None
    out: Line = ""
    into: bool = False


@dataclass(frozen=True, slots=True)
class Column(Generic[M]):
    round: int
    label: str
    slots: tuple[Slot[M], ...]

    @property
    def open(self) -> bool:
        """Something here is still to be played."""
        return any(slot.match is not None and not getattr(slot.match, "over", False) for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Tree(Generic[M]):
    """Columns side by side. `current` is the round to show first where only one fits."""

    stage: str
    columns: tuple[Column[M], ...]

    @property
    def current(self) -> int:
        return next((column.round for column in self.columns if column.open), self.columns[-1].round)


@dataclass(frozen=True, slots=True)
class Window:
    """The slots `first` to `last` of one round of a stage, of `slots` in all."""

    stage: str
    round: int
    slots: int
    first: int
    last: int

    def holds(self, match: Placed) -> bool:
        return (match.stage, match.round) == (self.stage, self.round) and self.first <= match.position <= self.last


@dataclass(frozen=True, slots=True)
class Shape:
    """How many rounds each stage has, by its name; stages that are not played are absent."""

    rounds: Mapping[str, int]

    def slots(self, stage: str) -> list[int]:
        """The slots of each round of a tree, first round first.

        A losers' bracket halves every second round. Where byes left its first round empty it is not counted: the rounds are
        then one fewer than the full bracket has.
        """
        count, winners = self.rounds.get(stage, 0), self.rounds.get("winners", 0)
        if stage == "winners":
            return [1 << (winners - number) for number in range(1, count + 1)]
        full = [1 << (winners - 2 - number // 2) for number in range(2 * (winners - 1))]
        return full[len(full) - count :]

    def parts(self, stage: str) -> int:
        """How many branches a tree is drawn in; 1: in whole."""
        first = max(self.slots(stage), default=0)
        return 1 if first <= WHOLE else min(first // PART, MOST_PARTS)

    def windows(self, part: str = "") -> list[Window]:
        """What a part shows: "" the last rounds of everything (all of it when it is small), "winners-3" a branch.

        A part that is not there shows as "" does.
        """
        stage, number = self.part(part)
        if number:
            return list(self._branch(stage, number))
        return [window for name in TREES for window in self._trunk(name)] + [
            Window(name, number, 1, 1, 1) for name in SINGLES for number in range(1, self.rounds.get(name, 0) + 1)
        ]

    def part(self, name: str) -> tuple[str, int]:
        """Stage and number of a branch; ("", 0) for anything else."""
        stage, _, text = name.partition("-")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
        good = stage in TREES and self.parts(stage) > 1 and 1 <= number <= self.parts(stage)
        return (stage, number) if good else ("", 0)

    def part_of(self, match: Placed) -> str:
        """The branch in which the match is drawn, as `part` takes it; "" where it stands in the last rounds, or in a tree that
        is drawn in whole."""
        parts = self.parts(match.stage) if match.stage in TREES and self.rounds.get(match.stage) else 1
        slots = self.slots(match.stage)[match.round - 1] if parts > 1 else 0
        return f"{match.stage}-{(match.position - 1) // (slots // parts) + 1}" if slots > parts else ""

    def _trunk(self, stage: str) -> Iterator[Window]:
        parts = self.parts(stage)
        for number, slots in enumerate(self.slots(stage), 1):
            if parts == 1 or slots <= parts:
                yield Window(stage, number, slots, 1, slots)

    def _branch(self, stage: str, number: int) -> Iterator[Window]:
        parts = self.parts(stage)
        for round, slots in enumerate(self.slots(stage), 1):
            if slots >= parts:
                each = slots // parts
                yield Window(stage, round, slots, (number - 1) * each + 1, number * each)


def trees(format: str, shape: Shape, windows: Sequence[Window], matches: Iterable[M]) -> list[Tree[M]]:
    """The stages in the windows, each with its columns. `matches` may hold more than is shown."""
    at = {(match.stage, match.round, match.position): match for match in matches if not match.blank}
    found: list[Tree[M]] = []
    for stage in (*TREES, *SINGLES):
        shown = [window for window in windows if window.stage == stage]
        if shown:
            columns = tuple(_column(format, shape, shown, place, at) for place in range(len(shown)))
            found.append(Tree(stage, tuple(column for column in columns if any(slot.match for slot in column.slots))))
    return [tree for tree in found if tree.columns]


def _column(format: str, shape: Shape, shown: Sequence[Window], place: int, at: Mapping[tuple[str, int, int], M]) -> Column[M]:
    window = shown[place]
    before = shown[place - 1] if place else None
    after = shown[place + 1] if place + 1 < len(shown) else None
    slots = []
    for position in range(window.first, window.last + 1):
        match = at.get((window.stage, window.round, position))
        into = before is not None and any((window.stage, before.round, one) in at for one in _feeders(before, window, position))
        slots.append(Slot(position, match, _line(window, after, position) if match else "", match is not None and into))
    name = label(format, window.stage, window.round, shape.rounds[window.stage])
    return Column(window.round, name, tuple(slots))


def _feeders(before: Window, window: Window, position: int) -> tuple[int, ...]:
    return (position,) if before.slots == window.slots else (2 * position - 1, 2 * position)


def _line(window: Window, after: Window | None, position: int) -> Line:
    if after is None:
        return ""
    if after.slots == window.slots:
        return "on"
    return "down" if position % 2 else "up"

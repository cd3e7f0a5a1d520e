"""Why somebody stands where they stand, in words: what set each line of the standings apart from its neighbour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.competitions.tables import Line
from portal.formats.standings import Row
from portal.players.names import shortened

OWN_ORDER = {
    "ladder": "The position on the ladder: it changes with challenges, and with places lost for not playing.",
    "challenge": "Those who passed or won come first.",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A line of the standings with the reason for its rank. `full` is the whole name, `name` a short one."""

    rank: int
    uid: str
    full: str
    row: Row
    why: str
    out: bool = False  # disqualified

    @property
    def name(self) -> str:
        return shortened(self.full)


def explained(format: str, lines: Sequence[Line]) -> list[Explained]:
    """The lines, which come by group and rank, each with its reason."""
    names = {line.person.id: shortened(line.person.name) for line in lines}
    found = []
    for place, line in enumerate(lines):
        above = lines[place - 1] if place and lines[place - 1].row.group == line.row.group else None
        below = lines[place + 1] if place + 1 < len(lines) and lines[place + 1].row.group == line.row.group else None
        why = OWN_ORDER.get(format) or _why(line, above, below, names)
        person = line.person
        found.append(Explained(line.rank, person.uid, person.name, line.row, why, person.status == "disqualified"))
    return found


def _why(line: Line, above: Line | None, below: Line | None, names: Mapping[int, str]) -> str:
    """What set this line apart: the tie-break that decided, or the points."""
    if line.decided_by is not None:
        side = "Above" if line.decided_by.above else "Below"
        return f"{side} {names[line.decided_by.neighbour]}, by {line.decided_by.text}."
    other = above if above is not None and above.rank < line.rank else below
    if other is None:
        return "Nothing to compare with yet."
    if other.row.points == line.row.points:
        return f"Level with {names[other.person.id]} on everything that counts."
    side = "Below" if other is above else "Above"
    return f"{side} {names[other.person.id]} on points: {line.row.points} against {other.row.points}."

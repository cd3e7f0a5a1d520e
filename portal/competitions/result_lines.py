"""A list of results as CSV: its columns, and what is written on each line."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.competitions.brackets import Held
from portal.competitions.participants import Participant
from portal.formats.plan import NOBODY, Match, Outcome
from portal.kernel.errors import Invalid

COLUMNS = (
    *("match", "round", "group", "side_a", "side_b", "score_a", "score_b", "winner"),
    *("outcome", "notes", "scheduled_at", "id"),
)
MOST_LINES, MOST_CHARACTERS = 5_000, 1_000_000
# What `render.as_csv` puts before a cell that a spreadsheet would run.
_QUOTED = "'"


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts the file's lines, the heads' line included."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    @property
    def blank(self) -> bool:
        """Nothing is said about the match."""
        return not any(self[name] for name in ("score_a", "score_b", "winner", "outcome", "scheduled_at"))


def read(text: str) -> list[Line]:
    """The lines of the file that are not empty. Raises Invalid("text") with what to do where it is not such a list."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid("text", f"The list has {len(text):,} characters. Use at most {MOST_CHARACTERS:,}, or send it in parts.")
    rows = list(_rows(text.lstrip("\ufeff")))
    if not rows:
        raise Invalid("text", "The list is empty. Download the template, fill in the scores and send it.")
    heads = [head.strip().lower().replace(" ", "_") for head in rows[0][1]]
    _check_heads(heads)
    if len(rows) > MOST_LINES + 1:
        raise Invalid("text", f"The list has {len(rows) - 1:,} lines. Use at most {MOST_LINES:,}, or send it in parts.")
    return [Line(number, dict(zip(heads, map(_plain, cells), strict=False))) for number, cells in rows[1:]]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line with something on it; commas, semicolons and tabs are all in use."""
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise Invalid("text", f"Line {reader.line_num} cannot be read as CSV ({error}). Check its quotation marks.") from None


def _check_heads(heads: list[str]) -> None:
    if not {"match", "id"} & set(heads) and not {"side_a", "side_b"} <= set(heads):
        raise Invalid("text", "The first line must name the columns: match (or side_a and side_b), score_a and score_b.")
    if unknown := [head for head in heads if head and head not in COLUMNS]:
        raise Invalid("text", f"There is no column “{unknown[0][:40]}”. The columns are {', '.join(COLUMNS)}.")
    if twice := [head for head in heads if head and heads.count(head) > 1]:
        raise Invalid("text", f"The column {twice[0]} is there twice. Remove one of them.")


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith(_QUOTED) and len(cell) > 1 and cell[1] in "=+-@＝＋－＠" else cell


def whole(line: Line, name: str) -> int | None:
    """A score. Raises Invalid naming the column."""
    text = line[name]
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(name, f"{name} is “{text[:20]}”, which is not a whole number.")
    return int(text) if text else None


def outcome(line: Line) -> Outcome:
    """How it ended; played where nothing is written. Raises Invalid."""
    text = line["outcome"].lower().replace(" ", "_").replace("-", "_") or Outcome.PLAYED.value
    if text not in {each.value for each in Outcome}:
        names = ", ".join(each.value for each in Outcome if each is not Outcome.BYE)
        raise Invalid("outcome", f"outcome is “{text[:20]}”. Use one of {names}.")
    return Outcome(text)


def moment(line: Line) -> datetime | None:
    """When it is to be played, UTC unless a zone is written. Raises Invalid."""
    text = line["scheduled_at"]
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"scheduled_at is “{text[:30]}”, which is not a moment. Write it like 2026-03-15 14:30 (UTC)."
        raise Invalid("scheduled_at", message) from None


class Finder:
    """Which match a line means: by number, by id, or by who plays at home against whom."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._numbers = {slot.uid: number for number, slot in held.slots.items()}
        self._named: dict[str, list[int]] = {}
        for person in held.people.values():
            self._named.setdefault(person.name.casefold(), []).append(person.id)
        self._between: dict[tuple[int, int], set[int]] = {}
        self.learn(held.plan.matches.values())

    def learn(self, matches: Iterable[Match]) -> None:
        """Take in who stands in these matches now."""
        for match in matches:
            if match.a and match.b:
                self._between.setdefault((match.a, match.b), set()).add(match.number)

    def number(self, line: Line) -> int:
        """The match's number, which need not be there. Raises Invalid saying why none can be told."""
        if text := line["match"]:
            if not (text.isascii() and text.isdigit() and len(text) < 10):
                raise Invalid("match", f"match is “{text[:20]}”. Write its number.")
            return int(text)
        if text := line["id"]:
            if text not in self._numbers:
                raise Invalid("id", f"No match of this competition has the id “{text[:40]}”.")
            return self._numbers[text]
        a, b = self._entrant(line, "side_a"), self._entrant(line, "side_b")
        found = self._between.get((a, b), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise Invalid("match", f"These two meet in matches {', '.join(map(str, sorted(found)))}. Write which one.")
        turned = sorted(self._between.get((b, a), set()))
        hint = f" The other way round they meet in match {turned[0]}." if turned else ""
        raise Invalid("side_a", f"{line['side_a'][:60]} does not meet {line['side_b'][:60]} at home.{hint}")

    def _entrant(self, line: Line, name: str) -> int:
        if not line[name]:
            raise Invalid(name, f"The line names no match: write its number, or {name}.")
        found = self._named.get(line[name].casefold(), [])
        if len(found) != 1:
            what = "Nobody" if not found else "More than one"
            raise Invalid(name, f"{what} called “{line[name][:60]}” takes part.")
        return found[0]


def template(held: Held) -> Iterator[list[object]]:
    """Every match but the byes as a line that `read` understands, with what is known of it."""
    for match in held.plan.in_order():
        if match.outcome is Outcome.BYE:
            continue
        slot = held.slots[match.number]
        result = [match.score_a, match.score_b, match.winner, match.outcome and match.outcome.value, slot.notes]
        sides = [_side(held.people, match.a), _side(held.people, match.b)]
        yield [match.number, match.round, match.group, *sides, *result, slot.scheduled_at, slot.uid]


def _side(people: Mapping[int, Participant], entrant: int | None) -> str:
    return people[entrant].name if entrant not in (None, NOBODY) else ""

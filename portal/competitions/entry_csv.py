"""A list of entrants as people send it: one a line, with columns that a heading names, or a name (or wallet) alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.kernel.errors import Invalid
from portal.players.service import MOST_PLAYERS, check_wallet, checked_name, checked_tag
from portal.web.csv_files import lines_of, unquoted

COLUMNS = ("name", "wallet", "tag", "seed", "group", "checked_in")
# What the list of entrants exports besides: read past, so that an export can be sent back.
READ_PAST = frozenset({"kind", "status", "registered", "place", "rating", "id", "registration", "prize", "checked_in_at"})
MOST_LINES, MOST_BYTES = 5_000, 2_000_000
_YES = frozenset({"yes", "y", "true", "1", "x", "in"})
_NO = frozenset({"", "no", "n", "false", "0", "-"})


@dataclass(frozen=True, slots=True)
class Line:
    """One entrant: by name, by wallets (the captain's first), or both."""

    number: int
    name: str = ""
    wallets: tuple[str, ...] = ()
    tag: str | None = None
    seed: int | None = None
    group: str = ""
    checked_in: bool = False

    @property
    def shown(self) -> str:
        return self.name or self.wallets[0]

    @property
    def key(self) -> tuple[str, str]:
        """The same for the same entrant."""
        return self.name.casefold(), self.wallets[0].lower() if self.wallets else ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a line, in words that say how to mend it."""

    line: int
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines that can be read, and the trouble with the others."""

    lines: list[Line] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def read_sheet(where: str, data: bytes) -> Sheet:
    """Every line, read or in trouble. Raises Invalid for the field `where` for a list that cannot be read as a whole."""
    found = lines_of(where, data, MOST_BYTES)
    columns = _heading(where, found[0][1]) if found else ()
    if columns:
        found = found[1:]
    if not found:
        raise Invalid(where, "The list has no entrants. Write one a line: a name, or a wallet.")
    if len(found) > MOST_LINES:
        raise Invalid(where, f"The list has {len(found):,} lines. Use at most {MOST_LINES:,}, or split it.")
    sheet = Sheet()
    for number, cells in found:
        try:
            sheet.lines.append(_line(number, columns or COLUMNS, cells))
        except Invalid as error:
            sheet.troubles.append(Trouble(number, error.field, error.message))
    return sheet


def _heading(where: str, cells: list[str]) -> tuple[str, ...]:
    """The columns that the first line names; none when it is an entrant already. Raises Invalid for a column we do not have."""
    names = tuple(cell.lower().replace(" ", "_").replace("-", "_") for cell in cells)
    if not {"name", "wallet"} & set(names):
        return ()
    unknown = [name for name in names if name not in COLUMNS and name not in READ_PAST]
    if unknown:
        raise Invalid(where, f"There is no column “{unknown[0][:40]}”. The columns are {', '.join(COLUMNS)}.")
    if len(set(names)) < len(names):
        raise Invalid(where, "The heading line names a column twice. Name each once.")
    return names


def _line(number: int, columns: tuple[str, ...], cells: list[str]) -> Line:
    if len(cells) > len(columns):
        raise Invalid("line", "It has more cells than there are columns. Put a name with a comma in double quotes.")
    said: Mapping[str, str] = {name: unquoted(cell) for name, cell in zip(columns, cells, strict=False)}
    wallets = _wallets(said.get("wallet", ""))
    name = said.get("name", "")
    if name.startswith("0x") and not wallets:
        name, wallets = "", _wallets(name)
    if not name and not wallets:
        raise Invalid("name", "It has neither a name nor a wallet. Write one of the two.")
    if not name and len(wallets) > 1:
        raise Invalid("name", "Several wallets make a team, and a team needs a name. Write it in the column name.")
    values = {column: read(said.get(column, "")) for column, read in _READERS.items()}
    return Line(number, checked_name(name) if name else "", wallets, **values)


def _wallets(text: str) -> tuple[str, ...]:
    wallets = tuple(text.replace("|", " ").replace(";", " ").split())
    for wallet in wallets:
        try:
            check_wallet(wallet)
        except Invalid:
            raise Invalid(
                "wallet", f"“{wallet[:50]}” is no wallet: 0x and 40 hex digits. Put a name with a comma in quotes."
            ) from None
    if len(wallets) > MOST_PLAYERS:
        raise Invalid("wallet", f"It has {len(wallets)} wallets. A roster holds at most {MOST_PLAYERS}.")
    if len({wallet.lower() for wallet in wallets}) < len(wallets):
        raise Invalid("wallet", "It has a wallet twice. Write each once.")
    return wallets


def _seed(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise Invalid("seed", f"“{text[:20]}” is no seed. Write a whole number such as 4, or leave it empty.")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise Invalid("checked_in", f"“{text[:20]}” is neither yes nor no. Write yes, or leave it empty.")


_READERS: dict[str, Callable[[str], Any]] = {
    "tag": lambda text: checked_tag(text) if text else None,
    "seed": _seed,
    "group": str.upper,
    "checked_in": _yes_or_no,
}

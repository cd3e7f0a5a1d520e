"""Reading a list of players: CSV with the columns `external_ref` and `metadata`, uploaded or pasted."""

from typing import Any

from portal.kernel.errors import Invalid, PortalError
from portal.session_tokens.metadata import checked_metadata
from portal.session_tokens.service import check_reference
from portal.web.body import parse
from portal.web.csv_files import lines_of

Row = tuple[str | None, dict[str, Any] | None]

MOST_ROWS = 10_000
MOST_BYTES = 4_000_000
COLUMNS = ("external_ref", "metadata")
SHOWN = 10


def read_rows(field: str, data: bytes) -> list[Row]:
    """(external_ref, metadata) of every line. The heading line may be left out when there is only the first column.

    Comma, semicolon or tab between columns; UTF-8, with or without a byte-order mark; empty lines count for nothing.
    Raises Invalid that names every bad line (the first ten of them), so that nothing is made by half.
    """
    lines = lines_of(field, data, MOST_BYTES)
    columns = _columns(field, lines[0][1]) if lines else []
    if columns:
        lines = lines[1:]
    if not lines:
        raise Invalid(field, "The list has no rows. Write one external_ref per line, under a heading line.")
    if len(lines) > MOST_ROWS:
        raise Invalid(field, f"The list has {len(lines):,} rows. Use at most {MOST_ROWS:,}, or split it.")
    return _checked(field, lines, columns or list(COLUMNS[:1]))


def _columns(field: str, cells: list[str]) -> list[str]:
    """The names in a heading line; none when the first line is data already. Raises Invalid for a column we do not have."""
    names = [cell.lower() for cell in cells]
    if not set(names) & set(COLUMNS):
        if len(cells) > 1:
            raise Invalid(field, f"The first line must name the columns. Use {' and '.join(COLUMNS)}.")
        return []
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise Invalid(field, f"The heading line names {', '.join(names)[:120]}. Use external_ref and metadata, once each.")
    return names


def _checked(field: str, lines: list[tuple[int, list[str]]], columns: list[str]) -> list[Row]:
    rows: list[Row] = []
    bad: list[str] = []
    for number, cells in lines:
        try:
            rows.append(_row(dict(zip(columns, cells, strict=False)), len(cells) - len(columns)))
        except PortalError as error:
            bad.append(f"Line {number}: {error.message}")
    if bad:
        more = f" {len(bad) - SHOWN} more lines have trouble too." if len(bad) > SHOWN else ""
        raise Invalid(field, f"{' '.join(bad[:SHOWN])}{more} Nothing was created.")
    return rows


def _row(cells: dict[str, str], surplus: int) -> Row:
    if surplus > 0:
        raise Invalid("metadata", "There are more cells than columns. Put metadata in double quotes and double those inside it.")
    reference = cells.get("external_ref") or None
    check_reference("external_ref", reference)
    text = cells.get("metadata", "")
    return reference, checked_metadata(object_in(text)) if text else None


def object_in(text: str) -> dict[str, Any]:
    """The JSON object that somebody wrote. Raises Invalid for `metadata`."""
    try:
        return parse(text.encode("utf-8", "surrogatepass"))
    except Invalid as error:
        why = error.message.replace("The body", "metadata")
        raise Invalid("metadata", f'{why} Write metadata as an object such as {{"campaign": "summer"}}.') from None

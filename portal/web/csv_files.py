"""Reading CSV that people send, uploaded or pasted: what every list has in common, whatever its columns."""

import csv
import io

from portal.kernel.errors import Invalid
from portal.web.render import FORMULA_STARTS

Line = tuple[int, list[str]]


def lines_of(field: str, data: bytes, most_bytes: int) -> list[Line]:
    """(line number, trimmed cells) of every line that is not empty.

    Comma, semicolon or tab between columns; UTF-8, with or without a byte-order mark. Raises Invalid for `field`, naming the
    line that cannot be read.
    """
    if len(data) > most_bytes:
        raise Invalid(field, f"The list has {len(data):,} bytes. Use at most {most_bytes:,}, or split it.")
    text = _decoded(field, data)
    first = text.lstrip().partition("\n")[0]
    mark = next((mark for mark in ("\t", ";") if mark in first and "," not in first.partition(mark)[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    found = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                found.append((reader.line_num, stripped))
    except csv.Error as error:
        raise Invalid(field, f"Line {reader.line_num} cannot be read as CSV ({error}).") from None
    return found


def unquoted(cell: str) -> str:
    """The cell as it was before `csv_cell` made it safe for spreadsheets."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell


def _decoded(field: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Invalid(field, f"Line {line} is not UTF-8. Save the file as CSV in UTF-8 and send it again.") from None

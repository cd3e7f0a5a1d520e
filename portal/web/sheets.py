"""Tables whose rows are worked out and not stored: standings. The same URL, the same macro as `web.tables`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import has_request_context, request

from portal.web.tables import Args, Criteria, Table, TablePage, _State


@dataclass(frozen=True)
class Find:
    """Free text, found anywhere in what `text` says of a row, case-blind."""

    text: Callable[[Any], str]
    label: str = "Search"
    key: str = "q"
    kind: str = "search"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key,)

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        wanted = values[self.key].casefold()
        return Criteria((lambda row: wanted in self.text(row).casefold(),))  # type: ignore[arg-type]  # asked in Python


@dataclass(frozen=True)
class Sheet(Table):
    """A column's `sort` is a function of the row; filters are `Find`."""

    def of(self, rows: Sequence[Any], args: Args, path: str | None = None) -> TablePage:
        """Read `args`, narrow, order and cut `rows`, which are in their usual order. Raises nothing for bad input."""
        state = _State(self, args)
        found = [row for row in rows if all(asks(row) for asks in state.where)]  # type: ignore[operator]
        key = next((column.sort for column in self.columns if column.key == state.sort), None)
        if key is not None:
            there = [row for row in found if key(row) is not None]
            there.sort(key=key, reverse=state.descending)
            found = there + [row for row in found if key(row) is None]
        last = max(1, -(-len(found) // state.size))
        number = min(state.number, last)
        shown = found[(number - 1) * state.size : number * state.size]
        here = path if path is not None else (request.path if has_request_context() else "")
        return TablePage(self, state, shown, len(found), number, last, here, lambda: found)

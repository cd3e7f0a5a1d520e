"""One definition per list: columns, filters and order, all read from an allow-list; the URL is the whole state.

A `Table` is made once per module. `table.page(session, query, request.args)` costs two statements (a count and the
rows), whatever is asked, and a strange parameter never fails: it is left out and `page.notes` says so.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Response, has_request_context, request
from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.web.render import as_csv

KINDS = ("text", "number", "time", "badge", "id", "tags")
CSV_ROWS = 50_000
LONGEST_VALUE = 200
CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Args = Mapping[str, str] | MultiDict[str, str]


@dataclass(frozen=True)
class Badge:
    """A state: the word and its tone, one of draft, open, live, warning, failing, done."""

    word: str
    tone: str = "draft"

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Column:
    """`value`: an attribute's name or a function of the row (default: the attribute named `key`).

    `sort`: the SQL expression that orders by this column; None makes it unsortable. `kind`: how a cell is drawn, see
    KINDS. `shown`: part of the first view. `pinned`: cannot be switched off. `link`: a function of the row to a URL.
    `csv`: what the CSV holds where that differs from `value`.
    """

    key: str
    label: str
    value: str | Callable[[Any], Any] | None = None
    sort: Any = None
    kind: str = "text"
    shown: bool = True
    pinned: bool = False
    link: Callable[[Any], str] | None = None
    csv: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column {self.key!r}: kind {self.kind!r} is not one of {KINDS}")

    def of(self, row: Any) -> Any:
        """The value of this column in `row`."""
        if callable(self.value):
            return self.value(row)
        return getattr(row, self.value or self.key)

    def csv_of(self, row: Any) -> Any:
        """The value that the CSV shows."""
        return self.csv(row) if self.csv else self.of(row)


class Filter(Protocol):
    """A control in the filter row. `names` are its URL parameters."""

    label: str
    kind: str

    @property
    def names(self) -> tuple[str, ...]: ...

    def criteria(self, values: Mapping[str, str]) -> "Criteria": ...


@dataclass(frozen=True)
class Criteria:
    """What a filter adds to the query, and a sentence for each value it had to leave out."""

    where: tuple[ColumnElement[bool], ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """Free text, found anywhere in any of `columns`, case-blind. `%` and `_` mean themselves."""

    columns: Sequence[Any]
    label: str = "Search"
    key: str = "q"
    kind: str = "search"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key,)

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        text = values[self.key]
        return Criteria((or_(*(column.icontains(text, autoescape=True) for column in self.columns)),))


@dataclass(frozen=True)
class Choice:
    """One of `choices` (value, label). `column == value`, or `criteria_of[value]` where a state is derived.

    `empty`: what the list holds where nothing is chosen.
    """

    key: str
    label: str
    choices: Sequence[tuple[str, str]] | Callable[[], Sequence[tuple[str, str]]]
    column: Any = None
    criteria_of: Mapping[str, Any] | None = None
    kind: str = "choice"
    empty: str = "All"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key,)

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        return self.choices() if callable(self.choices) else self.choices

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        value = values[self.key]
        if value not in {str(option) for option, _ in self.options}:
            return Criteria(refused={self.key: f"{self.label} has no choice “{value}”, so it was left out."})
        return Criteria((self.criteria_of[value] if self.criteria_of else self.column == value,))


@dataclass(frozen=True)
class Dates:
    """From one day to another, both included, UTC. Parameters: `<key>_from` and `<key>_to`, as YYYY-MM-DD."""

    key: str
    label: str
    column: Any
    kind: str = "dates"

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.key}_from", f"{self.key}_to")

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        where, refused = [], {}
        for name, value in values.items():
            try:
                day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
                last = name.endswith("_to")
                where.append(self.column < day + timedelta(days=1) if last else self.column >= day)
            except (ValueError, OverflowError):
                refused[name] = f"{self.label}: “{value}” is not a day such as 2026-03-15, so it was left out."
        return Criteria(tuple(where), refused)


@dataclass(frozen=True)
class Table:
    """A list's definition. `name` is the id of its region on the page and of its remembered columns.

    `order`: the first order, a column's key, with "-" in front for descending. `keep`: other URL parameters that every
    link of the table carries along (a tab's name). `noun`: (one, many) of what is counted. `unique`: what settles ties
    where the rows are not those of one model.
    """

    name: str
    columns: Sequence[Column]
    filters: Sequence[Any] = ()
    order: str = ""
    sizes: Sequence[int] = (25, 50, 100)
    noun: tuple[str, str] = ("row", "rows")
    keep: Sequence[str] = ()
    unique: Any = None

    def page(self, session: Session, query: Select[Any], args: Args, path: str | None = None) -> "TablePage":
        """Read `args`, narrow and order `query`, and fetch one page of it. Two statements; raises nothing for bad input."""
        state = _State(self, args)
        statement = query.where(*state.where)
        counted = statement.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
        if _is_grouped(statement):
            counted = select(func.count()).select_from(statement.order_by(None).subquery())
        total = session.scalar(counted) or 0
        last = max(1, -(-total // state.size))
        number = min(state.number, last)
        ordered = self._ordered(statement, state)
        rows = _rows(session, ordered.limit(state.size).offset((number - 1) * state.size))
        here = path if path is not None else (request.path if has_request_context() else "")
        return TablePage(self, state, rows, total, number, last, here, lambda: _rows(session, ordered.limit(CSV_ROWS)))

    def _ordered(self, statement: Select[Any], state: "_State") -> Select[Any]:
        """Empty values last both ways; the primary key settles ties, so that pages never overlap."""
        expression = next(column.sort for column in self.columns if column.key == state.sort) if state.sort else None
        keys = []
        if expression is not None:
            keys.append((expression.desc() if state.descending else expression.asc()).nulls_last())
        entity = statement.column_descriptions[0].get("entity")
        if self.unique is not None:
            keys.append(self.unique)
        elif entity is not None and not _is_grouped(statement):
            keys += [key.desc() if state.descending else key for key in inspect(entity).primary_key]
        return statement.order_by(None).order_by(*keys) if keys else statement


@dataclass
class TablePage:
    """One page of a table and the URLs that lead away from it. Made by `Table.page`, read by the table macro."""

    table: Table
    state: "_State"
    rows: Sequence[Any]
    total: int
    number: int
    last: int
    path: str
    _all_rows: Callable[[], Sequence[Any]]

    @property
    def columns(self) -> list[Column]:
        return [column for column in self.table.columns if column.key in self.state.columns]

    @property
    def filtered(self) -> bool:
        return bool(self.state.values)

    @property
    def notes(self) -> list[str]:
        return self.state.notes

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.state.size + 1 if self.total else 0

    @property
    def last_row(self) -> int:
        return min(self.number * self.state.size, self.total)

    @property
    def noun(self) -> str:
        return self.table.noun[self.total != 1]

    @property
    def wants_csv(self) -> bool:
        return self.state.format == "csv"

    def csv(self) -> Response:
        """The filtered, ordered list with the shown columns as a download, up to CSV_ROWS rows (the last line says so)."""
        lines: list[list[Any]] = [[column.csv_of(row) for column in self.columns] for row in self._all_rows()]
        if self.total > len(lines):
            lines.append([f"Only the first {len(lines):,} of {self.total:,} {self.noun}. Narrow the filters."])
        return as_csv(f"{self.table.name}.csv", [column.label for column in self.columns], lines)

    def url(self, **changes: Any) -> str:
        """This list's address with `changes` (None removes a parameter). Changing anything but the page goes to page 1."""
        pairs = dict(self.state.pairs)
        if self.number > 1 and "page" not in changes and not changes:
            pairs["page"] = str(self.number)
        pairs.update({key: str(value) for key, value in changes.items() if value is not None})
        for key in [key for key, value in changes.items() if value is None]:
            pairs.pop(key, None)
        if pairs.get("page") == "1":
            del pairs["page"]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def sort_url(self, column: Column) -> str:
        """Ascending first, then descending, then ascending again."""
        descending = self.state.sort == column.key and not self.state.descending
        return self.url(sort=("-" if descending else "") + column.key)

    def sorted(self, column: Column) -> str:
        """The value of aria-sort: none, ascending or descending."""
        if self.state.sort != column.key:
            return "none"
        return "descending" if self.state.descending else "ascending"

    @property
    def clear_url(self) -> str:
        return self.url(**dict.fromkeys(self.state.values))

    @property
    def url_of_first_view(self) -> str:
        """The list without filters, in its own order, with its own columns."""
        return self.url(**dict.fromkeys(name for name in self.state.pairs if name not in self.table.keep))

    @property
    def csv_url(self) -> str:
        return self.url(format="csv")

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """The parameters that a GET form must carry along, but for those it has controls for."""
        return [(key, value) for key, value in self.state.pairs.items() if key not in without]

    @property
    def filter_names(self) -> list[str]:
        return [name for item in self.table.filters for name in item.names]


class _State:
    """What the URL asks for, checked against the table's allow-lists."""

    def __init__(self, table: Table, args: Args) -> None:
        self.table, self.args = table, args
        self.notes: list[str] = []
        self.values: dict[str, str] = {}
        self.where: list[ColumnElement[bool]] = []
        self.sort, self.descending = self._order()
        self.size = self._one_of("size", table.sizes, table.sizes[0])
        self.number = self._page_number()
        self.format = "csv" if args.get("format") == "csv" else "html"
        for item in table.filters:
            self._apply(item)

    @cached_property
    def columns(self) -> list[str]:
        """Shown columns: the URL's, else those remembered in the cookie, else the table's own. Filters never change."""
        known = {column.key for column in self.table.columns}
        for text in (self._text("columns"), self._remembered()):
            asked = {key for key in re.split(r"[,. ]", text) if key in known}
            if asked:
                return [column.key for column in self.table.columns if column.key in asked or column.pinned]
        return [column.key for column in self.table.columns if column.shown or column.pinned]

    @cached_property
    def pairs(self) -> dict[str, str]:
        """Every parameter that differs from the first view, but for the page's number."""
        pairs = {name: text for name in self.table.keep if (text := self._text(name))}
        pairs.update(self.values)
        order = ("-" if self.descending else "") + self.sort
        if order != self.table.order:
            pairs["sort"] = order
        if self.size != self.table.sizes[0]:
            pairs["size"] = str(self.size)
        if self._text("columns"):
            pairs["columns"] = ",".join(self.columns)
        return pairs

    def _order(self) -> tuple[str, bool]:
        for text in (self._text("sort"), self.table.order):
            key = text.removeprefix("-")
            if any(column.key == key and column.sort is not None for column in self.table.columns):
                return key, text.startswith("-")
            if text and text != self.table.order:
                self.notes.append(f"This list cannot be sorted by “{key}”, so it is in its usual order.")
        return "", False

    def _one_of(self, name: str, allowed: Sequence[int], default: int) -> int:
        text = self._text(name)
        if not text or text in map(str, allowed):
            return int(text or default)
        self.notes.append(f"A page holds {', '.join(map(str, allowed))} rows, not “{text}”; it holds {default} now.")
        return default

    def _page_number(self) -> int:
        text = self._text("page")
        if re.fullmatch(r"[0-9]{1,9}", text):
            return max(1, int(text))
        if text:
            self.notes.append(f"There is no page “{text}”, so this is the first.")
        return 1

    def _apply(self, item: Any) -> None:
        given = {name: text for name in item.names if (text := self._text(name))}
        if not given:
            return
        criteria = item.criteria(given)
        refused = dict(criteria.refused)
        self.where += criteria.where
        self.notes += refused.values()
        self.values.update({name: text for name, text in given.items() if name not in refused})

    def _text(self, name: str) -> str:
        values = self.args.getlist(name) if isinstance(self.args, MultiDict) else [self.args.get(name, "")]
        joined = ",".join(values) if name == "columns" else next(iter(values), "")
        return CONTROLS.sub("", joined).strip()[:LONGEST_VALUE]

    def _remembered(self) -> str:
        return request.cookies.get(f"columns.{self.table.name}", "") if has_request_context() else ""


def _is_grouped(statement: Select[Any]) -> bool:
    return bool(statement._group_by_clauses or statement._distinct)


def _rows(session: Session, statement: Select[Any]) -> Sequence[Any]:
    """Entities where one thing is selected, rows with names otherwise."""
    if len(statement.column_descriptions) == 1:
        return session.scalars(statement).unique().all()
    return session.execute(statement).all()

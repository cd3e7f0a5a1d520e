"""The list machine: allow-lists, two statements, state in the URL, and no parameter that can break it."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from werkzeug.datastructures import MultiDict

from portal.kernel.db import UTCDateTime
from portal.web.tables import Badge, Choice, Column, Dates, Search, Table

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


class Base(DeclarativeBase):
    pass


class Book(Base):
    """A table of these tests alone; every test reads only its own shelf."""

    __tablename__ = "books_of_the_table_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="novel")
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


BOOKS = Table(
    "books",
    [
        Column("title", "Title", sort=Book.title, pinned=True),
        Column("kind", "Kind", value=lambda book: Badge(book.kind, "live"), sort=Book.kind, kind="badge"),
        Column("read_at", "Read", sort=Book.read_at, kind="time"),
        Column("shelf", "Shelf", shown=False),
    ],
    filters=[
        Search([Book.title]),
        Choice("kind", "Kind", [("novel", "Novel"), ("atlas", "Atlas")], column=Book.kind),
        Choice("state", "State", [("unread", "Unread")], criteria_of={"unread": Book.read_at.is_(None)}),
        Dates("read", "Read", Book.read_at),
    ],
    order="title",
    sizes=(5, 10),
    noun=("book", "books"),
    keep=("tab",),
)


class Shelf:
    """Books of one test."""

    def __init__(self, session: Session) -> None:
        self.session, self.name = session, uuid.uuid4().hex

    def add(self, *titles: str, **values: object) -> None:
        self.session.add_all(Book(shelf=self.name, title=title, **values) for title in titles)
        self.session.flush()

    def page(self, args: dict[str, str] | MultiDict[str, str] | None = None, table: Table = BOOKS):
        return table.page(self.session, select(Book).where(Book.shelf == self.name), args or {}, path="/books")

    def titles(self, **args: str) -> list[str]:
        return [book.title for book in self.page(args).rows]


@pytest.fixture
def shelf(session: Session) -> Shelf:
    Base.metadata.create_all(session.connection())
    return Shelf(session)


def test_a_page_costs_two_statements_whatever_is_asked(shelf, count_sql):
    shelf.add(*(f"book {number:02}" for number in range(12)))
    with count_sql() as statements:
        page = shelf.page({"q": "book", "kind": "novel", "sort": "-read_at", "page": "2", "read_to": "2030-01-01"})
        assert page.total == 0
    assert len(statements) == 2
    with count_sql() as statements:
        assert len(shelf.page({"page": "3"}).rows) == 2
    assert len(statements) == 2


def test_rows_come_in_the_order_the_address_asks_for(shelf):
    shelf.add("b", "c", "a")
    assert shelf.titles() == ["a", "b", "c"]
    assert shelf.titles(sort="-title") == ["c", "b", "a"]


def test_empty_values_come_last_both_ways(shelf):
    shelf.add("never")
    shelf.add("early", read_at=NOON)
    shelf.add("late", read_at=NOON + timedelta(days=1))
    assert shelf.titles(sort="read_at") == ["early", "late", "never"]
    assert shelf.titles(sort="-read_at") == ["late", "early", "never"]


def test_pages_never_overlap_when_all_values_are_equal(shelf):
    shelf.add(*["same"] * 12)
    seen = [book.id for number in ("1", "2", "3") for book in shelf.page({"page": number, "sort": "kind"}).rows]
    assert len(seen) == len(set(seen)) == 12


@pytest.mark.parametrize("sort", ["shelf", "password", "-", "title; DROP TABLE books", "--title", "title\x00x"])
def test_an_order_that_is_not_offered_is_left_out_with_a_note(shelf, sort):
    shelf.add("b", "a")
    page = shelf.page({"sort": sort})
    assert [book.title for book in page.rows] == ["a", "b"]
    assert page.notes and "order" in page.notes[0]


@pytest.mark.parametrize(
    "args",
    [
        {"page": "-1"},
        {"page": "9" * 30},
        {"page": "٣"},
        {"page": "1e3"},
        {"size": "1000000"},
        {"size": "abc"},
        {"size": "-5"},
        {"kind": "poem"},
        {"read_from": "yesterday"},
        {"read_from": "2026-02-30"},
        {"read_to": "9999-12-31"},
        {"q": "\x00"},
        {"q": "a" * 100_000},
        {"q": "\ud800"},
        {"columns": "nothing,here"},
        {"columns": ",,,"},
        {"format": "exe"},
        {"unknown": "thing"},
    ],
)
def test_a_strange_parameter_never_fails(shelf, args):
    shelf.add("one")
    page = shelf.page(args)
    assert page.number == 1
    assert page.columns
    assert page.url()


def test_a_page_past_the_end_shows_the_last_one(shelf):
    shelf.add(*(f"book {number:02}" for number in range(7)))
    page = shelf.page({"page": "99"})
    assert (page.number, page.first_row, page.last_row, page.total) == (2, 6, 7, 7)


def test_percent_and_underscore_in_a_search_mean_themselves(shelf):
    shelf.add("100% sure", "1000 sure", "a_b", "aXb", "back\\slash")
    assert shelf.titles(q="100%") == ["100% sure"]
    assert shelf.titles(q="a_b") == ["a_b"]
    assert shelf.titles(q="\\") == ["back\\slash"]
    assert shelf.titles(q="SURE") == ["100% sure", "1000 sure"]


def test_filters_narrow_together(shelf):
    shelf.add("map", kind="atlas")
    shelf.add("old map", kind="atlas", read_at=NOON)
    shelf.add("tale")
    assert shelf.titles(kind="atlas") == ["map", "old map"]
    assert shelf.titles(kind="atlas", state="unread") == ["map"]


def test_dates_include_both_ends_of_the_range(shelf):
    shelf.add("before", read_at=datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC))
    shelf.add("first moment", read_at=datetime(2026, 3, 15, tzinfo=UTC))
    shelf.add("last moment", read_at=datetime(2026, 3, 15, 23, 59, 59, 999_000, tzinfo=UTC))
    shelf.add("next day", read_at=datetime(2026, 3, 16, tzinfo=UTC))
    assert shelf.titles(read_from="2026-03-15", read_to="2026-03-15") == ["first moment", "last moment"]


def test_a_refused_filter_is_named_and_not_carried_on(shelf):
    shelf.add("one")
    page = shelf.page({"kind": "poem", "q": "one"})
    assert page.notes == ["Kind has no choice “poem”, so it was left out."]
    assert page.url() == "/books?q=one"


def test_every_link_keeps_the_filters(shelf):
    shelf.add(*(f"book {number:02}" for number in range(12)))
    page = shelf.page({"q": "book", "kind": "novel", "page": "2", "tab": "all", "junk": "x"})
    assert page.url() == "/books?tab=all&q=book&kind=novel&page=2"
    assert page.url(page=3) == "/books?tab=all&q=book&kind=novel&page=3"
    assert page.url(page=1) == "/books?tab=all&q=book&kind=novel"
    assert page.csv_url == "/books?tab=all&q=book&kind=novel&format=csv"
    assert page.clear_url == "/books?tab=all"


def test_sorting_goes_back_to_the_first_page(shelf):
    shelf.add(*(f"book {number:02}" for number in range(12)))
    page = shelf.page({"page": "2"})
    title, kind = page.columns[:2]
    assert page.sort_url(title) == "/books?sort=-title"
    assert page.sort_url(kind) == "/books?sort=kind"
    assert (page.sorted(title), page.sorted(kind)) == ("ascending", "none")


def test_a_value_in_a_link_is_escaped(shelf):
    shelf.add("a&b=c #d")
    assert shelf.page({"q": "a&b=c #d"}).url() == "/books?q=a%26b%3Dc+%23d"


def test_chosen_columns_keep_the_pinned_one_and_the_filters(shelf):
    shelf.add("one")
    page = shelf.page(MultiDict([("columns", "shelf"), ("columns", "kind"), ("q", "one")]))
    assert [column.key for column in page.columns] == ["title", "kind", "shelf"]
    assert page.url() == "/books?q=one&columns=title%2Ckind%2Cshelf"


def test_remembered_columns_do_not_drop_the_filters(app, shelf):
    shelf.add("one", "two")
    with app.test_request_context("/books?q=one", headers={"Cookie": "columns.books=shelf.kind"}):
        page = shelf.page({"q": "one"})
        assert [column.key for column in page.columns] == ["title", "kind", "shelf"]
        assert page.total == 1
        assert page.url() == "/books?q=one"


def test_a_cookie_full_of_nonsense_shows_the_first_view(app, shelf):
    with app.test_request_context("/books", headers={"Cookie": "columns.books=%00;;.drop"}):
        assert [column.key for column in shelf.page().columns] == ["title", "kind", "read_at"]


def test_the_csv_holds_every_filtered_row_and_the_shown_columns(app, shelf):
    shelf.add(*(f"book {number:02}" for number in range(12)))
    shelf.add("=HYPERLINK(1)", "+1", "-2.5", "@x", "plain")
    with app.test_request_context("/books"):
        page = shelf.page({"format": "csv", "page": "2"})
        assert page.wants_csv
        response = page.csv()
        text = response.get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Title", "Kind", "Read"]
    assert len(rows) == 1 + 17
    titles = {row[0] for row in rows[1:]}
    assert {"'=HYPERLINK(1)", "'@x", "+1", "-2.5", "plain"} <= titles
    assert response.headers["Content-Disposition"] == "attachment; filename=books.csv"


def test_a_query_of_several_columns_gives_rows_with_names(shelf, session):
    shelf.add("a", "b")
    table = Table("pairs", [Column("title", "Title", sort=Book.title)], order="-title")
    query = select(Book.id, Book.title).where(Book.shelf == shelf.name)
    assert [row.title for row in table.page(session, query, {}, path="/x").rows] == ["b", "a"]


def test_a_grouped_query_counts_its_groups(shelf, session):
    shelf.add("a", "b")
    shelf.add("c", kind="atlas")
    table = Table("kinds", [Column("kind", "Kind", sort=Book.kind)], order="kind")
    query = select(Book.kind, func.count().label("n")).where(Book.shelf == shelf.name).group_by(Book.kind)
    page = table.page(session, query, {}, path="/x")
    assert (page.total, [(row.kind, row.n) for row in page.rows]) == (2, [("atlas", 1), ("novel", 2)])


def test_a_column_of_an_unknown_kind_is_refused_when_the_program_starts():
    with pytest.raises(ValueError, match="not one of"):
        Column("x", "X", kind="picture")

"""An offer is decided once at a time, however many decide at once; the naive way of doing it is kept and caught."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.audit.service import SYSTEM
from portal.competitions.model import Competition, competition_by_uid
from portal.competitions.results import Report, record_result
from portal.kernel.constraints import sentence_for
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from portal.markets import service
from portal.markets.model import Offer, Settlement
from tests.markets.betting import Book

AT_ONCE = 6


def all_at_once(app, calls: list[Callable[[], object]]) -> list[str]:
    """What came of each: "done", or the error's kind."""
    start, said = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                call()
                said.append("done")
            except PortalError as error:
                said.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def chained(book: Book) -> bool:
    """Every step of the log begins where the one before it ended, and the offer stands where the last one led. The first begins
    with an offer that was open, or suspended, which is no settlement."""
    log = book.log()
    begins = ["suspended" if log[0][0] == "suspended" else "open", *(step[1] for step in log)]
    return [step[0] for step in log] == begins[:-1] and book.state()[:2] == (log[-1][1], log[-1][2])


def test_void_settle_and_a_result_at_once_leave_one_story(app, make):
    book = Book.opened(make)

    def verb(name: str, *values: str) -> None:
        book.do(name, *values)

    calls: list[Callable[[], object]] = [lambda: verb("void"), lambda: verb("settle", "a"), lambda: verb("settle", "b")]
    all_at_once(app, [*calls, lambda: book.report(2, 0), lambda: verb("suspend"), lambda: verb("change_prices", {"a": "3.10"})])
    assert chained(book)
    assert book.numbers() == list(range(1, len(book.log()) + 1))
    assert book.state()[2] == "admin"  # whenever the result came, an admin's word stands


def test_the_same_offer_is_voided_once(app, make):
    book = Book.opened(make)
    said = all_at_once(app, [lambda: book.do("void")] * AT_ONCE)
    assert sorted(said) == ["Conflict"] * (AT_ONCE - 1) + ["done"]
    assert book.log() == [("open", "voided", None, "admin", False)]


def test_the_same_market_is_posted_once(app, make):
    book = Book.opened(make)
    second = book.matches()[1].uid
    said: list[str] = []

    def post() -> None:
        try:
            make.offer(book.org, book.uid, second)
        except IntegrityError as error:
            said.append(sentence_for(error)[1])

    all_at_once(app, [post] * 3)
    assert said == ["This market is offered on the match already."] * 2


def test_results_in_many_competitions_number_the_log_without_a_gap(app, make):
    books = [Book.opened(make)]
    for _ in range(AT_ONCE - 1):
        org = books[0].org
        book = Book(make, org, make.competition(org, status="active", entrants=2, category="cs2"))
        book.match = book.matches()[0].uid
        make.offer(org, book.uid, book.match)
        books.append(book)
    assert all_at_once(app, [lambda book=book: book.report(1, 0) for book in books]) == ["done"] * AT_ONCE
    assert books[0].numbers() == list(range(1, AT_ONCE + 1))


def naive_void(book: Book, both_have_looked: threading.Barrier) -> None:
    """Looks before it holds anything."""
    with unit_of_work() as session:
        competition = session.scalars(select(Competition).where(Competition.uid == book.uid)).one()
        offer = session.scalars(select(Offer).where(Offer.uid == book.offers[0])).one()
        open_still = offer.status == "open"
        both_have_looked.wait(5)
        if open_still:
            session.execute(update(Offer).where(Offer.id == offer.id).values(status="voided"))
            head = {"org_id": book.org.id, "competition_id": competition.id, "offer_id": offer.id, "match_uid": book.match}
            number = threading.get_ident() % 10**9  # a number from anywhere: what is shown here is the double step
            step = {"previous_status": "open", "new_status": "voided", "settled_by": "admin", "number": number}
            session.add(Settlement(**head, **step))


def test_the_naive_way_voids_twice(app, make, database_url):
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite lets one writer in at a time, so the naive way has to wait too")
    book = Book.opened(make)
    looked = threading.Barrier(2)
    assert all_at_once(app, [lambda: naive_void(book, looked)] * 2) == ["done", "done"]
    assert len(book.log()) == 2 and not chained(book)


def test_a_result_and_a_new_offer_at_once_leave_no_open_offer_on_a_match_that_is_over(app, make):
    book = Book.opened(make)

    def post() -> None:
        with unit_of_work() as session:
            competition = competition_by_uid(session, book.org.id, book.uid)
            service.offer_winners(session, competition, SYSTEM, {"a": "1.80", "b": "2.00"})

    second = book.matches()[1].uid

    def report() -> None:
        with unit_of_work() as session:
            competition = competition_by_uid(session, book.org.id, book.uid)
            record_result(session, competition, SYSTEM, second, Report("a", 1, 0))

    all_at_once(app, [post, report, post])
    with unit_of_work() as session:
        statuses = session.scalars(select(Offer.status).where(Offer.match_uid == second)).all()
    assert list(statuses) in ([], ["settled"])

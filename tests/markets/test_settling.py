"""Offers follow the matches by themselves, in the transaction of the result."""

import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.audit.service import SYSTEM
from portal.competitions.finishing import disqualify
from portal.competitions.model import Entry, entries_of
from portal.competitions.service import cancel_competition
from portal.formats.plan import Match, Outcome
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, PortalError
from portal.markets.engine import step_of
from portal.markets.model import Offer
from tests.markets.betting import Book

LEAGUE = {"kind": "league", "keys": ("a", "b", "draw")}


@pytest.mark.parametrize("score, winner", [((2, 0), "a"), ((0, 2), "b"), ((1, 1), "draw")])
def test_a_result_settles_the_match_winner_and_tells_it_in_the_same_transaction(make, score, winner):
    book = Book.opened(make, **LEAGUE)
    book.report(*score)
    assert book.state() == ("settled", winner, "engine")
    assert book.log() == [("open", "settled", winner, "engine", False)]
    (event,) = book.events("bet_settlement")
    results = {each["key"]: each["result"] for each in event.data["market"]["outcomes"]}
    assert results == {key: "won" if key == winner else "lost" for key in ("a", "b", "draw")}
    assert event.data["settlement"]["outcome"] == winner and event.competition == book.uid


def test_a_result_that_is_refused_settles_nothing(make):
    book = Book.opened(make)
    with pytest.raises(PortalError):
        book.report(1, 1)
    assert (book.state(), book.log()) == (("open", None, None), [])


@pytest.mark.parametrize("outcome", [Outcome.WALKOVER, Outcome.NO_SHOW])
def test_only_a_match_that_was_played_settles_everything_else_pays_stakes_back(make, outcome):
    book = Book.opened(make)
    book.report(1, 0, outcome)
    assert book.state() == ("voided", None, "engine")


def test_a_draw_that_was_not_offered_voids_the_market(make):
    book = Book.opened(make, "league")
    book.report(1, 1)
    assert book.state() == ("voided", None, "engine")


def test_a_correction_settles_anew_and_the_same_result_does_not(make):
    book = Book.opened(make, **LEAGUE)
    book.report(2, 0)
    book.correct(3, 1)  # the same winner
    assert len(book.log()) == 1
    book.correct(0, 1)
    book.correct(0, 0)
    book.correct(1, 0, Outcome.WALKOVER)
    book.correct(1, 0)
    assert book.log() == [
        ("open", "settled", "a", "engine", False),
        ("settled", "settled", "b", "engine", True),
        ("settled", "settled", "draw", "engine", True),
        ("settled", "voided", None, "engine", True),
        ("voided", "settled", "a", "engine", True),
    ]
    assert book.numbers() == [1, 2, 3, 4, 5]


def test_a_result_that_is_cleared_leads_back_and_other_sides_void(make):
    book = Book.opened(make, entrants=4)
    first, second, final = book.matches()
    book.report(1, 0, match=first.uid)
    book.report(1, 0, match=second.uid)
    book.offers.append(make.offer(book.org, book.uid, final.uid))
    book.report(2, 1, match=final.uid)
    assert book.state(book.offers[1]) == ("settled", "a", "engine")
    book.correct(0, 1, cascade=True, match=first.uid)  # the final is to be played again, by somebody else
    assert book.state() == ("settled", "b", "engine")
    assert book.state(book.offers[1]) == ("voided", None, "system")
    book.offers.append(make.offer(book.org, book.uid, final.uid))  # the market between the new sides
    book.report(0, 1, match=final.uid)
    assert book.state(book.offers[2]) == ("settled", "b", "engine")
    assert book.state(book.offers[1]) == ("voided", None, "system")


def test_a_later_match_between_the_same_sides_that_has_to_be_played_again_is_suspended(make):
    """Swiss pairings stand after a correction, so only the pure rule can show it here for one match."""
    sides = {"number": 1, "stage": "rounds", "round": 1, "position": 1, "a": 7, "b": 8}
    over, again = Match(**sides, score_a=1, score_b=0, winner="a", outcome=Outcome.PLAYED), Match(**sides)
    offer = Offer(type="match_winner", status="settled", winner="a", settled_by="engine", outcomes=[{"key": "a"}, {"key": "b"}])
    step = step_of(offer, over, again)
    assert (step.status, step.outcome, step.by) == ("suspended", None, "engine")
    offer.settled_by = "admin"
    assert step_of(offer, over, again) is None


def test_what_an_admin_decided_stays(make):
    book = Book.opened(make)
    book.do("void", "Technical fault")
    book.report(2, 0)
    assert book.state() == ("voided", None, "admin")
    book.do("settle", "b")
    book.correct(3, 0)
    assert book.state() == ("settled", "b", "admin")
    with pytest.raises(Conflict):
        book.do("settle", "b")


def test_other_markets_stop_taking_bets_and_wait_for_an_admin(make):
    book = Book.opened(make)
    book.offers.append(make.offer(book.org, book.uid, book.match, "total_maps", ("over", "under")))
    book.report(2, 0)
    assert book.state(book.offers[1]) == ("suspended", None, None)
    assert [event.subject for event in book.events("market.suspended")] == [book.offers[1]]
    with pytest.raises(Conflict):
        book.do("unsuspend", offer=book.offers[1])
    book.do("settle", "under", offer=book.offers[1])
    assert book.state(book.offers[1]) == ("settled", "under", "admin")


def test_cancelling_voids_what_waits_and_leaves_what_is_decided(make):
    book = Book.opened(make)
    other = book.matches()[1].uid
    book.offers.append(make.offer(book.org, book.uid, other))
    book.report(2, 0)
    with unit_of_work() as session:
        cancel_competition(session, book.competition(session), SYSTEM)
    assert book.state() == ("settled", "a", "engine")
    assert book.state(book.offers[1]) == ("voided", None, "system")


def test_taking_a_participant_out_voids_the_walkover(make):
    book = Book.opened(make)
    match = book.matches()[0]
    with unit_of_work() as session:
        competition = book.competition(session)
        entry = session.scalars(entries_of(competition).where(Entry.id == match.a_id)).one()
        disqualify(session, competition, SYSTEM, entry.uid, "Left.")
    assert book.state() == ("voided", None, "engine")


def test_the_log_never_changes(make, app):
    book = Book.opened(make)
    book.report(2, 0)
    for statement in ("UPDATE market_settlements SET outcome = 'b'", "DELETE FROM market_settlements"):
        with pytest.raises(DBAPIError, match="never changed or removed"), unit_of_work() as session:
            session.execute(text(f"{statement} WHERE org_id = {book.org.id}"))
    assert book.log() == [("open", "settled", "a", "engine", False)]


def test_the_log_of_an_organization_is_numbered_without_a_gap_over_its_competitions(make):
    book = Book.opened(make)
    other = Book(make, book.org, make.competition(book.org, status="active", entrants=2, category="cs2"))
    other.match = other.matches()[0].uid
    other.offers.append(make.offer(other.org, other.uid, other.match))
    foreign = Book.opened(make)
    for each, turn in zip(itertools.cycle((book, other, foreign)), range(6), strict=False):
        each.do("settle", "a" if turn < 3 else "b")
    assert book.numbers() == [1, 2, 3, 4]
    assert foreign.numbers() == [1, 2]

"""A competition with an offer on its first match, and what the tests do with it."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions.corrections import Wanted, correct_result
from portal.competitions.model import Competition, Match, competition_by_uid, matches_of
from portal.competitions.results import Report, record_result
from portal.formats.plan import Outcome
from portal.kernel.db import unit_of_work
from portal.markets import service
from portal.markets.lists import log_of
from portal.markets.model import Offer
from portal.outbox.model import Event
from tests.make import Make, Org


@dataclass
class Book:
    """One competition, its first open match and the offers on it."""

    make: Make
    org: Org
    uid: str
    match: str = ""
    offers: list[str] = field(default_factory=list)

    @classmethod
    def opened(
        cls, make: Make, kind: str = "bracket", entrants: int = 4, keys: tuple[str, ...] = ("a", "b"), **terms: Any
    ) -> "Book":
        org = make.org()
        uid = make.competition(org, kind, status="active", entrants=entrants, category="cs2", **terms)
        book = cls(make, org, uid)
        book.match = book.matches()[0].uid
        book.offers.append(make.offer(org, uid, book.match, keys=keys))
        return book

    def matches(self) -> list[Match]:
        with unit_of_work() as session:
            found = session.scalars(matches_of(self.competition(session))).all()
            session.expunge_all()
            return list(found)

    def competition(self, session: Any) -> Competition:
        return competition_by_uid(session, self.org.id, self.uid)

    def report(self, a: int, b: int, outcome: Outcome = Outcome.PLAYED, match: str = "") -> None:
        winner = "a" if a > b else "b" if b > a else "draw"
        with unit_of_work() as session:
            record_result(session, self.competition(session), SYSTEM, match or self.match, Report(winner, a, b, outcome))

    def correct(self, a: int, b: int, outcome: Outcome = Outcome.PLAYED, *, cascade: bool = False, match: str = "") -> None:
        winner = "a" if a > b else "b" if b > a else "draw"
        with unit_of_work() as session:
            wanted, report = Wanted(cascade=cascade), Report(winner, a, b, outcome)
            correct_result(session, self.competition(session), SYSTEM, match or self.match, report, wanted)

    def do(self, verb: str, *values: Any, offer: str = "") -> None:
        """A verb of the service on an offer."""
        with unit_of_work() as session:
            getattr(service, verb)(session, self.competition(session), SYSTEM, offer or self.offers[0], *values)

    def state(self, offer: str = "") -> tuple[str, str | None, str | None]:
        """Status, winner, and who decided."""
        with unit_of_work() as session:
            found = session.scalars(select(Offer).where(Offer.uid == (offer or self.offers[0]))).one()
            return found.status, found.winner, found.settled_by

    def log(self) -> list[tuple[str, str, str | None, str, bool]]:
        """The organization's log without numbers and moments."""
        with unit_of_work() as session:
            rows = session.execute(log_of(self.org.id)).all()
            return [(r.previous_status, r.new_status, r.outcome, r.settled_by, r.is_resettlement) for r, _ in rows]

    def numbers(self) -> list[int]:
        with unit_of_work() as session:
            return [row.number for row, _ in session.execute(log_of(self.org.id))]

    def events(self, *names: str) -> list[Event]:
        with unit_of_work() as session:
            found = session.scalars(
                select(Event).where(Event.org_id == self.org.id, Event.type.in_(names)).order_by(Event.id)
            ).all()
            session.expunge_all()
            return list(found)

"""An organization's webhooks, turned by hand: hand on, claim, record, let time pass."""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from portal import worker
from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.orgs.model import Organization
from portal.outbox.relay import relay
from portal.webhooks import service
from portal.webhooks.claiming import Claimed, claim
from portal.webhooks.fan_out import fan_out
from portal.webhooks.model import Allowance, Attempt, Delivery, Endpoint, EndpointHour, Recovery
from portal.webhooks.outgoing import Outgoing
from portal.webhooks.recording import Tried, record_tries
from portal.webhooks.sending import Answer
from tests.make import Make, Org

GOOD = Answer(utc_now(), 12, 200, {}, b"ok", "", 11)


def bad(status: int | None = 500, error: str = "The receiver answered 500.", **more: Any) -> Answer:
    """A try that failed."""
    return Answer(utc_now(), 12, status, more.pop("headers", {}), b"no", error, 11, **more)


class Office:
    """`org` and its endpoints by uid. Each step is a unit of work of its own."""

    def __init__(self, app: Flask, make: Make, org: Org) -> None:
        self.app, self.make, self.org = app, make, org
        self.settings = app.config["SETTINGS"]

    def endpoint(self, url: str = "http://127.0.0.1:9/", types: Sequence[str] = ("match.*",), **terms: Any) -> str:
        """The uid of a new endpoint that has seen everything until now."""
        uid = self.make.webhook(self.org, url, types, **terms)
        self.hand_on()
        with unit_of_work() as session:
            number = select(Endpoint.id).where(Endpoint.uid == uid).scalar_subquery()
            session.execute(update(Delivery).where(Delivery.endpoint_id == number).values(state="canceled", due_at=None))
        return uid

    def tell(self, count: int = 1, name: str = "match.completed", **data: Any) -> list[str]:
        """So many events, handed on; their uids."""
        made = [self.make.event(self.org, name, {"n": number} | data) for number in range(count)]
        self.hand_on()
        return made

    def hand_on(self) -> None:
        """Everything that waits, of everybody."""
        while True:
            with unit_of_work() as session:
                if not relay(session, [fan_out]):
                    return

    def claim(self, most: int = 10_000, hourly: int = 1000) -> list[Claimed]:
        """What this organization gets; other tests' leftovers are leased too, which they no longer mind."""
        with unit_of_work() as session:
            return [each for each in claim(session, most, hourly) if each.delivery.org_id == self.org.id]

    def record(self, claimed: Sequence[Claimed], answer: Answer = GOOD, *, counted: bool = True) -> int:
        """Each of these went like this; how many could be written."""
        with unit_of_work() as session:
            return record_tries(session, [Tried(self.out(each), answer, counted) for each in claimed])

    def out(self, each: Claimed) -> Outgoing:
        """What was sent, as far as recording looks at it."""
        facts = (each.delivery.id, each.endpoint.id, each.delivery.org_id, each.lease, each.endpoint.url)
        return Outgoing(*facts, b"{}", {}, {"webhook-id": each.delivery.uid}, each.at)

    def pass_time(self, span: timedelta = timedelta(hours=5)) -> None:
        """Everything open was due this much earlier, leases too, and hours of allowances began earlier."""
        with unit_of_work() as session:
            for row in session.scalars(select(Delivery).where(Delivery.org_id == self.org.id, Delivery.due_at.is_not(None))):
                row.due_at -= span
            for endpoint in session.scalars(select(Endpoint).where(Endpoint.org_id == self.org.id)):
                endpoint.next_due_at = endpoint.next_due_at and endpoint.next_due_at - span
                endpoint.throttled_until = endpoint.throttled_until and endpoint.throttled_until - span
            for allowance in session.scalars(select(Allowance).where(Allowance.org_id == self.org.id)):
                allowance.hour_from -= span

    def do(self, verb: Any, *arguments: Any) -> Any:
        """A verb of the room: `do(service.pause, uid)`."""
        with unit_of_work() as session:
            done = verb(session, session.get_one(Organization, self.org.id), *arguments)
            session.flush()
            session.expire_all()
            for row in (done, getattr(done, "endpoint", None)):
                if isinstance(row, Endpoint | Delivery | Recovery):
                    session.refresh(row)
            session.expunge_all()
        return done

    def change(self, uid: str, terms: Mapping[str, Any]) -> Endpoint:
        return self.do(service.change_endpoint, uid, SYSTEM, self.settings, terms)

    def get(self, uid: str) -> Endpoint:
        """The endpoint as it is now."""
        return self._all(select(Endpoint).where(Endpoint.uid == uid))[0]

    def deliveries(self, uid: str) -> list[Delivery]:
        """Of one endpoint, in its order."""
        return self._all(select(Delivery).join(Endpoint).where(Endpoint.uid == uid).order_by(Delivery.sequence))

    def new(self, uid: str) -> list[Delivery]:
        """Those that were not there when the endpoint was new, without tests."""
        return [row for row in self.deliveries(uid) if not row.type.startswith("webhook.") and row.event_id]

    def states(self, uid: str) -> list[str]:
        """Of `new`."""
        return [row.state for row in self.new(uid)]

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        return self._all(select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.number))

    def hours(self, uid: str) -> list[EndpointHour]:
        mine = Endpoint.id == EndpointHour.endpoint_id
        return self._all(select(EndpointHour).join(Endpoint, mine).where(Endpoint.uid == uid))

    def _all(self, query: Any) -> list[Any]:
        with unit_of_work() as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

    @contextmanager
    def working(self):
        """A worker's two threads, for as long as the block lasts."""
        db.session.remove()
        with worker.deliveries(self.app):
            yield

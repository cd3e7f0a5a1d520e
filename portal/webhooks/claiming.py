"""Handing out what is due: who is served next, how much at once, and the lease under which a worker sends it.

Fair: organizations take turns, and within each its endpoints. Bounded: by endpoint, by organization, by hour. Rows are held
in one order everywhere: the organization's allowance, endpoints by id, then deliveries.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.kernel.db import clock_of
from portal.kernel.ids import new_uid
from portal.webhooks.model import Allowance, Delivery, Endpoint

LEASE = timedelta(seconds=30)  # twice the longest try
ORG_CAP = 50  # in flight for one organization, over all workers
FAILING = 5  # failures in a row from which on an endpoint gets one delivery at a time
HOUR = timedelta(hours=1)
ENDPOINTS_AT_ONCE = 64
Able = Callable[[Endpoint, datetime], bool]  # may this process serve it, at that moment of the database's clock?

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_deliveries = cast(Table, Delivery.__table__)
_endpoints = cast(Table, Endpoint.__table__)
_allowances = cast(Table, Allowance.__table__)
_open = _deliveries.c.due_at.is_not(None)
# What a sender needs of a delivery: plain rows, since hundreds are read at a time.
CARRIED = ("id", "uid", "org_id", "event_id", "type", "subject", "competition", "sequence", "payload", "tries", "created_at")
_carried = tuple(_deliveries.c[name] for name in CARRIED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery (a row of CARRIED) to be sent under a lease, with its endpoint as it was at that moment, by the
    database's clock `at`."""

    delivery: Any
    endpoint: Endpoint
    lease: str
    at: datetime


@dataclass
class Room:
    """How much more may be in flight: in this worker, which holds `here` of each organization already, by organization, by
    endpoint; and how many an hour still allows."""

    worker: int
    here: Mapping[int, int]
    sending: Mapping[tuple[int, int], int]
    hourly: dict[int, int]
    taken: Counter[int] = field(default_factory=Counter)

    def of(self, endpoint: Endpoint) -> int:
        """For one endpoint, now."""
        org = endpoint.org_id
        in_org = sum(count for (whose, _), count in self.sending.items() if whose == org)
        cap = 1 if endpoint.failures >= FAILING else endpoint.in_flight_cap
        free = cap - self.sending.get((org, endpoint.id), 0), ORG_CAP - in_org - self.taken[org]
        fair = share(self.worker, self.here.get(org, 0) + self.taken[org])
        return max(0, min(self.worker, fair, *free, self.hourly.get(org, 0)))

    def take(self, endpoint: Endpoint, count: int, firsts: int) -> None:
        """`count` were handed out, `firsts` of them for the first time."""
        org = endpoint.org_id
        self.worker -= count
        self.taken[org] += count
        self.hourly[org] -= firsts


def share(free: int, held: int) -> int:
    """How many of a worker's free places one may take who holds some already: until as many are free as are held, so that
    however many hold what they can, a newcomer finds room (dynamic thresholds, Choudhury and Hahne 1998)."""
    return (free - held + 1) // 2


def claim(
    session: Session,
    most: int,
    hourly: int,
    here: Mapping[int, int] = MappingProxyType({}),
    able: Able = lambda *_: True,
    without: Collection[int] = (),
) -> list[Claimed]:
    """Lease at most `most` due deliveries to the caller, who has so many `here` of each organization. `hourly` is what an
    organization may begin in an hour; what is over it stays due and goes in the next hour. Endpoints that the caller is not
    `able` to serve, or does without, are left to other workers."""
    now = clock_of(session)
    order = session.execute(_next_in_turn(now, hourly, without)).all()
    if not order:
        return []
    allowances = _hold_allowances(session, sorted({row.org_id for row in order}), now)
    held = _hold_endpoints(session, [row.id for row in order if row.org_id in allowances], now)
    endpoints = {endpoint.id: endpoint for endpoint in held if able(endpoint, now)}
    left = {org_id: hourly - allowance.sent for org_id, allowance in allowances.items()}
    room = Room(most, here, _sending(session, now, allowances), left)
    found = [(endpoint, _due(session, endpoint, now, room)) for row in order if (endpoint := endpoints.get(row.id))]
    lease = new_uid()
    _write(session, found, lease, now, [row.id for row in order if row.id in endpoints])
    for org_id, allowance in allowances.items():
        allowance.sent = hourly - room.hourly[org_id]
    session.flush()
    return [Claimed(delivery, endpoint, lease, now) for endpoint, rows in found for delivery in rows]


def settle_next_due(session: Session, endpoint_ids: Sequence[int]) -> None:
    """Work out anew when the endpoints (whose rows are held) have something due."""
    earliest = select(func.min(_deliveries.c.due_at)).where(_deliveries.c.endpoint_id == _endpoints.c.id, _open)
    change = update(_endpoints).where(_endpoints.c.id.in_(endpoint_ids)).values(next_due_at=earliest.scalar_subquery())
    session.connection().execute(change)


def ready(now: datetime, hourly: int, *asked: Any) -> Select[Any]:
    """`asked` of the endpoints with something due and room for it."""
    # Sets of what is full, each worked out once: joined they would be gone through again for every endpoint with a backlog.
    count, live = func.count(), (_deliveries.c.state == "sending", _deliveries.c.due_at > now)
    sending = select(_deliveries.c.org_id).where(*live)
    full_orgs = sending.group_by(_deliveries.c.org_id).having(count >= ORG_CAP)
    no_room = or_(count >= _endpoints.c.in_flight_cap, _endpoints.c.failures >= FAILING)
    by_endpoint = sending.with_only_columns(_endpoints.c.id).join(_endpoints, _endpoints.c.id == _deliveries.c.endpoint_id)
    full = by_endpoint.group_by(_endpoints.c.id).having(no_room)
    return (
        select(*asked)
        .where(_may_be_served(now))
        .where(Endpoint.org_id.not_in(full_orgs))
        .where(Endpoint.org_id.not_in(select(Allowance.org_id).where(used_up(now, hourly))))
        .where(Endpoint.id.not_in(full.correlate(None)))
    )


def used_up(now: datetime, hourly: int) -> ColumnElement[bool]:
    """Has an organization begun as many deliveries in its present hour as it may?"""
    return (Allowance.sent >= hourly) & (Allowance.hour_from > now - HOUR)


def _next_in_turn(now: datetime, hourly: int, without: Collection[int]) -> Select[int, int]:
    """Those ready; of each organization the one that waited longest first, and those firsts before anybody's second."""
    turn = func.row_number().over(partition_by=Endpoint.org_id, order_by=(Endpoint.served_at, Endpoint.id))
    found = ready(now, hourly, Endpoint.id, Endpoint.org_id).where(Endpoint.id.not_in(without))
    return found.order_by(turn, Endpoint.served_at, Endpoint.id).limit(ENDPOINTS_AT_ONCE)


def _may_be_served(now: datetime) -> ColumnElement[bool]:
    calm = or_(Endpoint.throttled_until.is_(None), Endpoint.throttled_until <= now)
    return (Endpoint.next_due_at <= now) & (Endpoint.status == "enabled") & Endpoint.deleted_at.is_(None) & calm


def _hold_allowances(session: Session, org_ids: list[int], now: datetime) -> dict[int, Allowance]:
    """Those that no other worker is at; an hour that is over begins anew."""
    known = set(session.scalars(select(Allowance.org_id).where(Allowance.org_id.in_(org_ids))))
    if new := [{"org_id": org_id, "hour_from": now, "sent": 0} for org_id in org_ids if org_id not in known]:
        insert = _INSERT[session.get_bind().dialect.name](_allowances)
        session.execute(insert.on_conflict_do_nothing(), new)
    held = select(Allowance).where(Allowance.org_id.in_(org_ids)).order_by(Allowance.org_id).with_for_update(skip_locked=True)
    allowances = session.scalars(held.execution_options(populate_existing=True)).all()
    for allowance in allowances:
        if allowance.hour_from <= now - HOUR:
            allowance.hour_from, allowance.sent = now, 0
    return {allowance.org_id: allowance for allowance in allowances}


def _hold_endpoints(session: Session, ids: list[int], now: datetime) -> Iterable[Endpoint]:
    held = select(Endpoint).where(Endpoint.id.in_(ids), _may_be_served(now)).order_by(Endpoint.id)
    return session.scalars(held.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True))


def _sending(session: Session, now: datetime, allowances: Mapping[int, Allowance]) -> dict[tuple[int, int], int]:
    """What is in flight, counted from the leases, now that nobody else hands out for these organizations."""
    live = _deliveries.c.state == "sending", _deliveries.c.due_at > now, _deliveries.c.org_id.in_(allowances)
    group = _deliveries.c.org_id, _deliveries.c.endpoint_id
    return {
        (org, endpoint): count
        for org, endpoint, count in session.execute(select(*group, func.count()).where(*live).group_by(*group))
    }


def _due(session: Session, endpoint: Endpoint, now: datetime, room: Room) -> Sequence[Any]:
    """The endpoint's next deliveries, as many as there is room for."""
    most = room.of(endpoint)
    if most == 0:
        return []
    query = select(*_carried).where(_deliveries.c.endpoint_id == endpoint.id, _deliveries.c.due_at <= now)
    if endpoint.ordered:
        first = _deliveries.c.sequence.in_(_first_in_line(endpoint))
        query = query.where(or_(_deliveries.c.competition.is_(None), first))
    rows = session.execute(query.order_by(_deliveries.c.due_at, _deliveries.c.sequence).limit(most)).all()
    room.take(endpoint, len(rows), sum(row.tries == 0 for row in rows))
    return rows


def _first_in_line(endpoint: Endpoint) -> Select[Any]:
    """Of each competition the open delivery with the lowest number: no later one goes before it is over."""
    line = _open & (_deliveries.c.endpoint_id == endpoint.id) & _deliveries.c.competition.is_not(None)
    return select(func.min(_deliveries.c.sequence)).where(line).group_by(_deliveries.c.competition)


def _write(
    session: Session, found: Sequence[tuple[Endpoint, Sequence[Any]]], lease: str, now: datetime, served: list[int]
) -> None:
    ids = [delivery.id for _, rows in found for delivery in rows]
    connection = session.connection()
    if ids:
        leased = {"state": "sending", "lease_token": lease, "due_at": now + LEASE}
        connection.execute(update(_deliveries).where(_deliveries.c.id.in_(ids)).values(leased))
    for endpoint in {endpoint.id: endpoint for endpoint, _ in found}.values():
        session.expunge(endpoint)
    connection.execute(update(_endpoints).where(_endpoints.c.id.in_(served)).values(served_at=now))
    settle_next_due(session, served)

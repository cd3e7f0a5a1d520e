"""Queries for lists of endpoints, deliveries and tries; the organization always comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition
from portal.seasons.model import Season
from portal.webhooks.claiming import FAILING
from portal.webhooks.model import OPEN, Attempt, Delivery, Endpoint, Recovery, endpoints_of

OFFERED = 200
IN_NEED = 5
Named = list[tuple[str, str]]


@dataclass(frozen=True)
class Narrowed:
    """What a log of deliveries is narrowed to; `entity` is the public id of what the event is about, or of a competition."""

    endpoint: Endpoint | None = None
    type: str | None = None
    state: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    entity: str | None = None


def deliveries_of(org_id: int, narrowed: Narrowed = Narrowed()) -> Select[Delivery]:
    """The organization's deliveries, without an order."""
    query = select(Delivery).where(Delivery.org_id == org_id)
    if narrowed.endpoint is not None:
        query = query.where(Delivery.endpoint_id == narrowed.endpoint.id)
    if narrowed.type is not None:
        family = narrowed.type.endswith(".*")
        query = query.where(
            Delivery.type.startswith(narrowed.type[:-1], autoescape=True) if family else Delivery.type == narrowed.type
        )
    if narrowed.state is not None:
        query = query.where(Delivery.state == narrowed.state)
    if narrowed.since is not None:
        query = query.where(Delivery.created_at >= narrowed.since)
    if narrowed.before is not None:
        query = query.where(Delivery.created_at < narrowed.before)
    if narrowed.entity is not None:
        query = query.where(or_(Delivery.subject == narrowed.entity, Delivery.competition == narrowed.entity))
    return query


def recent_deliveries(session: Session, endpoint: Endpoint, limit: int) -> Sequence[Delivery]:
    """The endpoint's last deliveries, the newest first."""
    query = deliveries_of(endpoint.org_id, Narrowed(endpoint))
    return session.scalars(query.order_by(Delivery.sequence.desc()).limit(limit)).all()


def attempts_of(session: Session, delivery: Delivery) -> Sequence[Attempt]:
    """Every try, the first one first."""
    return session.scalars(select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.number)).all()


def endpoints_in_order(session: Session, org_id: int) -> Sequence[Endpoint]:
    """The oldest first."""
    return session.scalars(endpoints_of(org_id).order_by(Endpoint.created_at, Endpoint.id)).all()


def backlog_of(session: Session, org_id: int) -> dict[int, int]:
    """How many deliveries are on their way, by endpoint id."""
    query: Any = select(Delivery.endpoint_id, func.count()).where(Delivery.org_id == org_id, Delivery.state.in_(OPEN))
    return {row[0]: row[1] for row in session.execute(query.group_by(Delivery.endpoint_id))}


def recoveries_of(session: Session, endpoint: Endpoint, limit: int = 10) -> Sequence[Recovery]:
    """The newest first."""
    query = select(Recovery).where(Recovery.org_id == endpoint.org_id, Recovery.endpoint_id == endpoint.id)
    return session.scalars(query.order_by(Recovery.id.desc()).limit(limit)).all()


def narrowing_choices(session: Session, org_id: int, endpoint: Endpoint | None = None) -> tuple[Named, Named]:
    """The competitions and the seasons to which an endpoint may be narrowed, the newest OFFERED of each and the present one."""
    found = []
    for model, label, held in (
        (Competition, Competition.title, endpoint and endpoint.competition),
        (Season, Season.name, endpoint and endpoint.season),
    ):
        query: Any = select(model.uid, label).where(model.org_id == org_id).order_by(model.id.desc()).limit(OFFERED)
        named = [(row[0], row[1]) for row in session.execute(query)]
        if held and held not in dict(named):
            name = session.scalar(select(label).where(model.org_id == org_id, model.uid == held))
            named.append((held, name or "One that was deleted"))
        found.append(named)
    return found[0], found[1]


def endpoint_names(session: Session, org_id: int) -> dict[int, Endpoint]:
    """Every endpoint by its number, removed ones too: their deliveries stay in the log."""
    rows = session.scalars(select(Endpoint).where(Endpoint.org_id == org_id).order_by(Endpoint.created_at, Endpoint.id))
    return {endpoint.id: endpoint for endpoint in rows}


def endpoint_of(session: Session, delivery: Delivery) -> Endpoint:
    """Where it goes, also where that was removed."""
    return session.get_one(Endpoint, delivery.endpoint_id)


def named_by(session: Session, endpoint: Endpoint) -> dict[str, str]:
    """The names of the competition and of the season that an endpoint is narrowed to, where it is."""
    found = {}
    for kind, model, label, uid in (
        ("competition", Competition, Competition.title, endpoint.competition),
        ("season", Season, Season.name, endpoint.season),
    ):
        if uid:
            name = session.scalar(select(label).where(model.org_id == endpoint.org_id, model.uid == uid))
            found[kind] = name or "One that was deleted"
    return found


def endpoints_in_need(session: Session, org_id: int) -> Sequence[Endpoint]:
    """Those that were switched off by their failures, and those that go on failing; the latest first."""
    failing = (Endpoint.status == "enabled") & ((Endpoint.failures >= FAILING) | Endpoint.warned_at.is_not(None))
    query = endpoints_of(org_id).where(or_(Endpoint.status == "auto_off", failing))
    return session.scalars(query.order_by(Endpoint.last_failure_at.desc(), Endpoint.id.desc()).limit(IN_NEED)).all()

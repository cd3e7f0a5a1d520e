"""The outbox's sink: one delivery per event and endpoint that asked for it, numbered without a gap for each endpoint."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from portal.competitions.model import Competition
from portal.kernel.db import clock_of
from portal.kernel.ids import new_uid
from portal.outbox.choosing import chosen
from portal.outbox.model import Event
from portal.seasons.model import Season, SeasonCompetition
from portal.webhooks.model import LISTENING, Delivery, Endpoint

_endpoints = cast(Table, Endpoint.__table__)
_INSERT = insert(cast(Table, Delivery.__table__))
_MOVE = (
    update(_endpoints)
    .where(_endpoints.c.id == bindparam("number"))
    .values(sequence=bindparam("last"), next_due_at=bindparam("due"))
)
Seasons = Mapping[str, Collection[str]]


def fan_out(session: Session, events: Sequence[Event]) -> None:
    """Give each of these events to every endpoint of its organization that listens to it."""
    asked = Endpoint.org_id.in_({event.org_id for event in events}), Endpoint.status.in_(LISTENING), Endpoint.deleted_at.is_(None)
    # Held until the end: whoever hands out, records or changes what belongs to an endpoint holds its row first.
    held = select(Endpoint).where(*asked).order_by(Endpoint.id).with_for_update(key_share=True)
    endpoints = session.scalars(held.execution_options(populate_existing=True)).all()
    if not endpoints:
        return
    seasons = seasons_of(session, events) if any(endpoint.season for endpoint in endpoints) else {}
    give(session, [(endpoint, event) for event in events for endpoint in endpoints if wants(endpoint, event, seasons)])


def give(session: Session, pairs: Sequence[tuple[Endpoint, Event]]) -> int:
    """A delivery for each pair, due now, in this order. The endpoints' rows must be held. How many."""
    if not pairs:
        return 0
    now = clock_of(session)
    rows: list[dict[str, Any]] = []
    last = {endpoint.id: (endpoint.sequence, endpoint.next_due_at) for endpoint, _ in pairs}
    for endpoint, event in pairs:
        number, due = last[endpoint.id][0] + 1, last[endpoint.id][1]
        last[endpoint.id] = number, min(due or now, now)
        rows.append(_row(endpoint, event, number, now))
    connection = session.connection()  # straight to Core: hundreds of rows at a time
    connection.execute(_INSERT, rows)
    connection.execute(_MOVE, [{"number": key, "last": number, "due": due} for key, (number, due) in sorted(last.items())])
    for endpoint, _ in pairs:
        session.expire(endpoint)
    return len(rows)


def wants(endpoint: Endpoint, event: Event, seasons: Seasons) -> bool:
    """Did the endpoint ask for this event? `seasons` are those of each competition."""
    if endpoint.org_id != event.org_id or not chosen(endpoint.types, event.type):
        return False
    if endpoint.competition is not None and endpoint.competition != event.competition:
        return False
    if endpoint.season is None:
        return True
    return endpoint.season == event.data.get("season_id") or endpoint.season in seasons.get(event.competition or "", ())


def seasons_of(session: Session, events: Sequence[Event]) -> Seasons:
    """The uids of the seasons that count each of the events' competitions, by the competition's uid."""
    competitions = {event.competition for event in events if event.competition}
    query = (
        select(Competition.uid, Season.uid)
        .join(SeasonCompetition, SeasonCompetition.competition_id == Competition.id)
        .join(Season, Season.id == SeasonCompetition.season_id)
        .where(Competition.uid.in_(competitions))
    )
    found: dict[str, set[str]] = {}
    for competition, season in session.execute(query):
        found.setdefault(competition, set()).add(season)
    return found


def _row(endpoint: Endpoint, event: Event, number: int, now: datetime) -> dict[str, Any]:
    told = {"event_id": event.id, "type": event.type, "subject": event.subject, "competition": event.competition}
    where = {"uid": new_uid(), "org_id": endpoint.org_id, "endpoint_id": endpoint.id, "sequence": number}
    return where | told | {"state": "pending", "due_at": now, "created_at": now, "tries": 0, "attempts": 0, "error": ""}

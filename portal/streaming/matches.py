"""Reading for the stream: matches of a tenant's sport, and what was handed on since. Run in threads, on connections of
their own; one reading serves everybody who listens to the same.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition
from portal.kernel.clock import utc_now
from portal.kernel.db import reading
from portal.markets.fields import Fixture
from portal.markets.fixtures import fixtures_by_uid, page_of_fixtures, sport_of
from portal.outbox.model import Event, EventHead

MOST_MATCHES = 200
MOST_EVENTS = 1_000
LISTED = ("live", "upcoming", "finished")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the outbox, at its place among those of its organization."""

    org_id: int
    position: int
    type: str
    subject: str
    competition: str | None
    data: Mapping[str, Any]


def first_matches(org_id: int, sport: str) -> list[Fixture]:
    """The MOST_MATCHES that matter most: live, upcoming, finished."""
    with reading() as connection, Session(connection) as session:
        return page_of_fixtures(session, org_id, sport, LISTED, MOST_MATCHES, utc_now())[0]


def matches_named(org_id: int, sport: str, uids: Collection[str]) -> list[Fixture]:
    """These, with their offers."""
    with reading() as connection, Session(connection) as session:
        return fixtures_by_uid(session, org_id, sport, uids, utc_now()) if uids else []


def next_hour(fixtures: Iterable[Fixture]) -> datetime | None:
    """When the clock alone makes one of them live."""
    return min((each.scheduled_at for each in fixtures if each.status == "upcoming" and each.scheduled_at), default=None)


def places(org_ids: Collection[int]) -> dict[int, int]:
    """How far the events of these organizations were handed on."""
    with reading() as connection:
        found = connection.execute(select(EventHead.org_id, EventHead.position).where(EventHead.org_id.in_(org_ids)))
        return {row.org_id: row.position for row in found}


def happened(seen: Mapping[int, int]) -> list[Happened]:
    """The events after the places in `seen`, each organization's in order, MOST_EVENTS at most."""
    columns = (Event.org_id, Event.position, Event.type, Event.subject, Event.competition, Event.data)
    after = or_(*(and_(Event.org_id == org_id, Event.position > place) for org_id, place in seen.items()))
    with reading() as connection:
        rows = connection.execute(select(*columns).where(after).order_by(Event.org_id, Event.position).limit(MOST_EVENTS))
        return [Happened(*row) for row in rows]


def sports_of(competitions: Collection[str]) -> dict[str, str]:
    """The sport of each competition that has one."""
    query = select(Competition.uid, Competition.category).where(Competition.uid.in_(competitions))
    with reading() as connection:
        return {row.uid: sport for row in connection.execute(query) if (sport := sport_of(row.category))}

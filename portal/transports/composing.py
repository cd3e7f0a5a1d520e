"""What goes out for the messages of a turn: bodies made of the events and of what they are about, read once for all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition
from portal.markets.fields import Fixture
from portal.markets.fixtures import fixtures_by_uid, sport_of
from portal.markets.model import request_by_uid
from portal.markets.recovery import messages
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.transports import envelope
from portal.transports.envelope import Entry
from portal.transports.model import Transport, TransportMessage
from portal.transports.xml_messages import RECOVERY, Publish, replayed, test_message, told

TEST_NOTE = "Sent by the test button. It is about nothing."


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the log, and what goes out for it: nothing where the transport does not tell it."""

    id: int
    publishes: Sequence[Publish] = ()
    entry: Entry | None = None


def letters_of(
    session: Session, transport: Transport, rows: Sequence[TransportMessage], now: datetime, base_url: str
) -> list[Letter]:
    """In their order. A number of statements that does not grow with the rows, but for recoveries."""
    if not rows:
        return []
    ids = [row.event_id for row in rows if row.event_id is not None]
    events = {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(ids)))}
    uids = {event.competition for event in events.values() if event.competition}
    found = session.scalars(select(Competition).where(Competition.org_id == transport.org_id, Competition.uid.in_(uids)))
    competitions = {competition.uid: competition for competition in found}
    if transport.kind == "amqp":
        return _xml(session, transport, rows, events, competitions, now)
    org_uid = session.execute(select(Organization.uid).where(Organization.id == transport.org_id)).scalar_one()
    return [_json(row, events.get(row.event_id or 0), competitions, org_uid, base_url) for row in rows]


def match_of(data: Mapping[str, Any]) -> str | None:
    """The uid of the match that an event is about."""
    found = data.get("match_id") or (data.get("match") or {}).get("id")
    return str(found) if found else None


def _json(
    row: TransportMessage, event: Event | None, competitions: Mapping[str, Competition], org_uid: str, base_url: str
) -> Letter:
    if event is None:
        return Letter(row.id, entry=envelope.test_entry(row.subject, row.created_at, org_uid, row.payload or {}))
    return Letter(row.id, entry=envelope.entry_of(event, competitions.get(event.competition or ""), org_uid, base_url))


def _xml(
    session: Session,
    transport: Transport,
    rows: Sequence[TransportMessage],
    events: Mapping[int, Event],
    competitions: Mapping[str, Competition],
    now: datetime,
) -> list[Letter]:
    sports = {uid: sport_of(competition.category) for uid, competition in competitions.items()}
    fixtures = _fixtures(session, transport.org_id, events.values(), sports, now)
    made = []
    for row in rows:
        event = events.get(row.event_id or 0)
        if event is None:
            made.append(Letter(row.id, [test_message(row.subject, row.created_at, TEST_NOTE)]))
        elif event.type == RECOVERY:
            made.append(Letter(row.id, _replayed(session, transport.org_id, event, now)))
        else:
            sport = sports.get(event.competition or "", "")
            made.append(Letter(row.id, told(event, sport, fixtures.get(match_of(event.data) or ""))))
    return made


def _fixtures(
    session: Session, org_id: int, events: Iterable[Event], sports: Mapping[str, str], now: datetime
) -> dict[str, Fixture]:
    """The matches that the events are about, by uid. Two statements for each sport."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        sport = sports.get(event.competition or "")
        if sport is not None and (uid := match_of(event.data)):
            wanted[sport].add(uid)
    return {each.id: each for sport, uids in wanted.items() for each in fixtures_by_uid(session, org_id, sport, uids, now)}


def _replayed(session: Session, org_id: int, event: Event, now: datetime) -> list[Publish]:
    asked = request_by_uid(session, org_id, str(event.data["recovery_id"]))
    again = list(messages(session, asked, lambda: now))
    uids = {message.match_id for message in again if message.match_id}
    fixtures = {each.id: each for each in fixtures_by_uid(session, org_id, asked.sport, uids, now)}
    # A match may leave the feed between the two looks; the one before told of it is no news then.
    return list(replayed(event, asked.sport, [each for each in again if each.match_id in ("", *fixtures)], fixtures))

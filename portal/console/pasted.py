"""Where a pasted id leads: anything of the organization that has a UUID, found in one statement."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Select, cast, literal, null, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from portal.competitions.model import Competition, Decision, Entry, Match
from portal.keys.model import ApiKey
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.players.model import Team, teams_of
from portal.registration.model import Application, Invitation
from portal.seasons.model import Season
from portal.session_tokens.model import SessionBatch
from portal.transports.model import Transport, TransportMessage, transports_of
from portal.webhooks.model import Delivery, Endpoint

# Ids are shown in this form; also inside an address that was pasted whole.
UID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")

Row = tuple[str, str, str, str]  # what it is, its name, its own uid, the uid of what it belongs to
# What each is called, and the path of its page below the organization, from its uid and that of what it belongs to.
PAGES: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "key": ("Key", lambda uid, _above: f"keys/{uid}"),
    "competition": ("Competition", lambda uid, _above: f"competitions/{uid}"),
    "team": ("Team", lambda uid, _above: f"teams/{uid}"),
    "player": ("Player", lambda uid, _above: f"players/{uid}"),
    "season": ("Season", lambda uid, _above: f"seasons/{uid}"),
    "match": ("Match", lambda uid, above: f"competitions/{above}/matches?q={uid}"),
    "registration": ("Registration", lambda uid, above: f"competitions/{above}/entrants?q={uid}"),
    "decision": ("Decision", lambda _uid, above: f"competitions/{above}/standings"),
    "request": ("Request to take part", lambda _uid, above: f"competitions/{above}/registration/requests"),
    "invitation": ("Invitation", lambda _uid, above: f"competitions/{above}/registration/invitations"),
    "webhook": ("Webhook", lambda uid, _above: f"webhooks/{uid}"),
    "delivery": ("Webhook delivery", lambda uid, _above: f"webhooks/deliveries/{uid}"),
    "feed": ("Event feed", lambda uid, _above: f"feeds/{uid}"),
    "message": ("Message of an event feed", lambda uid, above: f"feeds/{above}/messages/{uid}"),
    "event": ("Event in a feed", lambda uid, above: f"feeds/{above}?q={uid}"),
    "upload": ("Session links of an upload", lambda uid, _above: f"sessions/many/{uid}"),
}


def uids_in(text: str) -> list[str]:
    """Each id in the text once, the first of several first; an address may hold two, of which the last says most."""
    return list(dict.fromkeys(UID.findall(text.lower())))


def found_by_uid(session: Session, org: Organization, uids: list[str]) -> Iterator[Row]:
    """(kind, name, uid, uid of what it belongs to), what was named last first. One statement."""
    rows: list[Any] = list(session.execute(union_all(*_queries(org, uids))))
    yield from sorted((tuple(map(str, row)) for row in rows), key=lambda row: -uids.index(row[2]))  # type: ignore[misc]


def _queries(org: Organization, uids: list[str]) -> Iterator[Select[Any]]:
    """One part of the statement for each kind."""
    for kind, model, name in (
        ("key", ApiKey, ApiKey.name), ("competition", Competition, Competition.title), ("season", Season, Season.name),
    ):  # fmt: skip
        yield _part(kind, name, model.uid).where(model.org_id == org.id, model.uid.in_(uids))
    for kind, solo in (("team", False), ("player", True)):
        mine = teams_of(org.id).where(Team.uid.in_(uids), Team.solo.is_(solo))
        yield mine.with_only_columns(*_part(kind, Team.name, Team.uid).selected_columns)
    webhook = _part("webhook", Endpoint.description, Endpoint.uid)
    yield webhook.where(Endpoint.org_id == org.id, Endpoint.uid.in_(uids), Endpoint.deleted_at.is_(None))
    yield _part("delivery", Delivery.type, Delivery.uid).where(Delivery.org_id == org.id, Delivery.uid.in_(uids))
    yield from _of_feeds(org, uids)
    yield _part("upload", literal(""), SessionBatch.uid).where(SessionBatch.org_id == org.id, SessionBatch.uid.in_(uids))
    for kind, below in (
        ("match", Match), ("registration", Entry), ("decision", Decision), ("request", Application), ("invitation", Invitation),
    ):  # fmt: skip
        part = _part(kind, Competition.title, below.uid, Competition.uid)
        part = part.join_from(below, Competition, Competition.id == below.competition_id)
        yield part.where(Competition.org_id == org.id, below.uid.in_(uids))


def _of_feeds(org: Organization, uids: list[str]) -> Iterator[Select[Any]]:
    """A feed, a message as the log names it, and as its receiver does: by the id of the event, in each feed that told it."""
    mine = transports_of(org.id)
    yield mine.where(Transport.uid.in_(uids)).with_only_columns(*_part("feed", Transport.name, Transport.uid).selected_columns)
    for kind, named in (("message", TransportMessage), ("event", Event)):
        found = mine.join(TransportMessage, TransportMessage.transport_id == Transport.id)
        if named is Event:
            found = found.join(Event, Event.id == TransportMessage.event_id)
        part = _part(kind, TransportMessage.type, named.uid, Transport.uid)
        yield found.where(named.uid.in_(uids)).with_only_columns(*part.selected_columns)


def _part(kind: str, name: Any, uid: Any, above: Any = None) -> Select[Any]:
    columns = (name, uid, null() if above is None else above)
    shown: list[Any] = [literal(kind).label("kind"), *(cast(column, String).label(f"c{n}") for n, column in enumerate(columns))]
    return select(*shown)

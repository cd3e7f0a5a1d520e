"""Events as the SQS queue of the tournament page has them (FACTS 0): one JSON envelope, names in camel case. Pure.

`eventType` are our event types; those that the page names itself stand in its words: a competition is a `tournament` there,
an entrant a `player`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.competitions.model import Competition
from portal.kernel.clock import iso
from portal.outbox.bodies import json_bytes, trimmed
from portal.outbox.model import Event

MOST_BYTES = 262_144  # of one SQS message
NAMES = {
    "competition.created": "tournament.created",
    "competition.updated": "tournament.updated",
    "competition.opened": "tournament.opened",
    "competition.started": "tournament.started",
    "competition.completed": "tournament.completed",
    "competition.canceled": "tournament.cancelled",
    "registration.created": "player.registered",
    "registration.canceled": "player.unregistered",
    "registration.disqualified": "player.eliminated",
}
TEST = "transport.test"
_UNDERSCORE = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a FIFO queue: what has the same `group` stays in order, what has the same `id` is taken once."""

    id: str
    group: str
    body: str


def entry_of(event: Event, competition: Competition | None, org_uid: str, base_url: str) -> Entry:
    """`{"eventType", "eventId", "timestamp", "tournamentId", "operatorId", "data"}`.

    Over 256 KB `data` is trimmed to what names things, never refused."""
    data = _camel(event.data)
    if event.type == "competition.started" and competition is not None:
        data |= _started(event, competition)
    head = {"eventType": NAMES.get(event.type, event.type), "eventId": event.uid, "timestamp": iso(event.created_at)}
    head |= {"tournamentId": event.competition, "operatorId": org_uid}
    body = json_bytes(head | {"data": data})
    if len(body) > MOST_BYTES:
        body = json_bytes(head | {"data": trimmed(data, f"{base_url}/api/v1/events/{event.uid}", MOST_BYTES)})
    return Entry(event.uid, event.competition or org_uid, body.decode())


def test_entry(uid: str, at: datetime, org_uid: str, data: dict[str, Any]) -> Entry:
    """What the test button sends."""
    head = {"eventType": TEST, "eventId": uid, "timestamp": iso(at), "tournamentId": None, "operatorId": org_uid}
    return Entry(uid, org_uid, json_bytes(head | {"data": data}).decode())


def _started(event: Event, competition: Competition) -> dict[str, Any]:
    """What the page shows of `tournament.started`."""
    named = {"tournamentName": competition.title, "gameSlug": competition.category}
    count = {"initialPlayerCount": event.data.get("participants"), "maxPlayers": competition.max_participants}
    return named | {"actualStartTime": event.data.get("started_at")} | count


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {_UNDERSCORE.sub(lambda found: found.group(1).upper(), name): _camel(item) for name, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value

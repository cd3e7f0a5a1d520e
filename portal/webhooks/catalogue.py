"""The catalogue of events: each type with its sentence, its version, an example of `data` and the schema that it follows. Pure.

Fields are written once, as the value of the example; the schema is read off it. `Maybe` marks what may be null, `Seldom`
what may be missing, `Of` a text out of a few. Within a version fields are only ever added, so receivers must ignore what
they do not know. A change that takes one away needs a row in VERSIONS. A test holds all of it against what is really told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.outbox.names import EVENTS

FIRST_VERSION = 1
VERSIONS: Mapping[str, int] = {}  # of types that are not at FIRST_VERSION any more
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
ID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
OTHER = "0b6e2c1e-0d55-4a59-9f6d-6c2f9d0a4b11"
TEAM = "5a1f0f4e-9c64-4a43-8a0e-2f6b3c9d7e21"
AT = "2026-03-15T18:30:00.000Z"
WALLET = "0x3434d9D0F60f227C75AB718e9C8fBD5f2228d793"


@dataclass(frozen=True)
class Maybe:
    """May be null; the example shows `value`."""

    value: Any


@dataclass(frozen=True)
class Seldom:
    """May be missing; the example shows `value`."""

    value: Any


@dataclass(frozen=True)
class Of:
    """One of `words`; the example shows the first."""

    words: tuple[str, ...]


Fields = dict[str, Any]
STATUS = Of(("draft", "registration", "active", "completed", "canceled"))
KEY: Fields = {"id": ID, "number": 12, "name": "Scoreboard", "kind": "feed", "key": "vbk_zkqN…sBhq"}
LINK: Fields = {"session_id": 1226, "game_id": Maybe(35), "stream_id": Maybe(None), "external_ref": Maybe("order-7")}
MEMBER: Fields = {"id": ID, "organization_id": OTHER, "wallet": Maybe(WALLET), "role": Of(("member", "admin", "owner"))}
TEAM_TERMS: Fields = {"team_id": TEAM, "name": "Foxes", "tag": Maybe("FOX")}
ROSTER: Fields = {"id": ID, "team_id": TEAM, "wallet": WALLET, "role": "player"}
COMPETITION: Fields = {
    "competition_id": ID,
    "title": "Spring Cup",
    "type": "bracket",
    "format": "single_elimination",
    "status": STATUS,
    "category": Maybe("cs2"),
}
REGISTRATION: Fields = {
    "id": OTHER,
    "competition_id": ID,
    "wallet": Maybe(WALLET),
    "team_id": Maybe(None),
    "status": Of(("registered", "waiting", "withdrawn")),
    "seed": Maybe(1),
    "checked_in": True,
    "registered_at": AT,
}
PERSON: Fields = {"registration_id": OTHER, "wallet": Maybe(None), "team_id": Maybe(TEAM), "team_name": Maybe("Foxes")}
RIVAL: Fields = {"registration_id": TEAM, "wallet": Maybe(WALLET), "team_id": Maybe(None), "team_name": Maybe(None)}
MATCH: Fields = {
    "id": "884f5480-f486-4c4b-83ab-0315d68e7e48",
    "number": 3,
    "stage": Of(("winners", "losers", "grand_final", "third_place", "rounds")),
    "group": "",
    "round": 2,
    "position": 1,
    "participant_a": Maybe(PERSON),
    "participant_b": Maybe(RIVAL),
    "score_a": Maybe(2),
    "score_b": Maybe(1),
    "winner": Maybe(Of(("a", "b", "draw"))),
    "outcome": Maybe(Of(("played", "walkover", "bye", "no_show", "double_no_show", "not_played"))),
}
PLAYED: Fields = {"competition_id": ID, "match": MATCH}
PLACES: Fields = {"placements": [{"place": 1} | PERSON | {"prize_wei": Maybe("5000000000000000000")}]}
REQUEST: Fields = {
    "id": ID,
    "competition_id": OTHER,
    "team_id": TEAM,
    "status": Of(("pending", "approved", "declined", "withdrawn")),
    "registration_id": Maybe(None),
}
SEASON: Fields = {"season_id": ID, "name": "Spring 2026"}
COUNTED: Fields = SEASON | {"competition_id": OTHER, "title": "Spring Cup", "weight": 1.0}
TRANSPORT: Fields = {
    "transport_id": ID,
    "kind": Of(("amqp", "sqs")),
    "name": "Trading desk",
    "status": Of(("enabled", "paused", "disabled")),
}
WEBHOOK: Fields = {"webhook_id": ID, "description": "Scoreboard"}
MARKET: Fields = {
    "competition_id": ID,
    "category": Maybe("cs2"),
    "match_id": OTHER,
    "market": {
        "id": TEAM,
        "match_id": OTHER,
        "type": "match_winner",
        "label": "Match winner",
        "status": Of(("open", "suspended", "settled", "voided")),
        "outcomes": [{"key": "a", "label": "Foxes", "price": "1.85", "result": Maybe(Of(("won", "lost", "void")))}],
        "winner": Maybe("a"),
        "settled_by": Maybe("auto"),
        "updated_at": AT,
    },
}
SETTLEMENT: Fields = {
    "id": 7,
    "market_offer_id": TEAM,
    "match_id": OTHER,
    "previous_status": "open",
    "new_status": "settled",
    "outcome": Maybe("a"),
    "settled_by": "auto",
    "is_resettlement": False,
    "created_at": AT,
}
REPORTED: Fields = {"reported_by": Seldom("alice@example.com")}

DATA: dict[str, Fields] = {
    **{f"key.{name}": KEY for name in ("issued", "changed", "rotated", "rolled", "disabled", "enabled", "revoked", "deleted")},
    "key.expiring": KEY | {"expires_at": AT, "days_left": 3},
    "session.created": LINK | {"expires_at": AT},
    "session.consumed": LINK | {"player_uuid": Maybe("player-9")},
    "session.revoked": LINK,
    "organization.created": {"organization_id": ID, "name": "Acme League"},
    "organization.updated": {"organization_id": ID, "changed": ["name"]},
    "theme.published": {"organization_id": ID, "version": 4},
    **{f"member.{name}": MEMBER for name in ("added", "updated", "removed")},
    "team.created": TEAM_TERMS,
    "team.updated": TEAM_TERMS | {"logo_url": Maybe("https://example.com/foxes.png"), "changed": ["tag"]},
    "team.deleted": {"team_id": TEAM, "name": "Foxes"},
    **{f"roster.player_{name}": ROSTER for name in ("added", "updated", "removed")},
    "competition.created": COMPETITION,
    "competition.updated": COMPETITION | {"changed": ["title"]},
    "competition.deleted": COMPETITION,
    "competition.opened": COMPETITION | {"status": "registration"},
    "competition.started": COMPETITION
    | {"status": "active", "matches_generated": 8, "byes_advanced": 0, "participants": 8, "started_at": AT},
    "competition.start_failed": COMPETITION
    | {"status": "registration", "reason": "1 checked in, but at least 2 must be there. Check more in first."},
    "competition.canceled": COMPETITION | {"status": "canceled", "was": "registration"},
    **{f"registration.{name}": REGISTRATION for name in ("created", "canceled", "promoted", "checked_in", "check_in_undone")},
    "registration.seeded": COMPETITION | {"status": "registration", "seeded": 8},
    "competition.completed": COMPETITION | {"status": "completed", "completed_at": AT} | PLACES,
    "competition.corrected": COMPETITION | {"status": "completed"} | PLACES,
    "competition.reopened": COMPETITION | {"status": "active"},
    "match.created": PLAYED,
    "match.completed": PLAYED | REPORTED,
    "match.advanced": {
        "competition_id": ID,
        "participant": PERSON,
        "match_id": OTHER,
        "round": 2,
        "position": 1,
        "slot": Of(("a", "b")),
    },
    "match.scheduled": {"competition_id": ID, "match_id": OTHER, "scheduled_at": Maybe(AT)},
    **{f"match.{name}": PLAYED | REPORTED for name in ("corrected", "cleared", "removed")},
    "standings.updated": COMPETITION | {"status": "active"},
    "decision.recorded": {"competition_id": ID, "id": OTHER, "over": PERSON, "under": RIVAL, "reason": "Fair play."},
    "decision.removed": {
        "competition_id": ID,
        "id": OTHER,
        "reason": "Fair play.",
        "decided_by": "alice@example.com",
        "created_at": AT,
    },
    "registration.disqualified": {"competition_id": ID, "participant": PERSON, "reason": "Did not come."},
    "registration_page.changed": {
        "competition_id": ID,
        "access": "open",
        "entrants": "both",
        "approval": False,
        "self_check_in": True,
        "asks_contact": False,
    },
    "invitation.created": {"competition_id": ID, "count": 8},
    "invitation.used": {"id": OTHER, "competition_id": ID, "label": Maybe("Foxes")},
    "invitation.revoked": {"competition_id": ID, "count": 2},
    **{f"request.{name}": REQUEST for name in ("created", "declined", "reopened", "withdrawn")},
    "request.approved": REQUEST | {"status": "approved", "registration_id": Maybe(ID)},
    "season.created": SEASON
    | {
        "description": Maybe("Eight cups"),
        "starts_at": Maybe("2026-03-01T00:00:00.000Z"),
        "ends_at": Maybe("2026-06-01T00:00:00.000Z"),
        "scoring_config": {},
        "status": "active",
    },
    "season.updated": SEASON | {"changed": ["name"]},
    "season.completed": SEASON,
    **{f"season.competition_{name}": COUNTED for name in ("added", "changed", "removed")},
    "season.deleted": SEASON,
    "season.standings_updated": SEASON | {"competition_id": Seldom(OTHER)},
    **{f"market.{name}": MARKET for name in ("created", "updated", "suspended", "unsuspended")},
    "bet_settlement": MARKET | {"settlement": SETTLEMENT},
    "recovery.requested": {"recovery_id": ID, "sport": "cs2", "request_id": "7", "after": AT},
    **{f"transport.{verb}": TRANSPORT for verb in ("created", "updated", "password_rotated", "removed")},
    "webhook.created": WEBHOOK | {"events": ["match.*"]},
    "webhook.updated": WEBHOOK | {"changed": ["types"], "status": Of(("enabled", "paused", "disabled", "auto_off"))},
    "webhook.deleted": WEBHOOK,
    "webhook.secret_rotated": WEBHOOK | {"previous_until": Maybe(AT)},
    "webhook.endpoint_warned": WEBHOOK | {"tries": 24, "failed": 20, "since": AT, "last_error": "The receiver answered 500."},
    "webhook.endpoint_disabled": WEBHOOK | {"reason": "The receiver answered 410 Gone.", "disabled_at": AT},
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One type: what it means, its version, an example of its `data`, and the JSON Schema of that."""

    name: str
    sentence: str
    version: int
    example: dict[str, Any]
    schema: dict[str, Any]


def event_types() -> tuple[EventType, ...]:
    """Every type, in the order of `outbox.names`."""
    return tuple(map(event_type, EVENTS))


def event_type(name: str) -> EventType:
    """The type of this name. Raises KeyError."""
    return EventType(name, EVENTS[name], VERSIONS.get(name, FIRST_VERSION), example_of(name), _schema(DATA[name]))


def example_of(name: str) -> dict[str, Any]:
    """`data` of an event of this type, as a receiver may find it. Raises KeyError."""
    found: dict[str, Any] = _shown(DATA[name])
    return found


def body_example(one: EventType) -> dict[str, Any]:
    """The whole body of a delivery of this type."""
    whole = {"id": "9d3c7c1e-4b0a-4f8f-9a44-7b1f2e6d5c33", "type": one.name, "timestamp": AT, "sequence": 42, "org_id": OTHER}
    return whole | {"data": one.example}


def body_schema(one: EventType) -> dict[str, Any]:
    """JSON Schema of the whole body."""
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    properties = {
        "id": text | {"format": "uuid", "description": "The event's id: the same for every endpoint and every try."},
        "type": {"const": one.name},
        "timestamp": moment | {"description": "When it happened."},
        "sequence": {"type": "integer", "minimum": 1, "description": "The delivery's number at this endpoint, without a gap."},
        "org_id": text | {"format": "uuid"},
        "test": {"const": True, "description": "Only in test events."},
        "data": one.schema,
    }
    head = {"$schema": SCHEMA, "$id": f"urn:tiltyard:event:{one.name}:{one.version}", "title": one.name}
    required = [name for name in properties if name != "test"]
    return head | {"description": one.sentence, "type": "object", "properties": properties, "required": required}


def _shown(value: Any) -> Any:
    if isinstance(value, Maybe | Seldom):
        return _shown(value.value)
    if isinstance(value, Of):
        return value.words[0]
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def _schema(value: Any) -> dict[str, Any]:
    if isinstance(value, Seldom):
        return _schema(value.value)
    if isinstance(value, Maybe):
        return _or_null(value.value)
    if isinstance(value, Of):
        return {"type": "string", "enum": list(value.words)}
    if isinstance(value, dict):
        required = [name for name, each in value.items() if not isinstance(each, Seldom)]
        properties = {name: _schema(each) for name, each in value.items()}
        return {"type": "object"} | ({"properties": properties, "required": required} if value else {})
    if isinstance(value, list):
        return {"type": "array", "items": _schema(value[0])}
    return _plain(value)


def _or_null(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": ["string", "integer", "null"]}
    inner = _schema(value)
    if "enum" in inner:
        return inner | {"type": ["string", "null"], "enum": [*inner["enum"], None]}
    return inner | {"type": [inner["type"], "null"]}


def _plain(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"type": "string"} | ({"format": "date-time"} if value[10:11] == "T" and value.endswith("Z") else {})
    return {"type": {bool: "boolean", int: "integer", float: "number"}[type(value)]}

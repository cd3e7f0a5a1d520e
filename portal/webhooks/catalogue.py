"""The catalogue of events: each type with its sentence, its version, an example of `data` and the schema that follows from it.

Examples are written once for what all events of a family carry, and what a type adds. A test holds them against what is
really told. A change that takes something away makes a new VERSION entry; one that adds a field does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.outbox.names import EVENTS

UID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
MOMENT = "2026-03-15T10:00:00.000Z"
WALLET = "0x95a4ce3c93dfb0af79c1e8b0d72a4f8ee31d8c06"
FIRST_VERSION = 1
VERSIONS: Mapping[str, int] = {}  # of types that are not at FIRST_VERSION any more

_SIDE = {"registration_id": UID, "wallet": WALLET, "team_id": None, "team_name": None}
_COMPETITION = {
    "competition_id": UID,
    "title": "Spring Cup",
    "type": "bracket",
    "format": "single_elimination",
    "status": "active",
    "category": "dota2",
}
_MATCH = {
    "id": UID,
    "number": 1,
    "stage": "winners",
    "group": "",
    "round": 1,
    "position": 1,
    "participant_a": _SIDE,
    "participant_b": _SIDE,
    "score_a": 2,
    "score_b": 1,
    "winner": "a",
    "outcome": "played",
}
_ENTRY = {
    "id": UID,
    "competition_id": UID,
    "wallet": WALLET,
    "team_id": None,
    "status": "registered",
    "seed": None,
    "checked_in": False,
    "registered_at": MOMENT,
}
_PLACES = [{"place": 1} | _SIDE | {"prize_wei": None}]
_SESSION = {"session_id": 42, "game_id": 7, "stream_id": None, "external_ref": "user-12345"}

# What every event of a family carries.
_FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "key": {"id": UID, "number": 12, "name": "CI Pipeline", "kind": "competition", "key": "lc_a1b2c…9f8e"},
    "session": _SESSION,
    "organization": {"organization_id": UID},
    "theme": {"organization_id": UID, "version": 3},
    "member": {"id": UID, "wallet": WALLET, "role": "member", "email": None},
    "team": {"team_id": UID, "name": "Team Alpha"},
    "roster": {"id": UID, "team_id": UID, "wallet": WALLET, "role": "player"},
    "competition": _COMPETITION,
    "registration": _ENTRY,
    "match": {"competition_id": UID, "match": _MATCH},
    "standings": _COMPETITION,
    "decision": {"competition_id": UID, "decision_id": UID},
    "season": {"season_id": UID, "name": "Spring 2026"},
    "webhook": {"webhook_id": UID, "description": "Scoreboard"},
}
# What a type carries besides, or instead where it is marked in _OWN.
_MORE: Mapping[str, Mapping[str, Any]] = {
    "competition.updated": {"changed": ["title"]},
    "competition.canceled": {"was": "registration"},
    "competition.start_failed": {"reason": "Nobody is checked in."},
    "competition.started": {"participants": 8, "matches_generated": 7, "byes_advanced": 0, "started_at": MOMENT},
    "competition.completed": {"completed_at": MOMENT, "placements": _PLACES},
    "competition.corrected": {"placements": _PLACES},
    "match.completed": {"reported_by": "alice@example.com"},
    "match.corrected": {"reported_by": "alice@example.com"},
    "organization.created": {"name": "Esports League NA"},
    "organization.updated": {"changed": ["name"]},
    "team.created": {"tag": "ALPH"},
    "season.created": {
        "description": None,
        "status": "active",
        "starts_at": MOMENT,
        "ends_at": MOMENT,
        "scoring_config": {"win": 3, "loss": 0, "draw": 1},
    },
    "season.updated": {"changed": ["name"]},
    "season.competition_added": {"competition_id": UID, "title": "Spring Cup", "weight": 1.5},
    "season.competition_changed": {"competition_id": UID, "title": "Spring Cup", "weight": 2.0},
    "season.competition_removed": {"competition_id": UID, "title": "Spring Cup", "weight": 1.5},
    "season.standings_updated": {"competition_id": UID},
    "session.created": {"expires_at": MOMENT},
    "webhook.created": {"events": ["match.*"]},
    "webhook.updated": {"changed": ["status"], "status": "paused"},
    "webhook.secret_rotated": {"previous_until": MOMENT},
    "webhook.endpoint_warned": {"tries": 12, "failed": 9, "since": MOMENT, "last_error": "The receiver answered 500."},
    "webhook.endpoint_disabled": {"reason": "The receiver answered 410 Gone.", "disabled_at": MOMENT},
}
_OWN: Mapping[str, Mapping[str, Any]] = {
    "match.advanced": {
        "competition_id": UID,
        "participant": _SIDE,
        "match_id": UID,
        "round": 2,
        "position": 1,
        "slot": "a",
    },
    "match.scheduled": {"competition_id": UID, "match_id": UID, "scheduled_at": MOMENT},
    "registration.seeded": _COMPETITION | {"status": "registration", "seeded": 8},
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One type: what it means, its version, an example of its `data`, and a JSON Schema of it."""

    name: str
    sentence: str
    version: int
    example: Mapping[str, Any]

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of `data`. Receivers have to bear fields that are added."""
        return schema_of(self.example)


def event_types() -> tuple[EventType, ...]:
    """Every type, in the order of `outbox.names`."""
    return tuple(EventType(name, words, VERSIONS.get(name, FIRST_VERSION), example_of(name)) for name, words in EVENTS.items())


def example_of(name: str) -> dict[str, Any]:
    """An example of the `data` of an event type."""
    own = _OWN.get(name)
    return dict(own) if own is not None else dict(_FAMILIES.get(name.partition(".")[0], {})) | dict(_MORE.get(name, {}))


def schema_of(value: Any) -> dict[str, Any]:
    """The JSON Schema that an example stands for; what is null there may be a text."""
    if isinstance(value, Mapping):
        fields = {name: schema_of(item) for name, item in value.items()}
        return {"type": "object", "properties": fields, "additionalProperties": True}
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0]) if value else {}}
    if value is None:
        return {"type": ["string", "null"]}
    if isinstance(value, str):
        return {"type": "string"} | _format_of(value)
    kinds = {bool: "boolean", int: "integer", float: "number"}
    return {"type": kinds[type(value)]}


def _format_of(value: str) -> dict[str, str]:
    return {UID: {"format": "uuid"}, MOMENT: {"format": "date-time"}}.get(value, {})

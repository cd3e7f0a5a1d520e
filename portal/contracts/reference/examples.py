"""Sample values, so that every field of every sample says something. Ours come after what a field names itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]

KEY = "TILTYARD_API_KEY"  # the variable that holds the caller's key in every sample
UUID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
WALLET = "0x95a4ce3c93dfb0af79c1e8b0d72a4f8ee31d8c06"
MOMENT = "2026-03-15T10:00:00.000Z"

# name of a field -> what the contracts' pages print there
BY_NAME: Mapping[str, Any] = {
    "accent_color": "#22aa66",
    "action": "create-session",
    "by_type": {"bracket": 3},
    "category": "dota2",
    "cleared": UUID,
    "code": "acme-games",
    "created_by": "alice@example.com",
    "competition_status": "active",
    "custom_css": ".card { border-radius: 4px }",
    "custom_domain": "play.example.com",
    "date": "2026-03-15",
    "decided_by": "alice@example.com",
    "description": "16-team single elimination bracket",
    "detail": "There is nothing at this address.",
    "email": "admin@esportsna.gg",
    "error": "Registration is closed.",
    "entry_fee_wei": "100000000000000000",
    "event": "match.corrected",
    "expires_at": "2026-02-17T12:00:00.000Z",
    "external_ref": "user-12345",
    "favicon_url": "https://cdn.example.com/favicon.png",
    "footer_text": "Run by Esports League NA",
    "format": "single_elimination",
    "group": "A",
    "iframe": '<iframe src="https://play.example.com/embed/…" width="100%" height="600"></iframe>',
    "key": "dpk_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0",
    "key_prefix": "dpk_a1b2",
    "label": "CI Pipeline",
    "limit": 50,
    "logo_url": "https://cdn.example.com/alpha.png",
    "max_participants": 16,
    "message": "OK",
    "metadata": {"campaign": "summer-promo"},
    "name": "Team Alpha",
    "offset": 0,
    "opponent": WALLET,
    "password_link": "https://play.example.com/join/…",
    "period": "all_time",
    "primary_color": "#ff6600",
    "prize_pool_wei": "2000000000000000000",
    "prize_wei": "1200000000000000000",
    "prize_wei_after": "1200000000000000000",
    "prize_wei_before": "800000000000000000",
    "rate_limit_rpm": 600,
    "reason": "Fair play points: 4 against 6 yellow cards",
    "removed": UUID,
    "role": "admin",
    "score": "2-1",
    "rounds": {"winners": [{"round": 1, "label": "Quarterfinals", "matches": []}]},
    "rules": {"format": "single_elimination", "best_of": 3, "third_place_match": True},
    "scopes": ["cs2:matches:list", "cs2:matches:read"],
    "score_a": 2,
    "score_b": 0,
    "script": '<script src="https://play.example.com/embed.js" async></script>',
    "season_name": "Spring 2026",
    "sport": "cs2",
    "sport_allowlist": ["cs2"],
    "tag": "ALPHA",
    "team_name": "Team Alpha",
    "tenant_id": UUID,
    "text": "head-to-head: 3 against 0 points",
    "theme": {"primary_color": "#ff6600"},
    "tiebreak": "head_to_head",
    "timestamp": MOMENT,
    "title": "Dota 2 Spring Invitational",
    "token": "a1b2c3d4-e5f6-4890-abcd-ef1234567890",
    "wallet": WALLET,
    "type": "bracket",
    "website": "https://esportsna.gg",
    "weight": 1.5,
    "why": "",
}
BY_FORMAT: Mapping[str, Any] = {"uuid": UUID, "date-time": MOMENT, "uri": "https://esportsna.gg"}
BY_ENDING: tuple[tuple[str, Any], ...] = (
    ("_at", MOMENT),
    ("_opens", MOMENT),
    ("_closes", MOMENT),
    ("_wei", "1000000000000000000"),
    ("_id", UUID),
    ("id", UUID),
)
BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "string": "text", "object": {}, "null": None}


def body_example(model: type[BaseModel], schema: Schema, defs: Schema) -> Any:
    """A body that the call takes: what is required, and what names an example of its own. A model may show a whole one."""
    whole = schema.get("examples")
    if whole:
        return whole[0]
    needed = set(schema.get("required", ()))
    shown = {name: rule for name, rule in required_first(schema) if name in needed or _own(rule) is not None}
    return {name: example(name, rule, defs) for name, rule in shown.items()}


def required_first(schema: Schema) -> list[tuple[str, Schema]]:
    """The fields of an object: what has to be there before what may."""
    needed = set(schema.get("required", ()))
    return sorted(schema.get("properties", {}).items(), key=lambda field: field[0] not in needed)


def example(name: str, schema: Schema, defs: Schema) -> Any:
    """A value that fits the schema: its own example, else what the name, the format or the type suggests."""
    schema = resolved(schema, defs)
    own = _own(schema)
    if own is not None:
        return own
    if "const" in schema or "enum" in schema:
        choices = schema.get("enum") or [schema.get("const")]
        return BY_NAME[name] if BY_NAME.get(name) in choices else choices[0]
    if options := _options(schema):
        return example(name, options[0], defs)
    kind = schema.get("type", "object")
    if kind == "array":
        return _list(name, schema, defs)
    if kind == "object" and "properties" in schema:
        return {field: example(field, rule, defs) for field, rule in schema["properties"].items()}
    return _plain(name, kind, schema)


def resolved(schema: Schema, defs: Schema) -> Schema:
    """The schema that a `$ref` points at; what stands beside the reference wins."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**defs[schema["$ref"].rsplit("/", 1)[1]], **beside}
    return schema


def _list(name: str, schema: Schema, defs: Schema) -> list[Any]:
    if isinstance(BY_NAME.get(name), list):
        return list(BY_NAME[name])
    if "prefixItems" in schema:
        return [example(name, rule, defs) for rule in schema["prefixItems"]]
    return [example(name.removesuffix("s"), schema.get("items", {}), defs)] * max(1, schema.get("minItems", 1))


def _plain(name: str, kind: str, schema: Schema) -> Any:
    """A value of a simple type."""
    named = BY_NAME.get(name)
    if named is not None and _is(named, kind):
        return named
    if kind == "string":
        ending = next((value for end, value in BY_ENDING if name.endswith(end)), None)
        return BY_FORMAT.get(schema.get("format", ""), ending or BY_TYPE["string"])
    if kind in ("integer", "number"):
        return max(BY_TYPE[kind], schema.get("minimum", 0))
    return BY_TYPE[kind]


def _own(schema: Schema) -> Any:
    """The first example that a field names, or that one of its alternatives does."""
    if schema.get("examples"):
        return schema["examples"][0]
    return next((option["examples"][0] for option in schema.get("anyOf", ()) if option.get("examples")), None)


def _options(schema: Schema) -> list[Schema]:
    """Its alternatives, `null` last."""
    options = schema.get("anyOf") or schema.get("oneOf") or []
    return sorted(options, key=lambda option: option.get("type") == "null")


_PYTHON: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _PYTHON.get(kind, object)) and not (isinstance(value, bool) and kind in ("integer", "number"))

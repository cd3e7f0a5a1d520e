"""The OpenAPI 3.1 document, made from the routes and the models that they validate with."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from pydantic import BaseModel

from portal.admission.idempotency import HEADER as IDEMPOTENCY_KEY
from portal.contracts.reference.examples import body_example, example, required_first
from portal.contracts.reference.operations import Operation, contracts, operations, sections_of
from portal.contracts.reference.schemas import Schemas, collect

Json = dict[str, Any]

SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Your key in the Authorization header."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Your key in a header of its own."},
    "walletAddress": {"type": "apiKey", "in": "header", "name": "x-lc-address", "description": "The signer's address."},
    "walletSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "x-lc-signature",
        "description": "EIP-191 personal_sign of lightchallenge:{timestamp}; good for five minutes, and for one write.",
    },
    "walletTimestamp": {
        "type": "apiKey",
        "in": "header",
        "name": "x-lc-timestamp",
        "description": "The timestamp that was signed, unix milliseconds.",
    },
}
WALLET = ("walletAddress", "walletSignature", "walletTimestamp")
WHOLE: Json = {"type": "integer"}
HEADERS: Json = {
    "X-RateLimit-Limit": {"description": "Calls that the tightest window allows.", "schema": WHOLE},
    "X-RateLimit-Remaining": {"description": "Calls that are left in it.", "schema": WHOLE},
    "X-RateLimit-Reset": {"description": "When it opens again, unix seconds.", "schema": WHOLE},
    "Retry-After": {"description": "Seconds to wait.", "schema": WHOLE},
    "Deprecation": {
        "description": "Since when the call is deprecated: @ and unix seconds (RFC 9745).",
        "schema": {"type": "string"},
    },
    "Sunset": {"description": "When it goes away (RFC 8594).", "schema": {"type": "string"}},
}
RATES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
REPEAT: Json = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "The same key again within 24 hours: the first answer again, and no second effect.",
    # No pattern: an empty one, or one of blanks, arrives as none at all.
    "schema": {"type": "string", "maxLength": 255},
}


def document(app: Flask) -> Json:
    """The whole document; made once per application, since its routes do not change."""
    kept: Json | None = app.extensions.get("openapi")
    if kept is None:
        kept = app.extensions["openapi"] = _document(app)
    return kept


def _document(app: Flask) -> Json:
    calls = operations(app)
    schemas, answers = collect(calls)
    paths: Json = {}
    for one in calls:
        made = _operation(one, schemas, answers[one.operation_id])
        at = paths.setdefault(one.path, {})
        at[one.method.lower()] = _joined(at[one.method.lower()], made) if one.method.lower() in at else made
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tiltyard",
            "version": "1",
            "summary": "One platform, four APIs.",
            "description": "\n\n".join(f"**{one.title}.** {one.sentence} {' '.join(one.notes)}" for one in contracts(app)),
        },
        "servers": [{"url": app.config["SETTINGS"].base_url}],
        "tags": [
            {"name": _tag(contract.title, section.name), "description": contract.sentence}
            for contract in contracts(app)
            for section in sections_of(app, contract)
        ],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": SCHEMES, "headers": HEADERS},
    }


def _operation(one: Operation, schemas: Schemas, answer: type[BaseModel]) -> Json:
    made: Json = {
        "operationId": one.operation_id,
        "tags": [_tag(one.contract.title, one.section)],
        "summary": one.description.summary,
        "description": one.notes,
        "parameters": _parameters(one, schemas),
        "security": security_of(one),
        "responses": _responses(one, schemas, answer),
    }
    if one.description.body is not None:
        made["requestBody"] = _body(one, schemas, one.description.body)
    if one.deprecation is not None:
        made |= {"deprecated": True, "externalDocs": {"url": one.deprecation.link, "description": "What to use instead"}}
    return made


def security_of(one: Operation) -> list[Json]:
    """Each entry is one way in; an empty one is nobody in particular."""
    roles = [one.scope] if one.scope else []
    ways: list[Json] = [{"bearer": roles}, {"apiKey": roles}] if one.keyed else [{}]
    if one.signed:
        ways.append({scheme: [] for scheme in WALLET})
    return [*ways, {}] if one.public else ways


def _parameters(one: Operation, schemas: Schemas) -> list[Json]:
    made: list[Json] = []
    for name, is_number in one.numbers.items():
        kind = {"type": "integer", "minimum": 1} if is_number else {"type": "string", "format": "uuid"}
        made.append({"name": name, "in": "path", "required": True, "schema": kind})
    if one.action:
        made.append({"name": "action", "in": "query", "required": True, "schema": {"type": "string", "enum": [one.action]}})
    made += query_parameters(one, schemas)
    for name, value in one.contract.headers.items():
        if name not in ("Accept", "Content-Type"):  # OpenAPI has places of their own for these two
            made.append({"name": name, "in": "header", "required": True, "schema": {"type": "string", "const": value}})
    return [*made, REPEAT] if one.method == "POST" and one.keyed else made


def query_parameters(one: Operation, schemas: Schemas) -> list[Json]:
    """The fields of the query's model, one by one."""
    if one.description.query is None:
        return []
    schema = schemas.of(one.description.query)
    needed = set(schema.get("required", ()))
    made = []
    for name, rule in required_first(schema):
        kind = _without_null(rule)
        words = kind.pop("description", rule.get("description", ""))
        made.append({"name": name, "in": "query", "required": name in needed, "description": words, "schema": kind})
    return made


def _without_null(rule: Mapping[str, Any]) -> Json:
    """A parameter is there or not; it is never null."""
    kinds = [option for option in rule.get("anyOf", ()) if option.get("type") != "null"]
    beside = {key: value for key, value in rule.items() if key != "anyOf" and not (key == "default" and value is None)}
    return dict(rule) if not kinds else {**beside, **kinds[0]} if len(kinds) == 1 else {**beside, "anyOf": kinds}


def _body(one: Operation, schemas: Schemas, model: type[BaseModel]) -> Json:
    schema = schemas.of(model)
    shown = body_example(model, schema, schemas.components)
    required = bool(schema.get("required")) or one.method != "POST"
    return {"required": required, "content": {"application/json": {"schema": schemas.ref(model), "example": shown}}}


def _responses(one: Operation, schemas: Schemas, answer: type[BaseModel]) -> Json:
    told = ("Deprecation", "Sunset") if one.deprecation else ()
    shown = example("answer", schemas.of(answer), schemas.components)
    content: Json = {one.contract.media[0]: {"schema": schemas.ref(answer), "example": shown}}
    content |= {kind: {"schema": {"type": "string"}} for kind in one.contract.media[1:]}
    made: Json = {str(one.description.status): {"description": "Done.", "headers": _headers(*RATES, *told), "content": content}}
    refused: Json = {one.contract.media[0]: {"schema": schemas.ref(one.contract.error)}}
    refused |= {kind: {"schema": {"type": "string"}} for kind in one.contract.media[1:]}
    for status, words in one.errors.items():
        waits = ("Retry-After",) if status in (429, 503) else ()
        made[str(status)] = {"description": words, "headers": _headers(*RATES, *waits, *told), "content": refused}
    return made


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _joined(first: Json, second: Json) -> Json:
    """Two calls that share address and method, told apart by `action`: one operation that takes either."""
    action = {one["name"]: one for one in first["parameters"]}.get("action")
    other = {one["name"]: one for one in second["parameters"]}.get("action")
    choices = [value for one in (action, other) if one for value in one["schema"]["enum"]]
    required = bool(action and action["required"] and other)
    named = {one["name"]: {**one, "required": False} for one in (*first["parameters"], *second["parameters"])}
    named["action"] = {
        "name": "action", "in": "query", "required": required, "schema": {"type": "string", "enum": choices},
    }  # fmt: skip
    joined = {
        **first,
        "summary": f"{first['summary']}; {second['summary'].lower()}",
        "description": f"{first['description']}\n\n{second['description']}",
        "parameters": list(named.values()),
        "security": [way for way in (*first["security"], *second["security"]) if way],
        "responses": second["responses"] | first["responses"],
    }
    if not all(way for one in (first, second) for way in one["security"]):
        joined["security"].append({})
    joined["responses"] = joined["responses"] | {"200": _either(first["responses"]["200"], second["responses"]["200"])}
    if "requestBody" in first and "requestBody" in second:
        joined["requestBody"] = _either(first["requestBody"], second["requestBody"]) | {"required": True}
    return joined


def _either(first: Json, second: Json) -> Json:
    """Content of one schema or the other."""
    one, other = (part["content"]["application/json"] for part in (first, second))
    schemas = [choice for part in (one, other) for choice in part["schema"].get("anyOf", [part["schema"]])]
    return {**first, "content": {"application/json": {"schema": {"anyOf": schemas}, "example": one.get("example")}}}


def _tag(title: str, section: str) -> str:
    return f"{title}: {section}"

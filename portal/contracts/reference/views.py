"""Operations as the pages show them: words, fields, samples. Made once per application and API."""

import json
from dataclasses import dataclass

from flask import Flask

from portal.contracts.reference.examples import example
from portal.contracts.reference.fields import Field, field_of, fields_of
from portal.contracts.reference.openapi import query_parameters
from portal.contracts.reference.operations import Operation, operations
from portal.contracts.reference.samples import call_of, samples_of
from portal.contracts.reference.schemas import Schemas, answer_model, collect


@dataclass(frozen=True)
class Shown:
    """`headers` and `credential` are what the form sends beside its fields."""

    operation: Operation
    access: str
    path_fields: tuple[Field, ...]
    query_fields: tuple[Field, ...]
    body_fields: tuple[Field, ...]
    samples: dict[str, str]
    body: str
    answer: str


def shown(app: Flask) -> dict[str, Shown]:
    """operation id -> how it is shown."""
    kept: dict[str, Shown] | None = app.extensions.get("operations_shown")
    if kept is None:
        schemas, _ = collect(operations(app))
        base_url = app.config["SETTINGS"].base_url
        kept = {one.operation_id: _show(one, schemas, base_url) for one in operations(app)}
        app.extensions["operations_shown"] = kept
    return kept


def access_words(one: Operation) -> str:
    """Who may make the call, in a sentence."""
    if not one.keyed:
        return "No key: the token is the credential."
    if one.public:
        return "No key is needed for what is public. A key shows what is private in its own organization too."
    key = f"A key with the scope {one.scope}" if one.scope else "Any key"
    return f"{key}{', or the signature of a wallet whose role allows it' if one.signed else ''}."


def _show(one: Operation, schemas: Schemas, base_url: str) -> Shown:
    defs = schemas.components
    call = call_of(one, schemas, base_url)
    body = one.description.body
    numbers = {True: {"type": "integer"}, False: {"type": "string", "format": "uuid"}}
    answer = answer_model(one).model_json_schema(ref_template="#/components/schemas/{model}")
    return Shown(
        operation=one,
        access=access_words(one),
        path_fields=tuple(field_of(name, numbers[is_number], True, defs) for name, is_number in one.numbers.items()),
        query_fields=tuple(
            field_of(part["name"], {**part["schema"], "description": part["description"]}, part["required"], defs)
            for part in query_parameters(one, schemas)
        ),
        body_fields=tuple(fields_of(schemas.of(body), defs)) if body is not None else (),
        samples=samples_of(call),
        body="" if call.body is None else json.dumps(call.body, indent=2, ensure_ascii=False),
        answer=json.dumps(example("answer", answer, answer.get("$defs", {})), indent=2, ensure_ascii=False),
    )

"""The models of bodies, queries and answers as JSON Schema, with the formats that a name stands for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from portal.contracts.reference.operations import Operation

TEMPLATE = "#/components/schemas/{model}"
Schema = dict[str, Any]

# What a text field is by its name, where its model leaves it open. The services check it.
UUID = {"format": "uuid"}
MOMENT = {"format": "date-time"}
FORMATS: dict[str, Schema] = {
    "id": UUID,
    "over": UUID,
    "under": UUID,
    "challenger": UUID,
    "registration_opens": MOMENT,
    "registration_closes": MOMENT,
    "wallet": {"pattern": "^0x[0-9a-fA-F]{40}$"},
    "entry_fee_wei": {"pattern": "^[0-9]{1,78}$"},
    "prize_pool_wei": {"pattern": "^[0-9]{1,78}$"},
}
ENDINGS: tuple[tuple[str, Schema], ...] = (("_id", UUID), ("_at", MOMENT))
_SETTLED = {"format", "pattern", "enum", "const"}


@dataclass(frozen=True)
class Schemas:
    """`components` by name, and the reference of each model among them."""

    components: Schema
    names: dict[type[BaseModel], str]

    def ref(self, model: type[BaseModel]) -> Schema:
        return {"$ref": TEMPLATE.format(model=self.names[model])}

    def of(self, model: type[BaseModel]) -> Schema:
        found: Schema = self.components[self.names[model]]
        return found


def collect(operations: Iterable[Operation]) -> tuple[Schemas, dict[str, type[BaseModel]]]:
    """All schemas, and the model of each operation's answer by its id."""
    operations = tuple(operations)
    answers = {one.operation_id: answer_model(one) for one in operations}
    models: list[type[BaseModel]] = []
    for one in operations:
        description = one.description
        models += [model for model in (description.body, description.query, one.contract.error) if model is not None]
        models.append(answers[one.operation_id])
    unique = list(dict.fromkeys(models))
    refs, whole = models_json_schema([(model, "validation") for model in unique], ref_template=TEMPLATE)
    components: Schema = whole.get("$defs", {})
    for schema in components.values():
        _refine(schema)
    names = {model: ref["$ref"].rsplit("/", 1)[1] for (model, _), ref in refs.items()}
    return Schemas(components, names), answers  # type: ignore[arg-type]


def answer_model(one: Operation) -> type[BaseModel]:
    """The whole answer of a call, envelope included."""
    title = "".join(part.capitalize() for part in one.operation_id.split("_"))
    return one.contract.success(f"{title}Answer", one.description.data)


def _refine(schema: Schema) -> None:
    """Formats by name; no titles, which only repeat the names."""
    schema.pop("title", None)
    for name, rule in schema.get("properties", {}).items():
        rule.pop("title", None)
        if rule.get("default") == "":  # stands for "not given", and may break the field's own rule
            del rule["default"]
        for text in _texts(rule):
            if not _SETTLED & text.keys():
                text.update(_format_of(name))


def _texts(rule: Schema) -> Iterator[Schema]:
    """The rule itself, or those of its alternatives, that stand for text."""
    for option in rule.get("anyOf", [rule]):
        if option.get("type") == "string":
            yield option


def _format_of(name: str) -> Schema:
    return FORMATS.get(name) or next((kind for ending, kind in ENDINGS if name.endswith(ending)), {})

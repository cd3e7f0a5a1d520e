"""The fields of a body or a query as rows that people read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.contracts.reference.examples import required_first, resolved

Schema = Mapping[str, Any]
DEEPEST = 3
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "object": "object"}
_FORMATS = {"uuid": "UUID", "date-time": "time, ISO 8601 with its zone", "uri": "address"}


@dataclass(frozen=True)
class Field:
    """`name` of a field inside another: `seeds[].seed`. `kind` and `rule` are words, `rule` may be empty."""

    name: str
    kind: str
    required: bool
    words: str
    rule: str
    choices: tuple[str, ...]


def fields_of(schema: Schema, defs: Schema, before: str = "", depth: int = 0) -> Iterator[Field]:
    """Every field of an object, those of its objects below it."""
    needed = set(schema.get("required", ()))
    for name, rule in required_first(schema):
        yield field_of(before + name, rule, name in needed, defs)
        inner, mark = _inner(rule, defs)
        if inner is not None and depth < DEEPEST:
            yield from fields_of(inner, defs, f"{before}{name}{mark}.", depth + 1)


def field_of(name: str, rule: Schema, required: bool, defs: Schema) -> Field:
    """One row."""
    one = _settled(rule, defs)
    choices = tuple(str(choice) for choice in one.get("enum", [one["const"]] if "const" in one else []))
    return Field(name, _kind(one, defs), required, rule.get("description", ""), _rule(one), choices)


def _settled(rule: Schema, defs: Schema) -> Schema:
    """The rule itself, or its first alternative that is not null."""
    rule = resolved(rule, defs)
    options = [option for option in rule.get("anyOf", ()) if option.get("type") != "null"]
    return resolved(options[0], defs) if options else rule


def _inner(rule: Schema, defs: Schema) -> tuple[Schema | None, str]:
    """The object inside a field, and what marks that the field is a list of them."""
    one, mark = _settled(rule, defs), ""
    if one.get("type") == "array":
        one, mark = _settled(one.get("items", {}), defs), "[]"
    return (one, mark) if one.get("properties") else (None, "")


def _kind(one: Schema, defs: Schema) -> str:
    if one.get("type") == "array":
        return f"list of {_kind(_settled(one.get('items', {}), defs), defs)}"
    return _FORMATS.get(one.get("format", ""), _WORDS.get(one.get("type", ""), "any value" if not one.get("enum") else "text"))


def _rule(one: Schema) -> str:
    """Its bounds, in words."""
    bounds = (
        (one.get("minLength"), one.get("maxLength"), "characters"),
        (one.get("minimum"), one.get("maximum"), ""),
        (one.get("minItems"), one.get("maxItems"), "entries"),
    )
    return "; ".join(words for low, high, unit in bounds if (words := _between(low, high, unit)))


def _between(low: float | None, high: float | None, unit: str) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"at least {low:,} {unit}".strip()
    return f"{f'{low:,} to' if low is not None else 'at most'} {high:,} {unit}".strip()

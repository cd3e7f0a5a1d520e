"""Reading a JSON body strictly (RULINGS 19): no unknown field, no coercion, no repeated key, no NaN, bounded size and depth."""

import json
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.kernel.errors import Invalid, TooLarge, UnsupportedBody
from portal.kernel.json_text import MAX_DEPTH, depth_of

MAX_BYTES = 1_000_000


class Body(BaseModel):
    """The base of every request body."""

    model_config = ConfigDict(
        strict=True, extra="forbid", str_strip_whitespace=False, hide_input_in_errors=True, defer_build=True
    )


Shape = TypeVar("Shape", bound=Body)

# pydantic's error type -> our words; {…} is filled from the error's context. Values that were sent are never repeated.
_WORDS = {
    "missing": "is missing. Send it.",
    "extra_forbidden": "is not a field of this call. Remove it.",
    "string_type": "must be text.",
    "int_type": "must be a whole number, not text, a fraction or true/false.",
    "int_parsing": "must be a whole number.",
    "float_parsing": "must be a number.",
    "bool_parsing": "must be true or false.",
    "int_from_float": "must be a whole number.",
    "float_type": "must be a number.",
    "bool_type": "must be true or false.",
    "dict_type": "must be an object.",
    "list_type": "must be a list.",
    "model_type": "must be an object.",
    "string_too_long": "is too long: use at most {max_length} characters.",
    "string_too_short": "is too short: use at least {min_length} characters.",
    "greater_than": "must be more than {gt}.",
    "greater_than_equal": "must be at least {ge}.",
    "less_than": "must be less than {lt}.",
    "less_than_equal": "must be at most {le}.",
    "too_long": "has too many entries: use at most {max_length}.",
    "too_short": "has too few entries: use at least {min_length}.",
    "literal_error": "must be one of {expected}.",
    "string_pattern_mismatch": "does not have the form that is asked for.",
    "datetime_type": "must be a time such as 2027-01-01T00:00:00Z.",
    "datetime_parsing": "must be a time such as 2027-01-01T00:00:00Z.",
    "datetime_from_date_parsing": "must be a time such as 2027-01-01T00:00:00Z.",
    "timezone_aware": "must be a time with its zone, such as 2027-01-01T00:00:00Z.",
    "string_unicode": "must be valid text.",
}


def read_json(shape: type[Shape], *, optional: bool = False) -> Shape:
    """The request's body as `shape`. `optional` lets an empty body stand for `{}`.

    Raises Invalid naming field and rule, TooLarge over 1 MB, UnsupportedBody when it is not sent as JSON.
    """
    raw = _raw()
    if not raw and optional:
        return shape()
    if request.mimetype != "application/json":
        raise UnsupportedBody("Send the body as JSON with `Content-Type: application/json`.")
    try:
        return shape.model_validate(parse(raw))
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> Invalid:
    """The first thing that a model refuses, in our words: the field, the rule, never the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    words = _WORDS.get(first["type"])
    message = words.format(**first.get("ctx", {})) if words else f"is refused: {first['msg']}."
    return Invalid(field, f"{field[:80]} {message}")


def parse(raw: bytes) -> dict[str, Any]:
    """One JSON object from UTF-8 bytes; raises Invalid for everything that JSON parsers quietly forgive."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("body", "The body is not UTF-8.") from None
    if depth_of(text) > MAX_DEPTH:
        raise Invalid("body", f"The body is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constants)
    except ValueError as error:
        if isinstance(error, Repeated):
            raise Invalid(error.name, f"{error.name} stands twice in one object. Send it once.") from None
        raise Invalid("body", "The body is not JSON. Send one JSON object.") from None
    if not isinstance(value, dict):
        raise Invalid("body", "The body must be a JSON object.")
    _no_odd_text(value)
    return value


class Repeated(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name[:80]


def _raw() -> bytes:
    if (request.content_length or 0) > MAX_BYTES:
        raise TooLarge("The body is larger than 1 MB. Send less.")
    raw = request.get_data(cache=True)  # bounded by MAX_CONTENT_LENGTH where no length was announced
    if len(raw) > MAX_BYTES:
        raise TooLarge("The body is larger than 1 MB. Send less.")
    return raw


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Repeated(name)
        found[name] = value
    return found


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_odd_text(value: Any) -> None:
    """Lone surrogates and NUL cannot be stored or shown: refuse them wherever they hide."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Invalid("body", "The body holds a character that cannot be stored (NUL or half of a pair).")
    elif isinstance(value, dict):
        for name, item in value.items():
            _no_odd_text(name)
            _no_odd_text(item)
    elif isinstance(value, list):
        for item in value:
            _no_odd_text(item)

"""Times in JSON bodies: ISO 8601 (RFC 3339) text with its zone, and nothing that merely looks like it."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

# At least to the minute; fractions of any length are cut to microseconds.
_FORM = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6})\d{0,12})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# Far enough from the ends of the calendar that no zone can push a moment over them.
_YEARS = range(1970, 9000)


def read_moment(value: Any) -> datetime:
    """The moment that `value` names. Raises pydantic's own error, which `web.body` words."""
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _refused()
    clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{clock.upper()}{'Z' if zone in 'Zz' else zone}")
    except ValueError:
        raise _refused() from None
    if moment.year not in _YEARS:
        raise _refused()
    return moment.replace(microsecond=int((fraction or "0").ljust(6, "0")))


def _refused() -> PydanticCustomError:
    return PydanticCustomError("timezone_aware", "must be a time with its zone")


Moment = Annotated[datetime, PlainValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]

"""The bodies of the Session API, and its query parameters."""

import re
from datetime import datetime
from typing import Annotated, Any

from flask import request
from pydantic import Field

from portal.catalog.model import LARGEST
from portal.kernel.errors import Invalid
from portal.web.body import Body

Number = Annotated[int, Field(ge=1, le=LARGEST)]


class CreateSession(Body):
    game_id: Number | None = None
    stream_id: Number | None = None
    external_ref: str | None = None
    metadata: dict[str, Any] | None = None
    expires_in_minutes: int | None = None


class ConsumeSession(Body):
    token: str
    player_uuid: str | None = None


class CreateKey(Body):
    org_id: int
    name: str
    description: str | None = None
    allowed_game_ids: list[Number] | None = None
    allowed_stream_ids: list[Number] | None = None
    rate_limit_per_minute: Number | None = None
    rate_limit_per_day: Number | None = None
    expires_at: str | None = None


class ChangeKey(Body):
    id: int
    org_id: int
    is_active: bool


def number_in_query(name: str) -> int:
    """A whole number sent once in the query. Raises Invalid naming it."""
    values = request.args.getlist(name)
    if len(values) != 1 or not re.fullmatch(r"[0-9]{1,18}", values[0], re.ASCII):
        raise Invalid(name, f"Send {name} once in the query, as a whole number.")
    return int(values[0])


def only_in_query(*allowed: str) -> None:
    """Raises Invalid for a parameter that this call does not have, or that was sent twice."""
    for name, values in request.args.lists():
        if name not in allowed:
            raise Invalid(name[:80], f"{name[:80]} is not a parameter of this call. Remove it.")
        if len(values) > 1:
            raise Invalid(name, f"{name} stands twice in the query. Send it once.")


def moment(field: str, text: str | None) -> datetime | None:
    """An ISO 8601 time with its zone. Raises Invalid."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text:
        raise Invalid(field, f"{field} must be a time with its zone, such as 2027-01-01T00:00:00Z.")
    return found

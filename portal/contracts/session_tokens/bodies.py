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
    game_id: Number | None = Field(None, description="The game that the link opens. This or stream_id.", examples=[42])
    stream_id: Number | None = Field(None, description="The stream that the link opens. This or game_id.")
    external_ref: str | None = Field(None, description="Your own reference, at most 255 characters.", examples=["user-12345"])
    metadata: dict[str, Any] | None = Field(
        None, description="Any JSON object; the one who consumes gets it back.", examples=[{"campaign": "summer-promo"}]
    )
    expires_in_minutes: int | None = Field(None, description="How long the link opens. 1440, a day, unless given.", examples=[60])


class ConsumeSession(Body):
    token: str = Field(description="The token of the link.", json_schema_extra={"format": "uuid"})
    player_uuid: str | None = Field(None, description="Who plays.", examples=["player-uuid-here"])


class CreateKey(Body):
    org_id: int = Field(description="The number of your organization.")
    name: str = Field(description="A name that says where the key is used.", examples=["Production CRM"])
    description: str | None = Field(None, description="What it is for.", examples=["Used by the CRM to issue game links"])
    allowed_game_ids: list[Number] | None = Field(None, description="The games that it may link to; all unless given.")
    allowed_stream_ids: list[Number] | None = Field(None, description="The streams that it may link to; all unless given.")
    rate_limit_per_minute: Number | None = Field(None, description="Calls a minute. 60 unless given.", examples=[60])
    rate_limit_per_day: Number | None = Field(None, description="Calls a day. 10,000 unless given.", examples=[10000])
    expires_at: str | None = Field(
        None,
        description="When it ends by itself, as a time with its zone.",
        examples=["2027-01-01T00:00:00Z"],
        json_schema_extra={"format": "date-time"},
    )


class ChangeKey(Body):
    id: int = Field(description="The number of the key.")
    org_id: int = Field(description="The number of your organization.")
    is_active: bool = Field(description="false switches the key off, true on again.", examples=[False])


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

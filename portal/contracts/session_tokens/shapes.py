"""What the Session API answers, and the parameters that stand in its address beside `action`."""

from typing import Any, Literal

from pydantic import Field

from portal.contracts.session_tokens.bodies import Number
from portal.web.describe import Query, Shape


class ByToken(Query):
    token: str = Field(description="The token of the link.", json_schema_extra={"format": "uuid"})


class OfOrganization(Query):
    org_id: Number = Field(description="The number of your organization.")


class OneKey(Query):
    id: Number = Field(description="The number of the key.")
    org_id: Number = Field(description="The number of your organization.")


class CreatedSession(Shape):
    token: str
    stream_id: int | None
    game_id: int | None
    expires_at: str
    external_ref: str | None


class ValidSession(Shape):
    valid: Literal[True]
    status: Literal["active"]
    stream_id: int | None
    game_id: int | None
    expires_at: str
    external_ref: str | None
    metadata: dict[str, Any] | None


class ConsumedSession(Shape):
    session_id: int
    org_id: int
    stream_id: int | None
    game_id: int | None
    external_ref: str | None
    metadata: dict[str, Any] | None


class ListedKey(Shape):
    id: int
    name: str = Field(examples=["Production CRM"])
    description: str | None
    key_prefix: str
    allowed_game_ids: list[int] | None
    allowed_stream_ids: list[int] | None
    rate_limit_per_minute: int | None
    rate_limit_per_day: int | None
    is_active: bool
    expires_at: str | None
    created_at: str
    last_used_at: str | None


class IssuedKey(Shape):
    id: int
    name: str = Field(examples=["Production CRM"])
    key_prefix: str
    key: str


class ChangedKey(Shape):
    id: int
    name: str = Field(examples=["Production CRM"])
    is_active: bool


class DeletedKey(Shape):
    id: int
    deleted: Literal[True]

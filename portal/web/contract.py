"""What an API says of itself: the one place that the envelope, the statuses and the words of its reference come from.

Each contract's `answers` carries one as `about`, beside the function that words its problems; the OpenAPI document, the
pages under /docs and the tests that hold answers to their shape all read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_origin

from pydantic import BaseModel, create_model

from portal.web.describe import Description, Shape

DATA = object()  # where the answer's data stands in an envelope
BODY_STATUSES = {413: "The body is larger than 1 MB.", 415: "The body is not sent as `application/json`."}
POST_STATUSES = {
    409: "A call with the same Idempotency-Key is still running, or the state of things does not allow this now.",
    422: "The Idempotency-Key came with another request before, or what is asked makes no sense.",
}
EVERYWHERE = {
    400: "A parameter or field is missing, unknown or malformed. The text names it.",
    401: "No credential, or one that opens nothing.",
    403: "The credential is good but may not do this.",
    404: "There is no such thing, or it belongs to somebody else.",
    429: "Too many calls. Wait as long as Retry-After says.",
    500: "Something failed on our side. Nothing was changed.",
    503: "The database is busy or away. Try again shortly.",
}
MEANINGS = {
    **EVERYWHERE,
    **BODY_STATUSES,
    406: "None of the types that you accept can be produced.",
    409: "The state of things does not allow this now: a duplicate, or a step out of its order.",
    410: "It was there and is used up, expired or revoked.",
    422: "Well-formed, but it makes no sense here.",
}


@dataclass(frozen=True, eq=False)
class Contract:
    """`slug` names its page, `sections` gives their order there. `envelope` and `error` are the fields of every answer,
    `beside_lists` more of them where the data is a list."""

    slug: str
    title: str
    sentence: str
    envelope: Mapping[str, Any]
    error: type[Shape]
    beside_lists: Mapping[str, Any] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    statuses: Mapping[int, str] = field(default_factory=lambda: EVERYWHERE)
    body_statuses: Mapping[int, str] = field(default_factory=lambda: BODY_STATUSES)
    post_statuses: Mapping[int, str] = field(default_factory=lambda: POST_STATUSES)
    headers: Mapping[str, str] = field(default_factory=dict)  # asked for on every call
    credential: tuple[str, str] = ("Authorization", "Bearer ")  # the header of the key, and what stands before it
    media: tuple[str, ...] = ("application/json",)

    def errors_of(self, method: str, description: Description) -> dict[int, str]:
        """Status -> meaning of every refusal that a route may answer."""
        found = dict(self.statuses)
        if description.body is not None:
            found |= self.body_statuses
        if method == "POST":
            found |= self.post_statuses
        return dict(sorted((found | {status: MEANINGS[status] for status in description.errors}).items()))

    def success(self, name: str, data: Any) -> type[BaseModel]:
        """The model of a whole answer whose data is `data`."""
        parts = {**self.envelope, **(self.beside_lists if get_origin(data) is list else {})}
        fields: dict[str, Any] = {key: (data if kind is DATA else kind, ...) for key, kind in parts.items()}
        return create_model(name, __base__=Shape, **fields)

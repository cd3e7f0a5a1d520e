"""What a route takes and gives, written beside the view: the OpenAPI document is generated from it, tests hold answers to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.kernel.errors import Invalid
from portal.web.body import Body, refused

View = TypeVar("View", bound=Callable[..., Any])


class Query(BaseModel):
    """The base of a route's query parameters: text, read as what the field says. Names that it has not are ignored."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, defer_build=True)


class Shape(BaseModel):
    """The base of what a route answers. It says what stands there; the views build plain dicts."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


@dataclass(frozen=True, slots=True)
class Description:
    """`data` is the type inside the contract's envelope; `errors` are the statuses that this route may answer besides
    those that every route of its API may."""

    summary: str
    section: str
    body: type[Body] | None
    query: type[Query] | None
    data: Any
    status: int
    errors: tuple[int, ...]


def describe(
    summary: str,
    section: str,
    *,
    body: type[Body] | None = None,
    query: type[Query] | None = None,
    data: Any = None,
    status: int = 200,
    errors: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """View decorator, right below the route: says what the route is for, under which heading, what it takes and gives."""

    def attach(view: View) -> View:
        view.description = Description(summary, section, body, query, data, status, errors)  # type: ignore[attr-defined]
        return view

    return attach


Asked = TypeVar("Asked", bound=Query)


def read_query(shape: type[Asked]) -> Asked:
    """The request's query as `shape`. Raises Invalid naming parameter and rule; a name given twice is refused too."""
    try:
        return shape.model_validate(single(shape))
    except ValidationError as error:
        raise refused(error) from None


def single(shape: type[Query]) -> dict[str, str]:
    """Each known parameter's one value; raises Invalid for one that stands there twice."""
    found: dict[str, str] = {}
    for name in shape.model_fields:
        values = request.args.getlist(name)
        if len(values) > 1:
            raise Invalid(name, f"{name} stands twice in the address. Send it once.")
        if values:
            found[name] = values[0]
    return found

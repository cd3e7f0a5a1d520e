"""The forms of the webhook pages, and how what is typed becomes the terms of an endpoint."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)

from portal.kernel.ids import new_uid
from portal.kernel.json_text import MAX_DEPTH, depth_of
from portal.outbox.families import families
from portal.outbox.names import EVENTS
from portal.web.forms import Between, Form, Length, Required, Typed
from portal.webhooks.model import Endpoint
from portal.webhooks.outgoing import HIDDEN
from portal.webhooks.rendering import MOST_BYTES
from portal.webhooks.service import OVERLAPS
from portal.webhooks.terms import MOST_CAP, MOST_DESCRIPTION

OVERLAP_CHOICES = [*((name, name) for name in OVERLAPS), ("none", "Not at all: the old one ends at once")]
WHICH = [("failed", "What failed or was canceled"), ("missing", "What it was never given")]


class EndpointForm(Form):
    """Terms of an endpoint. `attempt` names this very form, so that sending it twice makes one endpoint."""

    url = StringField("Address", [Required("Write the address that receives the events, such as https://example.com/hooks.")])
    description = StringField("Description", [Length(MOST_DESCRIPTION)], default="")
    events = SelectMultipleField("Events", [Required("Choose at least one event, or all of them.")])
    competition_id = SelectField("Only of one competition", default="")
    season_id = SelectField("Only of one season", default="")
    ordered = BooleanField("Keep the order within each competition")
    headers = TextAreaField("Headers of your own", [Length(12_000)])
    in_flight_cap = IntegerField("Deliveries at once", [Between(1, MOST_CAP, "deliveries")], default=10)
    attempt = HiddenField(default=new_uid)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ["*", *(f"{family}.*" for family in families()), *EVENTS]
        self.events.choices = [(name, name) for name in names]

    def offer(self, competitions: list[tuple[str, str]], seasons: list[tuple[str, str]]) -> None:
        """What it may be narrowed to: (uid, name)."""
        self.competition_id.choices = [("", "Any competition"), *competitions]
        self.season_id.choices = [("", "Any season"), *seasons]

    def validate_headers(self, field: Any) -> None:
        """Each line has a colon and each name stands there once."""
        lines = self.header_lines()
        if bad := next((number for number, name, _ in lines if not name), None):
            raise ValidationError(f"Line {bad} of the headers has no colon. Write it like X-Environment: production.")
        if len({name.lower() for _, name, _ in lines}) < len(lines):
            raise ValidationError("A header stands there twice. Write it once.")

    def header_lines(self) -> list[tuple[int, str, str]]:
        """(line, name, value); the name is empty where the line has no colon."""
        found = []
        for number, line in enumerate((self.headers.data or "").split("\n"), 1):
            if line.strip():
                name, colon, value = line.partition(":")
                found.append((number, name.strip() if colon else "", value.strip()))
        return found

    def terms(self) -> dict[str, Any]:
        """By the service's names."""
        plain = {name: self[name].data for name in ("url", "description", "ordered", "in_flight_cap")}
        narrowed = {"competition": self.competition_id.data or None, "season": self.season_id.data or None}
        headers = {name: value for _, name, value in self.header_lines()}
        return plain | narrowed | {"types": self.events.data, "headers": headers}


def values_of(endpoint: Endpoint) -> dict[str, Any]:
    """What the form of an endpoint that stands begins with; the values of its headers are not shown."""
    plain = {name: getattr(endpoint, name) for name in ("url", "description", "ordered", "in_flight_cap")}
    headers = "\n".join(f"{name}: {HIDDEN}" for name in endpoint.header_names)
    narrowed = {"competition_id": endpoint.competition or "", "season_id": endpoint.season or ""}
    return plain | narrowed | {"events": endpoint.types, "headers": headers}


class RotateForm(Form):
    overlap = RadioField("The old secret signs too for", choices=OVERLAP_CHOICES, default="24 hours")

    def span(self) -> timedelta:
        """How long both sign."""
        return OVERLAPS.get(self.overlap.data, timedelta(0))


class DeleteForm(Form):
    """`expected` is the name that has to be written."""

    confirm = StringField("Name of the webhook", [Typed(lambda form: form.expected)])
    expected = ""


class RecoverForm(Form):
    which = RadioField("Send", choices=WHICH, default="failed")
    since = DateTimeLocalField(
        "Of everything since (UTC)", [Required("Write since when.")], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )

    def moment(self) -> datetime:
        """`since`, in UTC."""
        moment: datetime = self.since.data
        return moment.replace(tzinfo=UTC)


class TestEventForm(Form):
    """`data` is what the receiver finds in `data`."""

    __test__ = False  # for pytest, which would take it for tests

    type = SelectField("Event", choices=[(name, name) for name in EVENTS])
    data = TextAreaField("Data", [Required("Write the data as a JSON object, at least {}."), Length(MOST_BYTES)])

    def validate_data(self, field: Any) -> None:
        """A JSON object."""
        if depth_of(field.data) > MAX_DEPTH:
            raise ValidationError(f"Data is nested deeper than {MAX_DEPTH} levels. Use fewer.")
        try:
            value = json.loads(field.data, parse_constant=_refuse_constant)
        except ValueError as problem:
            where = f" at line {problem.lineno}, column {problem.colno}" if isinstance(problem, json.JSONDecodeError) else ""
            raise ValidationError(f"Data is not valid JSON{where}. Write an object such as {{}}.") from None
        if not isinstance(value, dict):
            raise ValidationError("Data must be a JSON object, in braces.")

    def value(self) -> dict[str, Any]:
        """What was typed."""
        found: dict[str, Any] = json.loads(self.data.data)
        return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

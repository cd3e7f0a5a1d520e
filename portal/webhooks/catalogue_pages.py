"""The catalogue of events: each type with what it says, an example and its JSON Schema."""

import json

from flask import Blueprint, Response, request

from portal.kernel.errors import NotFound
from portal.orgs.access import Place, inside
from portal.outbox.names import EVENTS
from portal.web.render import render
from portal.webhooks.catalogue import EventType, body_example, body_schema, event_type

pages = Blueprint("events", __name__, url_prefix="/events")


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """By family; narrowed to a word."""
    text = request.args.get("q", "").strip()[:100]
    found = [name for name, words in EVENTS.items() if text.lower() in f"{name} {words}".lower()]
    return render("webhooks/events.html", "webhooks/_events.html", found=found, q=text)


@pages.get("/<event_name>")
@inside("member")
def show(place: Place, event_name: str) -> Response:
    """One type."""
    one = _known(event_name)
    example, schema = _text(body_example(one)), _text(body_schema(one))
    return render("webhooks/event.html", None, one=one, example=example, schema=schema)


@pages.get("/<event_name>/schema.json")
@inside("member")
def schema(place: Place, event_name: str) -> Response:
    """The schema as a file."""
    one = _known(event_name)
    answer = Response(_text(body_schema(one)), mimetype="application/schema+json")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{event_name}.v{one.version}.schema.json")
    return answer


def _known(name: str) -> EventType:
    if name not in EVENTS:
        raise NotFound("There is no such event type.")
    return event_type(name)


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)

"""A test event: any type with data of one's own, sent to one endpoint, and what came of it in place."""

import json
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.outbox.names import EVENTS
from portal.web.render import render
from portal.webhooks.catalogue import example_of
from portal.webhooks.deliveries import send_test
from portal.webhooks.endpoint_acts import answer, url_of
from portal.webhooks.exchange import body_as_sent, readable
from portal.webhooks.forms import TestEventForm
from portal.webhooks.lists import attempts_of, endpoint_of
from portal.webhooks.model import Delivery, Endpoint, delivery_by_uid, endpoint_by_uid

pages = Blueprint("trial", __name__)

FIRST = "match.completed"


@pages.route("/<uid>/test", methods=["GET", "POST"])
@inside("admin")
def send(place: Place, uid: str) -> Response:
    """The form with an example of the type that is chosen; then the result."""
    session, org = db.session(), place.organization
    endpoint = endpoint_by_uid(session, org.id, uid)
    name = request.args.get("type", "") if request.args.get("type") in EVENTS else first_type(endpoint)
    form = TestEventForm(data={"type": name, "data": json.dumps(example_of(name), indent=2, ensure_ascii=False)})
    if form.validate_on_submit():
        try:
            delivery = send_test(session, org, uid, place.actor, form.type.data, form.value())
            session.flush()
            return _result(place, delivery)
        except PortalError as error:
            form.refuse(error)
    here = url_of(endpoint, "trial.send")
    return answer("webhooks/_test.html", "webhooks/_test_form.html", form, endpoint=endpoint, here=here)


@pages.get("/<uid>/test/data")
@inside("admin")
def data(place: Place, uid: str) -> Response:
    """The field with an example of another type."""
    endpoint_by_uid(db.session(), place.organization.id, uid)
    name = request.args.get("type", "") if request.args.get("type") in EVENTS else FIRST
    form = TestEventForm(formdata=None, data={"type": name, "data": json.dumps(example_of(name), indent=2, ensure_ascii=False)})
    return render("webhooks/test_data.html", "webhooks/_test_data.html", form=form)


@pages.get("/tests/<did>")
@inside("member")
def result(place: Place, did: str) -> Response:
    """What came of a test; asked again every second until its first try is over."""
    return _result(place, delivery_by_uid(db.session(), place.organization.id, did))


def first_type(endpoint: Endpoint) -> str:
    """A type that the endpoint listens to."""
    chosen = (name for name in EVENTS if any(_covers(wanted, name) for wanted in endpoint.types))
    return FIRST if _covers(endpoint.types[0], FIRST) else next(chosen, FIRST)


def _covers(wanted: str, name: str) -> bool:
    return wanted in ("*", name) or (wanted.endswith(".*") and name.startswith(wanted[:-1]))


def _result(place: Place, delivery: Delivery) -> Response:
    session = db.session()
    tries = attempts_of(session, delivery)
    last = tries[-1] if tries else None
    context: dict[str, Any] = {"delivery": delivery, "endpoint": endpoint_of(session, delivery), "attempt": last}
    context |= {"answer_text": readable(last.response_body) if last else "", "part": "webhooks/_tested.html"}
    if last is None:
        context["body"] = readable(body_as_sent(session, delivery, place.organization, current_app.config["SETTINGS"].base_url))
    here = url_for("webhooks.trial.result", org_slug=place.organization.slug, did=delivery.uid)
    return render("webhooks/drawer.html", "webhooks/_tested.html", here=here, **context)

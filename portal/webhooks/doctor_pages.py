"""The signature doctor: a received request is pasted, and the page says why its signature does not fit."""

from datetime import UTC

from flask import Blueprint, Response, current_app, request
from wtforms import DateTimeLocalField, TextAreaField

from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import Form, Length, Optional, Required
from portal.web.render import render
from portal.webhooks.examining import examine
from portal.webhooks.model import endpoint_by_uid

pages = Blueprint("doctor", __name__)

LONGEST = 100_000


class DoctorForm(Form):
    received = TextAreaField("Received request", [Required("Paste the headers and the body of the request."), Length(LONGEST)])
    at = DateTimeLocalField(
        "Your server's clock when it came (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
    )


@pages.post("/<uid>/doctor")
@inside("member")
def ask(place: Place, uid: str) -> Response:
    """The form again with the finding above it; nothing of what was pasted is kept."""
    session, org = db.session(), place.organization
    endpoint = endpoint_by_uid(session, org.id, uid)
    form, finding, delivery = DoctorForm(), None, None
    if form.validate():
        at = form.at.data.replace(tzinfo=UTC) if form.at.data else None
        try:
            # As it was sent: the form has trimmed its own copy, and a line end may be what is the matter.
            pasted = request.form.get("received", "")
            finding, delivery = examine(session, org, uid, current_app.config["SETTINGS"], pasted, at)
        except PortalError as error:
            form.refuse(error)
    context = {"endpoint": endpoint, "form": form, "finding": finding, "delivery": delivery}
    return render("webhooks/doctor.html", "webhooks/_doctor.html", 200 if finding else 422, **context)

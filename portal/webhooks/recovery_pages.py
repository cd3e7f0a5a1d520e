"""Sending again what an endpoint lost: what failed since a moment, or what it was never given, as work with a progress bar."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, url_for

from portal.kernel.clock import utc_now
from portal.kernel.db import after_commit, db
from portal.kernel.errors import PortalError
from portal.kernel.queue import ring
from portal.orgs.access import Place, inside
from portal.web.render import finish, redirect_to, render
from portal.webhooks.deliveries import recover_failed
from portal.webhooks.endpoint_acts import answer, url_of
from portal.webhooks.forms import RecoverForm
from portal.webhooks.jobs import RUN_RECOVERY
from portal.webhooks.model import Endpoint, Recovery, endpoint_by_uid, recovery_by_uid
from portal.webhooks.recoveries import start_recovery
from portal.webhooks.shown import name_of

pages = Blueprint("recovery", __name__)

FIRST_OFFER = timedelta(days=1)


@pages.route("/<uid>/recover", methods=["GET", "POST"])
@inside("admin")
def start(place: Place, uid: str) -> Response:
    """What failed goes at once; what is missing is looked for by a worker."""
    endpoint = endpoint_by_uid(db.session(), place.organization.id, uid)
    since = (endpoint.last_success_at or utc_now() - FIRST_OFFER).replace(tzinfo=None, second=0, microsecond=0)
    form = RecoverForm(data={"since": since})
    if form.validate_on_submit():
        try:
            return _RECOVER[form.which.data](place, endpoint, form)
        except PortalError as error:
            form.refuse(error)
    here = url_of(endpoint, "recovery.start")
    return answer("webhooks/_recover.html", "webhooks/_recover_form.html", form, endpoint=endpoint, here=here)


@pages.get("/recoveries/<rid>")
@inside("member")
def show(place: Place, rid: str) -> Response:
    """The card of one recovery; htmx asks for the card alone, every second, until the work is over."""
    recovery = recovery_by_uid(db.session(), place.organization.id, rid)
    endpoint = db.session().get_one(Endpoint, recovery.endpoint_id)
    context: dict[str, Any] = {
        "recovery": recovery,
        "endpoint": endpoint,
        "card": _card(recovery),
        "here": _here(place, recovery),
    }
    return render("webhooks/recovery.html", "webhooks/_job.html", **context)


def _failed(place: Place, endpoint: Endpoint, form: RecoverForm) -> Response:
    count = recover_failed(db.session(), place.organization, endpoint.uid, place.actor, form.moment())
    if not count:
        return finish(url_of(endpoint), "Nothing has failed since then.", "info")
    said = f"{count:,} {'delivery is' if count == 1 else 'deliveries are'} on the way once more to {name_of(endpoint)}."
    return finish(url_of(endpoint), said)


def _missing(place: Place, endpoint: Endpoint, form: RecoverForm) -> Response:
    session, url = db.session(), current_app.config["SETTINGS"].queue_url
    recovery = start_recovery(session, place.organization, endpoint.uid, place.actor, form.moment())
    number = recovery.id
    after_commit(session, lambda: ring(url, RUN_RECOVERY, number))
    return redirect_to(_here(place, recovery))


_RECOVER = {"failed": _failed, "missing": _missing}


def _card(recovery: Recovery) -> dict[str, Any]:
    """What the job card macro draws."""
    verb = "Looked" if recovery.state == "done" else "Looking"
    return {
        "state": recovery.state,
        "title": f"{verb} through {recovery.total:,} {'event' if recovery.total == 1 else 'events'}",
        "done": recovery.done,
        "total": recovery.total,
        "failed": 0,
        "failures": [],
        "file_url": None,
        "message": f"The work stopped after {recovery.done:,} events. Enable the webhook, then start it again.",
    }


def _here(place: Place, recovery: Recovery) -> str:
    return url_for("webhooks.recovery.show", org_slug=place.organization.slug, rid=recovery.uid)

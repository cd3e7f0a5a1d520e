"""What is done to an endpoint: edit, rotate its secret, pause, resume, switch, cancel what is pending, delete."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, url_for

from portal.config import Settings
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import Form
from portal.web.render import finish, redirect_to, render, toast
from portal.webhooks import service
from portal.webhooks.deliveries import cancel_pending
from portal.webhooks.forms import DeleteForm, EndpointForm, RotateForm, values_of
from portal.webhooks.lists import backlog_of, narrowing_choices
from portal.webhooks.model import Endpoint, endpoint_by_uid
from portal.webhooks.service import Created
from portal.webhooks.shown import name_of

pages = Blueprint("acts", __name__, url_prefix="/<uid>")


@pages.route("/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: str) -> Response:
    session, org = db.session(), place.organization
    endpoint = endpoint_by_uid(session, org.id, uid)
    form = EndpointForm(data=values_of(endpoint))
    form.offer(*narrowing_choices(session, org.id, endpoint))
    if form.is_submitted() and vetted(form, endpoint.url):
        try:
            service.change_endpoint(session, org, uid, place.actor, _settings(), form.terms())
            return finish(url_of(endpoint), f"{name_of(endpoint)} is saved. It holds from the next try on.")
        except PortalError as error:
            form.refuse(error)
    return answer("webhooks/_edit.html", "webhooks/_edit_form.html", form, endpoint=endpoint, here=url_of(endpoint, "acts.edit"))


@pages.route("/rotate", methods=["GET", "POST"])
@inside("admin")
def rotate(place: Place, uid: str) -> Response:
    """A new secret, shown once; the old one signs too for a while."""
    endpoint = endpoint_by_uid(db.session(), place.organization.id, uid)
    form = RotateForm()
    if form.validate_on_submit():
        try:
            made = service.rotate_secret(db.session(), place.organization, uid, place.actor, _settings(), form.span())
            return shown_once(made, f"The new secret of {name_of(endpoint)}", overlaps=bool(form.span()))
        except PortalError as error:
            form.refuse(error)
    here = url_of(endpoint, "acts.rotate")
    return answer("webhooks/_rotate.html", "webhooks/_rotate_form.html", form, endpoint=endpoint, here=here)


@pages.post("/end-overlap")
@inside("admin")
def end_overlap(place: Place, uid: str) -> Response:
    return _do(place, uid, service.end_overlap, "The overlap is over. Only the new secret signs.")


@pages.post("/pause")
@inside("admin")
def pause(place: Place, uid: str) -> Response:
    said = "{} is paused. What happens meanwhile waits in its backlog."
    return _do(place, uid, service.pause, said, undo="acts.resume")


@pages.post("/resume")
@inside("admin")
def resume(place: Place, uid: str) -> Response:
    return _do(place, uid, service.resume, "{} goes on. Its backlog is being sent.", undo="acts.pause")


@pages.post("/enable")
@inside("admin")
def enable(place: Place, uid: str) -> Response:
    return _do(place, uid, service.enable, "{} is enabled. To send what it missed, recover its deliveries.")


@pages.post("/disable")
@inside("admin")
def disable(place: Place, uid: str) -> Response:
    return _do(place, uid, service.disable, "{} is disabled. Nothing is kept for it from now on.")


@pages.post("/cancel")
@inside("admin")
def cancel(place: Place, uid: str) -> Response:
    """Everything on its way."""
    count = cancel_pending(db.session(), place.organization, uid, place.actor)
    endpoint = endpoint_by_uid(db.session(), place.organization.id, uid)
    return finish(url_of(endpoint), f"{count:,} pending {'delivery is' if count == 1 else 'deliveries are'} canceled.")


@pages.route("/delete", methods=["GET", "POST"])
@inside("admin")
def delete(place: Place, uid: str) -> Response:
    """For good, after its name was typed; what is pending is canceled."""
    session, org = db.session(), place.organization
    endpoint = endpoint_by_uid(session, org.id, uid)
    form = DeleteForm()
    form.expected = name_of(endpoint)
    if form.validate_on_submit():
        service.delete_endpoint(session, org, uid, place.actor)
        toast(f"{form.expected} is deleted. Its log stays under Deliveries.")
        return redirect_to(url_for("webhooks.index", org_slug=org.slug))
    waiting = backlog_of(session, org.id).get(endpoint.id, 0)
    context = {"endpoint": endpoint, "waiting": waiting, "here": url_of(endpoint, "acts.delete")}
    return answer("webhooks/_delete.html", "webhooks/_delete_form.html", form, **context)


def url_of(endpoint: Endpoint, view: str = "endpoint.show", **parameters: Any) -> str:
    """The address of a page of the endpoint."""
    return url_for(f"webhooks.{view}", org_slug=g.place.organization.slug, uid=endpoint.uid, **parameters)


def vetted(form: EndpointForm, known: str = "") -> bool:
    """Is all of it in order, the address too? It is asked about even where something else is wrong, so that all is said at
    once; not where it is the one that is `known`."""
    valid = bool(form.validate())
    try:
        if form.url.data and form.url.data != known:
            service.vet_url(_settings(), form.url.data)
    except PortalError as error:
        form.refuse(error)
        valid = False
    return valid


def answer(part: str, form_part: str, form: Form, **context: Any) -> Response:
    """The drawer's part, or the form alone with 422 when it comes back; inside a page for everybody without the drawer."""
    sent = form.is_submitted()
    return render("webhooks/drawer.html", form_part if sent else part, 422 if sent else 200, form=form, part=part, **context)


def shown_once(made: Created, title: str, overlaps: bool = False) -> Response:
    """Answers the POST itself: the secret is in no address, no cookie and no row."""
    context: dict[str, Any] = {"endpoint": made.endpoint, "title": title, "overlaps": overlaps}
    return render("webhooks/drawer.html", "webhooks/_made.html", part="webhooks/_made.html", secret=made.secret, **context)


def _do(place: Place, uid: str, verb: Callable[..., Endpoint], said: str, undo: str = "") -> Response:
    endpoint = verb(db.session(), place.organization, uid, place.actor)
    return finish(url_of(endpoint), said.format(name_of(endpoint)), undo_url=url_of(endpoint, undo) if undo else None)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings

"""The theme editor: a form beside what players will see, saved as a draft while it is typed; publish, history, roll back."""

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for

from portal.branding import service
from portal.branding.brand import brand_with, picture_url
from portal.branding.css import clean
from portal.branding.forms import ColourForm, LookForm, PictureForm, PublishForm
from portal.branding.look import palette, verdicts
from portal.branding.model import ThemeDraft, published, versions_of
from portal.branding.stylesheet import digest_of, stylesheet
from portal.branding.surfaces import Worn, surfaces
from portal.kernel.db import db
from portal.kernel.errors import NotFound, PortalError
from portal.orgs.access import Place, inside
from portal.web import headers
from portal.web.render import finish, redirect_to, render, toast, wants_fragment

pages = Blueprint("branding", __name__, url_prefix="/o/<org_slug>/branding")

SCHEMES = {"": "As this device asks", "light": "Light", "dark": "Dark"}


@pages.get("")
@inside("admin")
def index(place: Place) -> Response:
    return _page(place)


@pages.post("/draft")
@inside("admin")
def save(place: Place) -> Response:
    """Keep what is typed as the draft. While typing only what stands beside the form is answered."""
    session, form = db.session(), LookForm()
    if form.validate_on_submit():
        try:
            look = service.working_look(session, place.organization)
            service.save_draft(session, place.organization, place.actor, form.changes(look))
            return _page(place, "branding/_side.html") if wants_fragment() else _back(place, "Draft saved.")
        except PortalError as error:
            form.refuse(error)
    return _page(place, "branding/_side.html", 422, form=form)


@pages.post("/colour")
@inside("admin")
def use_colour(place: Place) -> Response:
    """Put the colour that was offered into the draft."""
    form = ColourForm()
    if form.validate_on_submit():
        try:
            service.save_draft(db.session(), place.organization, place.actor, {form.field.data: form.colour.data})
            return finish(_home(place), f"{form.colour.data} is in the draft.")
        except PortalError as error:
            form.refuse(error)
    return _page(place, None, 422, notes=[message for field in form for message in field.errors] + form.form_errors)


@pages.post("/<any(logo,favicon):which>")
@inside("admin")
def upload(place: Place, which: str) -> Response:
    """Draw the picture anew and put it into the draft."""
    form = PictureForm()
    if form.validate_on_submit():
        try:
            service.set_picture(db.session(), place.organization, place.actor, which, form.file.data.read())
            return _back(place, f"The {which} is in the draft.")
        except PortalError as error:
            form.form_errors.append(error.message)
    return _page(place, None, 422, notes=[*form.form_errors, *form.file.errors])


@pages.post("/<any(logo,favicon):which>/remove")
@inside("admin")
def remove_picture(place: Place, which: str) -> Response:
    """Take the picture out of the draft."""
    service.save_draft(db.session(), place.organization, place.actor, {which: None})
    return finish(_home(place), f"The {which} is out of the draft.")


@pages.post("/publish")
@inside("admin")
def publish(place: Place) -> Response:
    """Players see the draft from now on."""
    form = PublishForm()
    if form.validate_on_submit():
        try:
            failing = bool(form.although_failing.data)
            version = service.publish_draft(db.session(), place.organization, place.actor, although_failing=failing)
            return _back(place, f"Theme {version.number} is published. Players see it from now on.")
        except PortalError as error:
            form.form_errors.append(error.message)
    return _page(place, None, 422, notes=form.form_errors)


@pages.post("/discard")
@inside("admin")
def discard(place: Place) -> Response:
    """Throw the draft away."""
    service.discard_draft(db.session(), place.organization)
    return finish(_home(place), "The draft is gone. The form shows what players see.")


@pages.post("/inherit")
@inside("admin")
def inherit(place: Place) -> Response:
    """Players see the theme of the organization above again."""
    before = service.inherit_again(db.session(), place.organization, place.actor)
    undo = url_for("branding.roll_back", org_slug=place.organization.slug, number=before)
    return finish(_home(place), "Players see the theme of the organization above again.", undo_url=undo)


@pages.post("/versions/<int:number>")
@inside("admin")
def roll_back(place: Place, number: int) -> Response:
    """Publish an older version again."""
    version = service.roll_back(db.session(), place.organization, place.actor, number)
    return finish(_home(place), f"Theme {number} is published again, as theme {version.number}.")


@pages.get("/preview/<surface>")
@inside("admin")
def preview(place: Place, surface: str) -> Response:
    """A page of players with the draft, for the editor's frames alone. Nothing on it can be sent."""
    shown, org = surfaces().get(surface), place.organization
    if shown is None:
        raise NotFound("There is no such page to preview.")
    look = service.working_look(db.session(), org)
    brand = brand_with(org, look, _preview_css_url(place))
    scheme = request.args.get("scheme", "") if request.args.get("scheme") in SCHEMES else ""
    drawn = shown.draw(Worn(org, look, brand, scheme))
    shut = {"frame_ancestors": "'self'", "form_action": "'none'", "script_src": "'none'"}
    headers.allow(img_src=brand.img_src(), **shut, **drawn.policy)
    response = make_response(drawn.html)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@pages.get("/preview.css")
@inside("admin")
def preview_css(place: Place) -> Response:
    """The draft's style sheet."""
    css = stylesheet(service.working_look(db.session(), place.organization))
    return Response(css, content_type="text/css; charset=utf-8")


def _page(place: Place, fragment: str | None = None, status: int = 200, **shown: Any) -> Response:
    """The editor, or what stands beside its form."""
    session, org = db.session(), place.organization
    look = service.working_look(session, org)
    newest = published(session, org)
    headers.allow(frame_src="'self'")
    context = {
        "form": LookForm.showing(look),
        "look": look,
        "colours": palette(look),
        "verdicts": verdicts(look),
        "dropped": clean(look.custom_css or "").dropped,
        "draft": session.get(ThemeDraft, org.id),
        "newest": newest,
        "versions": versions_of(session, org),
        "inherited": newest is None and org.parent_id is not None,
        "uploads": {which: picture_url(org, getattr(look, which)) for which in service.PICTURES},
        "surfaces": surfaces(),
        "surface": _chosen("surface", surfaces(), "landing"),
        "schemes": SCHEMES,
        "scheme": _chosen("scheme", SCHEMES, ""),
        "stamp": digest_of(stylesheet(look) + repr(look)),
        "notes": [],
    }
    return render("branding/editor.html", fragment, status, **(context | shown))


def _chosen(name: str, offered: dict[str, Any], default: str) -> str:
    value = request.args.get(name, default)
    return value if value in offered else default


def _preview_css_url(place: Place) -> str:
    css = stylesheet(service.working_look(db.session(), place.organization))
    return url_for("branding.preview_css", org_slug=place.organization.slug, v=digest_of(css))


def _home(place: Place) -> str:
    return url_for("branding.index", org_slug=place.organization.slug)


def _back(place: Place, message: str) -> Response:
    toast(message)
    return redirect_to(_home(place))

"""The settings of an organization: name, calls in flight, and the addresses that may call its APIs."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, g, url_for
from sqlalchemy.orm import Session
from wtforms import IntegerField, StringField, TextAreaField

from portal.admission.networks import admits, parse_lines
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs import service
from portal.orgs.access import Place, inside
from portal.orgs.model import Organization
from portal.web.client_ip import parse_address
from portal.web.forms import Between, Form, Length, Required
from portal.web.render import redirect_to, render, toast

pages = Blueprint("orgs", __name__)

# Who called with any key of the organization since a moment: rows with address, agent, key_name, key_uid, last_at, calls.
# The keys room stands above this one and is plugged in by create_app as app.extensions["recent_callers"].
RecentCallers = Callable[[Session, Organization, datetime], Sequence[Any]]
RECENT = timedelta(days=30)


class GeneralForm(Form):
    name = StringField("Name", [Required("Write a name."), Length(100, low=2)])
    concurrency = IntegerField("Calls in flight", [Between(1, 10_000, "calls")])


class SandboxForm(Form):
    name = StringField("Name", [Required("Write a name for the sandbox."), Length(100, low=2)])


class AllowlistForm(Form):
    allowed_addresses = TextAreaField("Allowed addresses", [Length(30_000)])
    act = StringField()  # which button: empty saves, `mine` adds the person's own address, `check` tries the list


class SitesForm(Form):
    embed_sites = TextAreaField("Sites", [Length(15_000)])


@pages.get("/o/<org_slug>/settings")
@inside("member")
def settings(place: Place) -> Response:
    return _page(place)


@pages.post("/o/<org_slug>/settings/general")
@inside("admin")
def save_general(place: Place) -> Response:
    form = GeneralForm()
    if form.validate_on_submit():
        try:
            service.change_settings(db.session(), place.organization, place.actor, **form.data)
            return _saved(place, "Settings saved.")
        except PortalError as error:
            form.refuse(error)
    return _page(place, "orgs/_general_form.html", 422, general_form=form)


@pages.route("/o/<org_slug>/settings/sandbox", methods=["GET", "POST"])
@inside("owner")
def sandbox(place: Place) -> Response:
    """Make a sandbox beside a live operator, and go there."""
    org = place.organization
    form = SandboxForm(data={"name": f"{org.name[:92]} sandbox"})
    if form.validate_on_submit():
        try:
            twin = service.create_twin(db.session(), org, place.user, form.name.data, place.actor)
            toast(f"{twin.name} created. You are in the sandbox now.")
            return redirect_to(url_for("console.overview", org_slug=twin.slug))
        except PortalError as error:
            form.refuse(error)
    failed = form.is_submitted()
    part = "orgs/_sandbox_form.html" if failed else "orgs/_sandbox.html"
    return render("orgs/sandbox.html", part, 422 if failed else 200, form=form)


@pages.post("/o/<org_slug>/settings/allowlist")
@inside("admin")
def save_allowlist(place: Place) -> Response:
    """Save, add the person's own address to what is typed, or try the list on recent callers."""
    form = AllowlistForm()
    if form.validate_on_submit():
        try:
            return ACTS.get(form.act.data or "", _save)(place, form)
        except PortalError as error:
            form.refuse(error)
    return _page(place, "orgs/_allowlist_form.html", 422, allowlist_form=form)


@pages.post("/o/<org_slug>/settings/sites")
@inside("admin")
def save_sites(place: Place) -> Response:
    form = SitesForm()
    if form.validate_on_submit():
        try:
            service.set_embed_sites(db.session(), place.organization, form.embed_sites.data or "", place.actor)
            return _saved(place, "Sites saved." if place.organization.embed_sites else "Sites saved: any site may show them.")
        except PortalError as error:
            form.refuse(error)
    return _page(place, "orgs/_sites_form.html", 422, sites_form=form)


def _save(place: Place, form: AllowlistForm) -> Response:
    service.set_allowlist(db.session(), place.organization, form.allowed_addresses.data or "", place.actor)
    blank = not place.organization.allowed_addresses
    return _saved(place, "Allowlist saved: any address may call." if blank else "Allowlist saved.")


def _add_mine(place: Place, form: AllowlistForm) -> Response:
    """Nothing is saved yet: the list is shown with one more line."""
    lines = (form.allowed_addresses.data or "").splitlines()
    if g.address and g.address not in (line.strip() for line in lines):
        lines.append(g.address)
    form.allowed_addresses.data = "\n".join(lines)
    return _page(place, "orgs/_allowlist_form.html", allowlist_form=form, unsaved=True)


def _check(place: Place, form: AllowlistForm) -> Response:
    """Whom the typed list would have refused lately. Nothing is saved."""
    networks = tuple(parse_lines("allowed_addresses", form.allowed_addresses.data or ""))
    recent: RecentCallers = current_app.extensions["recent_callers"]
    callers = recent(db.session(), place.organization, utc_now() - RECENT)
    refused = [caller for caller in callers if not admits(networks, parse_address(caller.address))]
    dry_run = {"callers": len(callers), "refused": refused, "days": RECENT.days}
    return _page(place, "orgs/_allowlist_form.html", allowlist_form=form, dry_run=dry_run, unsaved=True)


ACTS: dict[str, Callable[[Place, AllowlistForm], Response]] = {"mine": _add_mine, "check": _check}


def _saved(place: Place, message: str) -> Response:
    toast(message)
    return redirect_to(url_for("orgs.settings", org_slug=place.organization.slug))


def _page(place: Place, fragment: str | None = None, status: int = 200, **shown: Any) -> Response:
    organization = place.organization
    forms = {
        "general_form": GeneralForm(formdata=None, obj=organization),
        "allowlist_form": AllowlistForm(formdata=None, obj=organization),
        "sites_form": SitesForm(formdata=None, obj=organization),
        "dry_run": None,
        "unsaved": False,
        "address": g.address,
        "may_edit": place.may("admin"),
    }
    return render("orgs/settings.html", fragment, status, organization=organization, **(forms | shown))

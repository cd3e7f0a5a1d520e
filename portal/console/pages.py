"""Where a person arrives: the overview of an organization, and the list of those they reach."""

from flask import Blueprint, Response, jsonify, request, session, url_for
from flask_login import current_user, login_required

from portal.audit.changes import action_words
from portal.console import overview as read
from portal.console import palette
from portal.console.live import live_of
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, enter, inside
from portal.orgs.model import Organization, reach_of, reachable
from portal.web.render import redirect_to, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("console", __name__)

LEVELS = (("operator", "Operator"), ("agent", "Agent"))
WORLDS = {True: Badge("Sandbox", "warning"), False: Badge("Live", "live")}
ORGANIZATIONS = Table(
    "organizations",
    [
        Column(
            "name", "Name", sort=Organization.name, pinned=True,
            link=lambda org: url_for("console.overview", org_slug=org.slug),
        ),
        Column("level", "Level", value=lambda org: dict(LEVELS)[org.level], sort=Organization.level),
        Column("world", "Environment", value=lambda org: WORLDS[org.is_sandbox], sort=Organization.is_sandbox, kind="badge"),
        Column("currency", "Currency", sort=Organization.currency),
        Column("uid", "Id", kind="id"),
        Column("created_at", "Created", sort=Organization.created_at, kind="time"),
    ],
    filters=[
        Search([Organization.name, Organization.slug, Organization.uid], label="Name or id"),
        Choice("level", "Level", LEVELS, column=Organization.level),
    ],
    order="name",
    noun=("organization", "organizations"),
)  # fmt: skip


@pages.get("/")
@login_required
def home() -> Response:
    """On to the organization used last, else the first by name; a sandbox only where there is nothing else."""
    reach, _ = reach_of(db.session(), current_user.user.id, 200)
    slugs = [one.organization.slug for one in sorted(reach, key=lambda one: one.organization.is_sandbox)]
    last = session.get("org")
    if last in slugs:
        return redirect_to(url_for("console.overview", org_slug=last))
    if slugs:
        return redirect_to(url_for("console.overview", org_slug=slugs[0]))
    return render("console/nowhere.html", user=current_user.user)


@pages.get("/organizations")
@login_required
def organizations() -> Response:
    """Every organization that the person reaches, with a search."""
    if slug := session.get("org"):
        try:
            enter(db.session(), slug)
        except NotFound:
            session.pop("org")
    found = ORGANIZATIONS.page(db.session(), reachable(current_user.user.id), request.args)
    return (
        found.csv()
        if found.wants_csv
        else render("console/organizations.html", "console/_organizations.html", organizations=found)
    )


@pages.get("/o/<org_slug>/")
@inside("member")
def overview(place: Place) -> Response:
    """Thirteen statements besides those of every page."""
    session, org, now = db.session(), place.organization, utc_now()
    figures = read.figures_of(session, org, now)
    return render(
        "console/overview.html",
        figures=figures,
        calls=read.calls_of(session, org, now),
        registrations=read.registrations_of(session, org, now),
        registrations_csv=url_for("analytics.download", org_slug=org.slug, figure="registrations", **read.registration_days(now)),
        live=live_of(session, org, now),
        notices=read.notices_of(session, org, figures, now),
        steps=[{**vars(step), "url": _below(org, step.page)} for step in read.steps_of(org, figures)],
        latest=read.latest_changes(session, org) if place.may("admin") else (),
        action_words=action_words,
    )


@pages.get("/o/<org_slug>/search")
@inside("member")
def search(place: Place) -> Response:
    """What the palette finds for `q`, as JSON: a list of {text, note, url}."""
    found = palette.find(db.session(), place, request.args.get("q", ""))
    return jsonify([vars(hit) for hit in found])


def _below(org: Organization, page: str) -> str:
    return f"{url_for('console.overview', org_slug=org.slug)}{page}"

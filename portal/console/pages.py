"""Where a person arrives: the overview of an organization, and the list of those they reach."""

from flask import Blueprint, Response, request, session, url_for
from flask_login import current_user, login_required

from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, enter, inside
from portal.orgs.model import Organization, reach_of, reachable
from portal.web.render import redirect_to, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("console", __name__)

LEVELS = (("operator", "Operator"), ("agent", "Agent"))
ORGANIZATIONS = Table(
    "organizations",
    [
        Column(
            "name", "Name", sort=Organization.name, pinned=True,
            link=lambda org: url_for("console.overview", org_slug=org.slug),
        ),
        Column("level", "Level", value=lambda org: dict(LEVELS)[org.level], sort=Organization.level),
        Column("world", "World", value=lambda org: Badge("Sandbox", "warning") if org.is_sandbox else Badge("Live", "live"), kind="badge"),
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
    """On to the organization used last, else the first by name."""
    reach, _ = reach_of(db.session(), current_user.user.id, 200)
    slugs = [one.organization.slug for one in reach]
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
    return render("console/overview.html")


@pages.get("/o/<org_slug>/search")
@inside("member")
def search(place: Place) -> Response:
    return render("console/overview.html")

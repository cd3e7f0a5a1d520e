"""The agents below an operator."""

from flask import Blueprint, Response, request, url_for
from wtforms import BooleanField, SelectField, StringField

from portal.kernel.db import db
from portal.kernel.errors import NotFound, PortalError
from portal.orgs import service
from portal.orgs.access import Place, inside
from portal.orgs.model import Organization, agents_of
from portal.orgs.service import CURRENCIES
from portal.web.forms import Form, Length, Required
from portal.web.render import finish, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("agents", __name__)


SANDBOX = (
    "For trying things out: its casino keys are test keys (sk_test_), and every page wears the sandbox badge. "
    "It cannot be changed later."
)


def _world(agent: Organization) -> Badge:
    return Badge("Sandbox", "warning") if agent.is_sandbox else Badge("Live", "live")


def _state(agent: Organization) -> Badge:
    return Badge("Disabled", "failing") if agent.disabled_at else Badge("Active", "live")


WORLDS = {"live": Organization.is_sandbox.is_(False), "sandbox": Organization.is_sandbox.is_(True)}


AGENTS = Table(
    "agents",
    [
        Column(
            "name",
            "Name",
            sort=Organization.name,
            pinned=True,
            link=lambda agent: url_for("console.overview", org_slug=agent.slug),
        ),
        Column("state", "Status", value=_state, sort=Organization.disabled_at, kind="badge"),
        Column("world", "Environment", value=_world, sort=Organization.is_sandbox, kind="badge"),
        Column("currency", "Currency", sort=Organization.currency),
        Column("uid", "Id", kind="id"),
        Column("id", "Number", sort=Organization.id, kind="number", shown=False),
        Column("created_at", "Created", sort=Organization.created_at, kind="time"),
    ],
    filters=[
        Search([Organization.name, Organization.slug, Organization.uid], label="Name or id"),
        Choice("world", "Environment", [("live", "Live"), ("sandbox", "Sandbox")], criteria_of=WORLDS),
    ],
    order="name",
    noun=("agent", "agents"),
)


class AgentForm(Form):
    name = StringField("Name", [Required("Write the agent's name."), Length(100, low=2)])
    currency = SelectField(
        "Currency",
        choices=[(code, code) for code in CURRENCIES],
        description="An agent keeps one currency. It cannot be changed later; for a second one create a second agent.",
    )


class WorldForm(AgentForm):
    """Below a live operator there may be both."""

    is_sandbox = BooleanField("Sandbox", description=SANDBOX)


@pages.get("/o/<org_slug>/agents")
@inside("member")
def index(place: Place) -> Response:
    agents = AGENTS.page(db.session(), agents_of(_operator(place)), request.args)
    return agents.csv() if agents.wants_csv else render("orgs/agents.html", "orgs/_agents.html", agents=agents)


@pages.route("/o/<org_slug>/agents/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    operator = _operator(place)
    kind = AgentForm if operator.is_sandbox else WorldForm
    form = kind(data={"currency": operator.currency})
    if form.validate_on_submit():
        try:
            wanted = {"currency": form.currency.data, "sandbox": form.data.get("is_sandbox", False)}
            agent = service.create_organization(
                db.session(), form.name.data, place.actor, parent=operator, level="agent", **wanted
            )
            return finish(url_for("agents.index", org_slug=place.organization.slug), f"Agent {agent.name} created.")
        except PortalError as error:
            form.refuse(error)
    failed = form.is_submitted()
    fragment = "orgs/_agent_new_form.html" if failed else "orgs/_agent_new.html"
    return render("orgs/agent_new.html", fragment, 422 if failed else 200, form=form)


def _operator(place: Place) -> Organization:
    if place.organization.level != "operator":
        raise NotFound("An agent has no agents below it.")
    return place.organization

"""Games and streams in the back office: three lists of one shape (games, streams, providers), each a row of SHELVES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import DateTimeLocalField, SelectField, StringField

from portal.catalog import service
from portal.catalog.model import (
    MAINTENANCE,
    NORMAL,
    Game,
    Provider,
    Stream,
    active,
    game_by_number,
    games_of,
    provider_by_number,
    providers_of,
    stream_by_number,
    streams_of,
)
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import Form, Length, Optional, Required
from portal.web.render import finish, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("catalog", __name__, url_prefix="/o/<org_slug>")

STATUSES = {NORMAL: "Normal", MAINTENANCE: "Maintenance"}


class ProviderForm(Form):
    name = StringField("Name", [Required("Write the provider's name."), Length(100)])
    slug = StringField("Short name", [Optional(), Length(60)])
    status = SelectField("Status", choices=list(STATUSES.items()), coerce=int, default=NORMAL)


class GameForm(Form):
    name = StringField("Name", [Required("Write the game's name, as players should see it."), Length(100)])
    slug = StringField("Short name", [Optional(), Length(60)])
    launch_url = StringField("Launch address", [Required("Write where players are sent."), Length(service.LONGEST_URL)])
    category = StringField("Sport", [Optional(), Length(40)])
    image_url = StringField("Picture address", [Optional(), Length(service.LONGEST_URL)])
    provider_id = SelectField("Provider", coerce=lambda text: int(text) if text else None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = db.session().scalars(active(providers_of(g.place.organization)))
        self.provider_id.choices = [("", "None"), *((str(provider.id), provider.name) for provider in offered)]


class StreamForm(Form):
    name = StringField("Name", [Required("Write the stream's name, as players should see it."), Length(100)])
    slug = StringField("Short name", [Optional(), Length(60)])
    launch_url = StringField("Launch address", [Required("Write where players are sent."), Length(service.LONGEST_URL)])
    starts_at = DateTimeLocalField("Starts (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    ends_at = DateTimeLocalField("Ends (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


def _edit_link(shelf: str) -> Callable[[Any], str]:
    return lambda thing: url_for("catalog.edit", org_slug=g.place.organization.slug, shelf=shelf, number=thing.id)


def _state(thing: Any) -> Badge:
    return Badge("Archived", "done") if thing.archived_at else Badge("Active", "live")


def _table(name: str, kind: Any, *columns: Column) -> Table:
    """The columns that every shelf has, around those of its own."""
    first = [
        Column("name", "Name", sort=kind.name, pinned=True, link=_edit_link(name)),
        Column("id", "Number", sort=kind.id, kind="number", pinned=True, csv=lambda thing: thing.id),
    ]
    last = [
        Column("slug", "Short name", sort=kind.slug, kind="id"),
        Column("state", "Status", value=_state, sort=kind.archived_at, kind="badge"),
        Column("updated_at", "Changed", sort=kind.updated_at, kind="time"),
    ]
    criteria = {"active": kind.archived_at.is_(None), "archived": kind.archived_at.is_not(None)}
    choices = [("active", "Active"), ("archived", "Archived")]
    filters = [
        Search([kind.name, kind.slug], label="Name or short name"),
        Choice("state", "Status", choices, criteria_of=criteria),
    ]
    return Table(name, [*first, *columns, *last], filters, order="name", noun=(name[:-1], name))


@dataclass(frozen=True)
class Shelf:
    """One of the three lists: how it is found, drawn and changed."""

    name: str
    sentence: str
    empty: str
    query: Callable[[Any], Any]
    find: Callable[[Session, Any, int], Any]
    create: Callable[..., Any]
    form: type[Form]
    table: Table

    @property
    def noun(self) -> str:
        return self.name[:-1]


_MAKER = select(Provider.name).where(Provider.id == Game.provider_id).correlate(Game).scalar_subquery()
_LAUNCH = Column("launch_url", "Launch address", kind="id", shown=False)
_SERVICE = Column("service", "Service", value=lambda provider: STATUSES[provider.status], sort=Provider.status)
SHELVES = {
    shelf.name: shelf
    for shelf in (
        Shelf(
            "games",
            "Where session links lead. Integrators name a game by its number.",
            "A game has an address of its own; a session link sends one player there, once.",
            games_of,
            game_by_number,
            service.create_game,
            GameForm,
            _table(
                "games",
                Game,
                Column("category", "Sport", sort=Game.category),
                Column("provider", "Provider", value=lambda game: game.provider.name if game.provider else None, sort=_MAKER),
                _LAUNCH,
            ),
        ),
        Shelf(
            "streams",
            "Shows that session links lead to. Integrators name a stream by its number.",
            "A stream is a show with an address of its own; a session link lets one player in, once.",
            streams_of,
            stream_by_number,
            service.create_stream,
            StreamForm,
            _table(
                "streams",
                Stream,
                Column("starts_at", "Starts", sort=Stream.starts_at, kind="time"),
                Column("ends_at", "Ends", sort=Stream.ends_at, kind="time"),
                _LAUNCH,
            ),
        ),
        Shelf(
            "providers",
            "Who makes the games. The Agent API lists them.",
            "A provider groups the games of one maker. Games can do without one.",
            providers_of,
            provider_by_number,
            service.create_provider,
            ProviderForm,
            _table(
                "providers",
                Provider,
                Column("service", "Service", value=lambda provider: STATUSES[provider.status], sort=Provider.status),
            ),
        ),
    )
}


@pages.get("/games", defaults={"shelf": "games"}, endpoint="games")
@pages.get("/streams", defaults={"shelf": "streams"}, endpoint="streams")
@pages.get("/providers", defaults={"shelf": "providers"}, endpoint="providers")
@inside("member")
def index(place: Place, shelf: str) -> Response:
    """One of the lists, with tabs to the others."""
    chosen = SHELVES[shelf]
    things = chosen.table.page(db.session(), chosen.query(place.organization), request.args)
    if things.wants_csv:
        return things.csv()
    return render("catalog/list.html", "catalog/_list.html", things=things, shelf=chosen, shelves=SHELVES.values())


@pages.route("/<any(games,streams,providers):shelf>/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place, shelf: str) -> Response:
    """Create; comes back with what was typed when something does not fit."""
    chosen = SHELVES[shelf]
    form = chosen.form()
    if form.validate_on_submit():
        try:
            thing = chosen.create(db.session(), place.organization, place.actor, **_values(form))
            return finish(_list_url(place, shelf), f"{thing.name} is now {chosen.noun} number {thing.id}.")
        except PortalError as error:
            form.refuse(error)
    return _form(place, chosen, form, None)


@pages.route("/<any(games,streams,providers):shelf>/<int:number>", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, shelf: str, number: int) -> Response:
    """Change one."""
    chosen, session = SHELVES[shelf], db.session()
    thing = chosen.find(session, place.organization, number)
    form = chosen.form(obj=thing)
    if form.validate_on_submit():
        try:
            service.change(session, place.organization, place.actor, thing, _values(form))
            return finish(_list_url(place, shelf), f"{thing.name} is saved.")
        except PortalError as error:
            form.refuse(error)
    return _form(place, chosen, form, thing)


@pages.post("/<any(games,streams,providers):shelf>/<int:number>/archive")
@inside("admin")
def archive(place: Place, shelf: str, number: int) -> Response:
    """Take it out of use; the toast offers to undo that."""
    session = db.session()
    thing = SHELVES[shelf].find(session, place.organization, number)
    service.archive(session, place.organization, place.actor, thing)
    undo = url_for("catalog.restore", org_slug=place.organization.slug, shelf=shelf, number=number)
    return finish(_list_url(place, shelf), f"{thing.name} is archived. {ARCHIVED[shelf]}", undo_url=undo)


@pages.post("/<any(games,streams,providers):shelf>/<int:number>/restore")
@inside("admin")
def restore(place: Place, shelf: str, number: int) -> Response:
    """Put it back into use."""
    session = db.session()
    thing = SHELVES[shelf].find(session, place.organization, number)
    service.restore(session, place.organization, place.actor, thing)
    return finish(_list_url(place, shelf), f"{thing.name} is active again.")


ARCHIVED = {
    "games": "No new links lead there; links that players have go on working.",
    "streams": "No new links lead there; links that players have go on working.",
    "providers": "Its games stay as they are.",
}


def _form(place: Place, shelf: Shelf, form: Form, thing: Any) -> Response:
    sent = form.is_submitted()
    here = url_for("catalog.new", org_slug=place.organization.slug, shelf=shelf.name) if thing is None else request.path
    parts = {"form": form, "shelf": shelf, "thing": thing, "here": here, "list_url": _list_url(place, shelf.name)}
    fragment = "catalog/_form.html" if sent else "catalog/_edit.html"
    return render("catalog/edit.html", fragment, 422 if sent else 200, **parts)


def _values(form: Form) -> Mapping[str, Any]:
    """What the form holds; its times are UTC."""
    values = {field.name: field.data for field in form if field.name != "csrf_token"}
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in values.items()}


def _list_url(place: Place, shelf: str) -> str:
    return url_for(f"catalog.{shelf}", org_slug=place.organization.slug)

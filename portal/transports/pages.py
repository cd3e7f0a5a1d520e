"""Event feeds in the back office: AMQP and SQS, switched on, tested, paused, removed; each with its own log."""

from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy import func

from portal.audit.activity import activity_table
from portal.audit.service import rows_of
from portal.config import Settings
from portal.kernel.db import db
from portal.kernel.errors import Conflict, NotFound, PortalError
from portal.kernel.ids import parse_uid
from portal.orgs.access import Place, inside
from portal.transports import message_pages, service
from portal.transports.forgetting import KEPT_DAYS
from portal.transports.forms import FORMS, ConfirmForm, TermsForm, values_of
from portal.transports.message_pages import LOG, version_of
from portal.transports.model import Transport, messages_of, transport_by_uid, transports_of
from portal.transports.service import KIND_WORDS, Created
from portal.transports.settings import address_of, offered
from portal.transports.xml_messages import EXCHANGE
from portal.web.forms import Form
from portal.web.render import finish, redirect_to, render, toast, unless_seen
from portal.web.tables import Badge, Choice, Column, Search, Table, TablePage

pages = Blueprint("transports", __name__, url_prefix="/o/<org_slug>/feeds")
pages.register_blueprint(message_pages.pages)

SENTENCES = {
    "amqp": "A RabbitMQ exchange of your own: matches, prices and settlements as XML, heard as they happen.",
    "sqs": "A FIFO queue in your AWS account: every event as JSON, in order for each competition.",
}
TABS = (("log", "Messages"), ("activity", "Activity"))


def state_of(transport: Transport) -> Badge:
    """How it fares."""
    if transport.status != "enabled":
        return Badge(WORDS[transport.status].capitalize(), "done" if transport.status == "disabled" else "open")
    if transport.failures:
        return Badge("Failing", "failing")
    return Badge("Being set up", "open") if transport.setup == "wanted" else Badge("Healthy", "live")


def _verb(action: str) -> str:
    return action.partition(".")[2].replace("_", " ").capitalize()


FEEDS = Table(
    "feeds",
    [
        Column("name", "Name", sort=func.lower(Transport.name), pinned=True, link=lambda feed: _url("show", feed)),
        Column("kind", "Kind", value=lambda feed: KIND_WORDS[feed.kind], sort=Transport.kind),
        Column("state", "Status", value=state_of, sort=Transport.status, kind="badge"),
        Column("last_success_at", "Last sent", sort=Transport.last_success_at, kind="time"),
        Column("last_error", "Last trouble", sort=Transport.last_error),
        Column("types", "Events", value=lambda feed: ["all"] if feed.types == ["*"] else feed.types, kind="tags"),
        Column("created_at", "Created", sort=Transport.created_at, kind="time", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Transport.name, Transport.target, Transport.uid], label="Name, queue or id"),
        Choice("kind", "Kind", list(KIND_WORDS.items()), column=Transport.kind),
    ],
    order="-created_at",
    noun=("event feed", "event feeds"),
)
ACTIVITY = activity_table("feed-activity", addresses=False)


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {"kind_words": KIND_WORDS, "kind_sentences": SENTENCES, "exchange": EXCHANGE, "kept_days": KEPT_DAYS}


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """The organization's event feeds."""
    feeds = FEEDS.page(db.session(), transports_of(place.organization.id), request.args)
    return feeds.csv() if feeds.wants_csv else render("transports/list.html", "transports/_list.html", feeds=feeds)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """First the kind, as links; then its form; then, of AMQP, the password once."""
    kind, kinds = request.args.get("kind", ""), offered(_settings())
    if kind not in kinds:
        part = "transports/_kinds.html"
        return render("transports/drawer.html", part, kinds=kinds, part=part, title="Switch on event feed")
    form = FORMS[kind](data={"types": ["*"]})
    if form.validate_on_submit():
        try:
            uid = parse_uid("attempt", form.attempt.data) if form.attempt.data else ""
            if uid and _is_there(place, uid):
                return _there_already(uid)
            return _made(service.switch_on(db.session(), place.organization, place.actor, _settings(), kind, form.wish(), uid))
        except PortalError as error:
            form.refuse(error)
    return _answer("new", form, kind=kind, here=_url("new", kind=kind), title=f"Switch on {KIND_WORDS[kind]}")


@pages.get("/<uid>")
@inside("member")
def show(place: Place, uid: str) -> Response:
    """One feed: how it fares, what went over it, what was done to it. The log asked with `seen`: 204 where nothing changed."""
    session = db.session()
    feed = transport_by_uid(session, place.organization.id, uid)
    tab = "activity" if request.args.get("tab") == "activity" else "log"
    query = messages_of(feed) if tab == "log" else rows_of(place.organization.id, ("transport", feed.uid))
    rows = (LOG if tab == "log" else ACTIVITY).page(session, query, request.args)
    if rows.wants_csv:
        return rows.csv()
    facts = _facts(feed, service.backlog_of(session, feed))
    if tab == "log":
        facts |= _live(feed, rows, facts["backlog"])
    unchanged = unless_seen(facts.get("version", ""))
    return unchanged or render(
        "transports/show.html", f"transports/_{tab}.html", feed=feed, rows=rows, tab=tab, tabs=TABS, **facts
    )


@pages.route("/<uid>/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: str) -> Response:
    """Change its terms."""
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    form: TermsForm = FORMS[feed.kind](data=values_of(feed))
    if form.validate_on_submit():
        try:
            service.change(db.session(), place.organization, uid, place.actor, _settings(), form.wish())
            return finish(_url("show", feed), f"{feed.name} is saved.")
        except PortalError as error:
            form.refuse(error)
    return _answer("edit", form, feed=feed, kind=feed.kind, here=_url("edit", feed))


@pages.route("/<uid>/rotate", methods=["GET", "POST"])
@inside("admin")
def rotate(place: Place, uid: str) -> Response:
    """A new password for an AMQP feed, shown once."""
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    form = Form()
    if form.validate_on_submit():
        return _made(service.rotate(db.session(), place.organization, uid, place.actor, _settings()))
    return _answer("rotate", form, feed=feed, here=_url("rotate", feed))


@pages.route("/<uid>/remove", methods=["GET", "POST"])
@inside("admin")
def remove(place: Place, uid: str) -> Response:
    """For good, after its name was typed."""
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    form = ConfirmForm()
    form.expected = feed.name
    if form.validate_on_submit():
        service.remove(db.session(), place.organization, uid, place.actor)
        return _gone(feed.name)
    backlog = service.backlog_of(db.session(), feed)
    return _answer("remove", form, feed=feed, backlog=backlog, here=_url("remove", feed))


@pages.post("/<uid>/test")
@inside("admin")
def test(place: Place, uid: str) -> Response:
    """A message about nothing; its row in the log says what became of it."""
    service.send_test(db.session(), place.organization, uid, place.actor)
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    return finish(_url("show", feed), "A test message is on its way. Its row in the log says what became of it.")


@pages.post("/<uid>/<any(pause,resume,disable):change>")
@inside("admin")
def switch(place: Place, uid: str, change: str) -> Response:
    """Pause, resume or switch off."""
    try:
        feed = SWITCHES[change](db.session(), place.organization, uid, place.actor)
    except Conflict as error:  # a second click, or somebody else was quicker
        feed = transport_by_uid(db.session(), place.organization.id, uid)
        return finish(_url("show", feed), error.message, "info")
    return finish(_url("show", feed), f"{feed.name} is {WORDS[feed.status]}. {SAID[change]}")


@pages.post("/<uid>/resend-failed")
@inside("admin")
def resend_failed(place: Place, uid: str) -> Response:
    """Everything that failed or was canceled, once more."""
    count = service.resend_failed(db.session(), place.organization, uid, place.actor)
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    if not count:
        return finish(_url("show", feed), "No message failed or was canceled, so nothing is sent once more.", "info")
    return finish(_url("show", feed), f"{count:,} {'message is' if count == 1 else 'messages are'} sent once more.")


WORDS = {"enabled": "enabled", "paused": "paused", "disabled": "switched off"}
SWITCHES = {"pause": service.pause, "resume": service.resume, "disable": service.disable}
SAID = {
    "pause": "What happens meanwhile is kept for it.",
    "resume": "What was kept goes first.",
    "disable": "What waited is canceled, and nothing is kept from now on.",
}


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _url(view: str, feed: Transport | None = None, **parameters: Any) -> str:
    if feed is not None:
        parameters["uid"] = feed.uid
    return url_for(f"transports.{view}", org_slug=g.place.organization.slug, **parameters)


def _address(feed: Transport) -> str:
    return address_of(_settings(), feed.target) if feed.kind == "amqp" else feed.target


def _facts(feed: Transport, backlog: int) -> dict[str, Any]:
    """What stands above the log."""
    resting = feed.status == "enabled" and feed.failures and feed.due_at
    return {"backlog": backlog, "address": _address(feed), "state": state_of(feed), "next_try": feed.due_at if resting else None}


def _live(feed: Transport, rows: TablePage, backlog: int) -> dict[str, Any]:
    """What the log asks again with, until it shows something else."""
    around = (feed.status, feed.setup, feed.failures, feed.last_error, feed.due_at if feed.failures else None, backlog)
    version = version_of(rows.rows, rows.total, *around)
    return {"version": version, "again": rows.url(page=rows.number, seen=version), "state_of": message_pages.state_of}


def _is_there(place: Place, uid: str) -> bool:
    try:
        return bool(transport_by_uid(db.session(), place.organization.id, uid))
    except NotFound:
        return False


def _there_already(uid: str) -> Response:
    """The form was sent twice: a double click, or the page was loaded again."""
    feed = transport_by_uid(db.session(), g.place.organization.id, uid)
    more = " Make a new password there if you did not see the first." if feed.kind == "amqp" else ""
    toast(f"{feed.name} was switched on already.{more}", "info")
    return redirect_to(_url("show", feed))


def _made(created: Created) -> Response:
    """Of AMQP the password, in the answer to the POST itself; a queue's page otherwise."""
    feed = created.transport
    if not created.password:
        return redirect_to(_url("show", feed))
    context: dict[str, Any] = {
        "feed": feed,
        "address": address_of(_settings(), feed.target, created.password),
        "title": feed.name,
    }
    part = "transports/_made.html"
    return render("transports/drawer.html", part, part=part, secret=created.password, **context)


def _gone(name: str) -> Response:
    toast(f"{name} is removed.")
    return redirect_to(_url("index"))


def _answer(name: str, form: Form, **context: Any) -> Response:
    """The drawer's part, or the form alone with 422 when it comes back; inside a page for everybody without the drawer."""
    sent, part = form.is_submitted(), f"transports/_{name}.html"
    fragment = f"transports/_{name}_form.html" if sent else part
    return render("transports/drawer.html", fragment, 422 if sent else 200, form=form, part=part, **context)

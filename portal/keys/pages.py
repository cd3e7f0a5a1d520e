"""API keys in the back office: the list, a page per key, and the drawers that issue, edit, rotate, roll and revoke."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy import case, func

from portal.audit.activity import activity_table
from portal.audit.service import rows_of
from portal.kernel.clock import utc_now
from portal.kernel.db import database_now, db
from portal.kernel.errors import NotFound, PortalError
from portal.kernel.ids import parse_uid
from portal.keys import cockpit, service
from portal.keys.attention import SOON, UNUSED, ByAttention, why
from portal.keys.first_call import curl
from portal.keys.forms import IssueForm, RevokeForm, RollForm, RotateForm, TermsForm, first_values, values_of
from portal.keys.kinds import KINDS
from portal.keys.model import STATUSES, ApiKey, key_by_uid, keys_of, status_is
from portal.keys.scopes import OWNER_ONLY, describe, grantable_by_role
from portal.keys.service import OVERLAPS, Issued, rolling
from portal.keys.standing import standing_of
from portal.orgs.access import Place, inside
from portal.web.forms import Form
from portal.web.render import finish, render, unless_seen
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("keys", __name__, url_prefix="/o/<org_slug>/keys")

STATES = {
    "active": Badge("Live", "live"),
    "disabled": Badge("Disabled", "draft"),
    "expired": Badge("Expired", "done"),
    "revoked": Badge("Revoked", "failing"),
}
TABS = (("overview", "Overview"), ("callers", "Callers"), ("refused", "Refused calls"), ("activity", "Activity"))


class _ByStatus(Mapping[str, Any]):
    """The status filter's SQL, which depends on the moment it is asked for."""

    def __getitem__(self, status: str) -> Any:
        return status_is(status, utc_now())

    def __iter__(self) -> Iterator[str]:
        return iter(STATUSES)

    def __len__(self) -> int:
        return len(STATUSES)


def state_of(key: ApiKey) -> Badge:
    """The key's state; rolling counts as one, since somebody has to finish it."""
    now = utc_now()
    status = key.status(now)
    return Badge("Rolling", "warning") if status == "active" and rolling(key, now) else STATES[status]


def _link(key: ApiKey) -> str:
    return _url("show", key)


# The status as a number, so that the list can be sorted by it; the database's clock says which keys have expired.
_NOW: Any = database_now()
_IN_ORDER = [(status_is(status, _NOW), number) for number, status in enumerate(STATUSES)]


KEYS = Table(
    "keys",
    [
        Column("name", "Name", sort=func.lower(ApiKey.name), pinned=True, link=_link),
        Column("hint", "Key", sort=ApiKey.prefix, csv=lambda key: key.hint),
        Column("state", "Status", value=state_of, sort=case(*_IN_ORDER), kind="badge"),
        Column("last_used_at", "Last used", sort=ApiKey.last_used_at, kind="time"),
        Column("scopes", "Scopes", kind="tags"),
        Column("limits", "Limits", value=lambda key: cockpit.limits_in_words(key.limits), sort=ApiKey.per_minute),
        Column("expires_at", "Expires", sort=ApiKey.expires_at, kind="time"),
        # The cells of the name and the key say these two as well.
        Column("kind", "Kind", value=lambda key: KINDS[key.kind].label, sort=ApiKey.kind, shown=False),
        Column("created_by", "Created by", sort=ApiKey.created_by, shown=False),
        Column("last_used_address", "Last used from", sort=ApiKey.last_used_address, shown=False),
        Column("created_at", "Created", sort=ApiKey.created_at, kind="time", shown=False),
        Column("uid", "Id", kind="id", shown=False),
        Column("number", "Number", value="id", sort=ApiKey.id, shown=False),
    ],
    filters=[
        Search([ApiKey.name, ApiKey.description, ApiKey.prefix, ApiKey.last4, ApiKey.uid], label="Name, key or id"),
        Choice("kind", "Kind", [(kind.name, kind.label) for kind in KINDS.values()], column=ApiKey.kind),
        Choice("status", "Status", [(name, STATES[name].word) for name in STATUSES], criteria_of=_ByStatus()),
        Choice(
            "attention",
            "Attention",
            [("expiring", f"Expires within {SOON.days} days"), ("unused", f"Unused for {UNUSED.days} days")],
            criteria_of=ByAttention(),
        ),
    ],
    order="-created_at",
    noun=("key", "keys"),
)

ACTIVITY = activity_table("activity")


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {
        "describe": describe,
        "kind_label": lambda name: KINDS[name].label,
        "limits_in_words": cockpit.limits_in_words,
        "calls_finding": cockpit.finding,
        "refusal_label": cockpit.reason_label,
        "overlap_in_words": cockpit.overlap_in_words,
        "attention": lambda key: why(key, utc_now()),
    }


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """Every key; asked with `seen`, 204 where that is how they still stand."""
    standing = _standing(place)
    if unchanged := unless_seen(standing):
        return unchanged
    keys = KEYS.page(db.session(), keys_of(place.organization), request.args)
    again = keys.url(page=keys.number, seen=standing)
    return keys.csv() if keys.wants_csv else render("keys/list.html", "keys/_list.html", keys=keys, again=again)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """First the kind, as links; then the form of that kind; then the secret, once."""
    kind = request.args.get("kind", "")
    if kind not in KINDS:
        return render("keys/new.html", "keys/_kinds.html", kinds=KINDS.values(), part="keys/_kinds.html")
    form = IssueForm(data=first_values(kind))
    grantable = _offer(place, form, kind)
    here = _url("new", kind=kind)
    if form.validate_on_submit():
        try:
            uid = parse_uid("attempt", form.attempt.data) if form.attempt.data else ""
            issued = service.issue_key(
                db.session(), place.organization, place.actor, kind=kind, uid=uid, grantable=grantable, **form.wish()
            )
            return _shown_once(issued, f"{issued.key.name} is issued")
        except PortalError as error:
            form.refuse(error)
    return _answer("keys/_new.html", "keys/_new_form.html", form, kind=KINDS[kind], here=here, beyond=OWNER_ONLY - grantable)


@pages.get("/<uid>")
@inside("member")
def show(place: Place, uid: str) -> Response:
    """One key: what it is, who uses it, what was refused, what was done to it. Its live part asks with `seen`."""
    standing = _standing(place, uid)
    if unchanged := unless_seen(standing):
        return unchanged
    key = key_by_uid(db.session(), place.organization, uid)
    tab = request.args.get("tab", "overview")
    if tab not in dict(TABS):
        raise NotFound("There is no such tab.")
    context: dict[str, Any] = {"key": key, "kind": KINDS[key.kind], "state": state_of(key), "tab": tab, "tabs": TABS}
    return (_activity if tab == "activity" else _figures)(place, context, standing)


@pages.route("/<uid>/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    form = TermsForm(data=values_of(key))
    grantable = _offer(place, form, key.kind, key)
    if form.validate_on_submit():
        try:
            service.change_key(db.session(), place.organization, key, place.actor, grantable=grantable, **form.wish(key))
            return finish(_url("show", key), f"{key.name} is saved. It holds within a second.")
        except PortalError as error:
            form.refuse(error)
    return _answer("keys/_edit.html", "keys/_edit_form.html", form, key=key, kind=KINDS[key.kind], here=_url("edit", key))


@pages.route("/<uid>/rotate", methods=["GET", "POST"])
@inside("admin")
def rotate(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    form = RotateForm()
    if form.validate_on_submit():
        try:
            grantable = grantable_by_role(place.role)
            issued = service.rotate_key(db.session(), place.organization, key, place.actor, grantable=grantable)
            return _shown_once(issued, f"The new secret of {key.name}")
        except PortalError as error:
            form.refuse(error)
    lately = cockpit.lately(db.session(), place.organization, key, utc_now())
    return _answer("keys/_rotate.html", "keys/_rotate_form.html", form, key=key, lately=lately, here=_url("rotate", key))


@pages.route("/<uid>/roll", methods=["GET", "POST"])
@inside("admin")
def roll(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    form = RollForm()
    if form.validate_on_submit():
        try:
            issued = service.roll_key(
                db.session(),
                place.organization,
                key,
                place.actor,
                overlap=OVERLAPS[form.overlap.data],
                grantable=grantable_by_role(place.role),
            )
            return _shown_once(issued, f"The new secret of {key.name}", overlap=form.overlap.data)
        except PortalError as error:
            form.refuse(error)
    return _answer("keys/_roll.html", "keys/_roll_form.html", form, key=key, here=_url("roll", key))


@pages.post("/<uid>/cancel-roll")
@inside("admin")
def cancel_roll(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    service.cancel_roll(db.session(), place.organization, key, place.actor)
    return finish(_url("show", key), "The roll is canceled. Only the old secret works.")


@pages.post("/<uid>/end-overlap")
@inside("admin")
def end_overlap(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    service.end_overlap(db.session(), place.organization, key, place.actor)
    return finish(_url("show", key), "The overlap is over. Only the new secret works.")


@pages.post("/<uid>/disable")
@inside("admin")
def disable(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    service.set_active(db.session(), place.organization, key, False, place.actor)
    return finish(_url("show", key), f"{key.name} is disabled. Calls with it fail within a second.", undo_url=_url("enable", key))


@pages.post("/<uid>/enable")
@inside("admin")
def enable(place: Place, uid: str) -> Response:
    key = key_by_uid(db.session(), place.organization, uid)
    service.set_active(db.session(), place.organization, key, True, place.actor)
    return finish(_url("show", key), f"{key.name} is enabled.", undo_url=_url("disable", key))


@pages.route("/<uid>/revoke", methods=["GET", "POST"])
@inside("admin")
def revoke(place: Place, uid: str) -> Response:
    """For good, after the key's name was typed; with its unused session links if that is asked for."""
    key = key_by_uid(db.session(), place.organization, uid)
    form = RevokeForm()
    form.expected = key.name
    if form.validate_on_submit():
        also = current_app.extensions.get("on_key_revoked", ()) if form.links.data else ()
        service.revoke_key(db.session(), place.organization, key, place.actor, also=also)
        return finish(_url("show", key), f"{key.name} is revoked. Calls with it fail within a second.")
    lately = cockpit.lately(db.session(), place.organization, key, utc_now())
    return _answer("keys/_revoke.html", "keys/_revoke_form.html", form, key=key, lately=lately, here=_url("revoke", key))


def _figures(place: Place, context: dict[str, Any], standing: str) -> Response:
    key, tab = context["key"], context["tab"]
    view = cockpit.view(db.session(), place.organization, key, utc_now(), tab)
    again = _url("show", key, tab=tab, seen=standing)
    return render("keys/show.html", "keys/_key.html", view=view, again=again, **context)


def _activity(place: Place, context: dict[str, Any], standing: str) -> Response:
    activity = ACTIVITY.page(db.session(), rows_of(place.organization.id, ("key", context["key"].uid)), request.args)
    if activity.wants_csv:
        return activity.csv()
    again = activity.url(page=activity.number, seen=standing)
    # The live part takes all of the page; sorting and filtering take the list alone.
    fragment = "keys/_key.html" if "seen" in request.args else "keys/_rows.html"
    return render("keys/show.html", fragment, activity=activity, again=again, **context)


def _standing(place: Place, uid: str = "") -> str:
    """How all keys stand, or the one."""
    org_id = place.organization.id
    return standing_of(db.session(), [org_id], utc_now(), uid).get(org_id, "none")


def _url(view: str, key: ApiKey | None = None, **parameters: Any) -> str:
    if key is not None:
        parameters["uid"] = key.uid
    return url_for(f"keys.{view}", org_slug=g.place.organization.slug, **parameters)


def _answer(part: str, form_part: str, form: Form, **context: Any) -> Response:
    """The drawer's part, or the form alone with 422 when it comes back; inside a page for everybody without the drawer."""
    sent = form.is_submitted()
    return render("keys/drawer.html", form_part if sent else part, 422 if sent else 200, form=form, part=part, **context)


def _offer(place: Place, form: TermsForm, kind: str, key: ApiKey | None = None) -> frozenset[str]:
    grantable = grantable_by_role(place.role)
    games, streams = cockpit.choices(db.session(), place.organization, key)
    form.offer(kind, grantable, games, streams, frozenset(key.scopes if key else ()))
    return grantable


def _shown_once(issued: Issued, title: str, overlap: str = "") -> Response:
    """Answers the POST itself: the secret is in no address, no cookie and no row."""
    key, base_url = issued.key, current_app.config["SETTINGS"].base_url
    line = curl(key.kind, key.scopes, issued.secret, base_url)
    context: dict[str, Any] = {
        "key": key,
        "title": title,
        "line": line,
        "base_url": base_url,
        "overlap": overlap,
        "kind": KINDS[key.kind],
    }
    return render("keys/drawer.html", "keys/_issued.html", part="keys/_issued.html", secret=issued.secret, **context)

"""Saving a view of any list, renaming, sharing and deleting it; and the row of views that each list draws above its filters."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Flask, Response, g, request, url_for
from wtforms import BooleanField, HiddenField, StringField

from portal.kernel.db import db
from portal.kernel.errors import Forbidden, PortalError
from portal.orgs.access import Place, inside
from portal.orgs.saved_views import LONGEST_NAME, SavedView, change_view, delete_view, save_view, view_by_uid, views_of
from portal.web.forms import Form, Length, Required
from portal.web.render import finish, redirect_to, render, toast
from portal.web.tables import CONTROLS, TablePage

pages = Blueprint("views", __name__, url_prefix="/o/<org_slug>/views")


class ViewForm(Form):
    name = StringField("Name", [Required("Write a name for the view."), Length(LONGEST_NAME)])
    shared = BooleanField("Offer it to everybody in the organization")
    update = BooleanField("Let it show what the list shows now")
    list = HiddenField()
    query = HiddenField()
    path = HiddenField()


@dataclass(frozen=True)
class Shown:
    """A view in the row: `current` where the list shows exactly it, `may_edit` where the person made it or is an admin."""

    name: str
    url: str
    current: bool
    shared: bool
    edit_url: str


@dataclass(frozen=True)
class Views:
    """What a list draws: its views, and where the present one is saved ("" while nothing differs from the first view)."""

    items: list[Shown]
    new_url: str


def init_app(app: Flask) -> None:
    app.jinja_env.globals["saved_views"] = views_for


def views_for(page: TablePage) -> Views | None:
    """The views of one list for the person who looks at it; None where nobody stands in an organization. One statement for
    all lists of a page."""
    place: Place | None = g.get("place")
    if place is None or not page.path.startswith(f"/o/{place.organization.slug}"):
        return None
    if "saved_views" not in g:
        g.saved_views = views_of(db.session(), place.organization.id, place.user.id)
    now = state_of(page)
    mine = [view for view in g.saved_views if view.list == page.table.name]
    is_saved = any(dict(parse_qsl(view.query)) == now for view in mine)
    asked: dict[str, Any] = {"list": page.table.name, "query": urlencode(now), "path": page.path}
    new_url = url_for("views.new", org_slug=place.organization.slug, **asked) if now and not is_saved else ""
    return Views([_shown(place, view, page, now) for view in mine], new_url)


def state_of(page: TablePage) -> dict[str, str]:
    """Everything that sets the list apart from its first view; columns also where a cookie remembers them."""
    pairs = {name: value for name, value in page.state.pairs.items() if name not in page.table.keep}
    usual = [column.key for column in page.table.columns if column.shown or column.pinned]
    if page.state.columns != usual:
        pairs["columns"] = ",".join(page.state.columns)
    return pairs


@pages.route("/new", methods=["GET", "POST"])
@inside("member")
def new(place: Place) -> Response:
    form = ViewForm(data={name: request.args.get(name, "") for name in ("list", "query", "path")})
    del form.update
    if form.validate_on_submit():
        said = {name: form[name].data for name in ("list", "name", "query", "shared")}
        try:
            view = save_view(db.session(), place.organization.id, place.user.id, place.actor, **said)
            return finish(_back(place, form.path.data, view.query), f"The view {view.name} is saved.")
        except PortalError as error:
            form.refuse(error)
    return _answer("new", form, here=url_for("views.new", org_slug=place.organization.slug))


@pages.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@inside("member")
def edit(place: Place, uid: Any) -> Response:
    view = _own(place, uid)
    form = ViewForm(
        data={"name": view.name, "shared": view.shared, "path": request.args.get("path"), "query": request.args.get("query")}
    )
    if not form.query.data or form.query.data == view.query:
        del form.update
    if form.validate_on_submit():
        query = form.query.data if "update" in form and form.update.data else None
        try:
            change_view(db.session(), view, place.actor, name=form.name.data, shared=bool(form.shared.data), query=query)
            return finish(_back(place, form.path.data, view.query), f"The view {view.name} is changed.")
        except PortalError as error:
            form.refuse(error)
    here: dict[str, Any] = {"org_slug": place.organization.slug, "uid": view.uid}
    return _answer("edit", form, here=url_for("views.edit", **here), view=view, delete_url=url_for("views.delete", **here))


@pages.post("/<uuid:uid>/delete")
@inside("member")
def delete(place: Place, uid: Any) -> Response:
    view = _own(place, uid)
    name, path = view.name, request.form.get("path", "")
    delete_view(db.session(), view, place.actor)
    toast(f"The view {name} is deleted. The list itself is as it was.")
    return redirect_to(_back(place, path, ""))


def _own(place: Place, uid: Any) -> SavedView:
    """A view that the person may change: their own, or a shared one for an admin. Raises NotFound, Forbidden."""
    view = view_by_uid(db.session(), place.organization.id, place.user.id, str(uid))
    if view.user_id != place.user.id and not place.may("admin"):
        raise Forbidden("Somebody else shares this view. Ask them or an admin to change it, or save one of your own.")
    return view


def _shown(place: Place, view: SavedView, page: TablePage, now: dict[str, str]) -> Shown:
    pairs = dict(parse_qsl(view.query))
    kept = {name: value for name, value in page.state.pairs.items() if name in page.table.keep}
    query = urlencode(kept | pairs)
    edit_url = ""
    if view.user_id == place.user.id or place.may("admin"):
        asked: dict[str, Any] = {"path": page.path, "query": urlencode(now)}
        edit_url = url_for("views.edit", org_slug=place.organization.slug, uid=view.uid, **asked)
    return Shown(view.name, f"{page.path}?{query}" if query else page.path, pairs == now, view.shared, edit_url)


def _back(place: Place, path: str | None, query: str) -> str:
    """The list with the view. A path that does not lie in this organization leads to its first page."""
    home = url_for("console.overview", org_slug=place.organization.slug)
    inside_it = f"/o/{place.organization.slug}/"
    if not path or not path.startswith(inside_it) or "//" in path or "\\" in path or "?" in path or CONTROLS.search(path):
        return home
    return f"{path}?{query}" if query else path


def _answer(name: str, form: Form, **context: Any) -> Response:
    sent = form.is_submitted()
    part = f"orgs/_view_{name}_form.html" if sent else f"orgs/_view_{name}.html"
    return render("orgs/view.html", part, 422 if sent else 200, form=form, part=f"orgs/_view_{name}.html", **context)

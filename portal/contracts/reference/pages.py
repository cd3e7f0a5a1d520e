"""`/docs`: what the APIs are, every call with samples, a form to try it, what changed; and the OpenAPI document."""

import hashlib
import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request, session, url_for
from flask_login import current_user

from portal.contracts.reference.changelog import read
from portal.contracts.reference.openapi import document
from portal.contracts.reference.operations import Section, contracts, operations, sections_of
from portal.contracts.reference.samples import LANGUAGES
from portal.contracts.reference.views import shown
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import role_in
from portal.orgs.model import Organization, organization_by_slug
from portal.web.contract import Contract
from portal.web.render import render

pages = Blueprint("reference", __name__)


@pages.get("/api/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1 of every API; the ETag changes with the routes."""
    text, tag = _written(_app())
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    response.set_etag(tag)
    response.make_conditional(request)
    return response


@pages.get("/docs")
def index() -> Response:
    """Where to begin, and every call by its heading."""
    listed = [(contract, sections_of(_app(), contract)) for contract in contracts(_app())]
    return _page("index", title="API reference", listed=listed, base_url=_app().config["SETTINGS"].base_url)


@pages.get("/docs/changelog")
def changelog() -> Response:
    """What changed, what will, and what goes away."""
    leaving = [one for one in operations(_app()) if one.deprecation]
    return _page("changelog", title="Changelog", changes=read(), leaving=leaving)


@pages.get("/docs/<slug>")
def api(slug: str) -> Response:
    """One API: how to enter, and all of its calls."""
    contract = _contract(slug)
    sections = sections_of(_app(), contract)
    return _page("api", contract, sections, title=contract.title, shown=shown(_app()), languages=LANGUAGES)


@pages.get("/docs/<slug>/<name>")
def operation(slug: str, name: str) -> Response:
    """One call, with the form to try it."""
    contract = _contract(slug)
    sections = sections_of(_app(), contract)
    found = next((one for section in sections for one in section.operations if one.id == name), None)
    if found is None:
        raise NotFound("There is no such call.")
    call = shown(_app())[found.operation_id]
    return _page("operation", contract, sections, title=found.description.summary, call=call, languages=LANGUAGES)


def _page(name: str, contract: Contract | None = None, sections: tuple[Section, ...] = (), **context: Any) -> Response:
    context |= {"navigation": _navigation(contract, sections), "place": None, "organization": _organization()}
    return render(f"docs/{name}.html", None, contract=contract, sections=sections, **context)


def _organization() -> Organization | None:
    """The one that the signed-in person used last, if they still belong there."""
    slug = session.get("org")
    if not slug or not current_user.is_authenticated:
        return None
    try:
        found = organization_by_slug(db.session(), slug)
    except NotFound:
        return None
    return found if role_in(db.session(), current_user.user.id, found.id) else None


def _navigation(here: Contract | None, sections: tuple[Section, ...]) -> list[dict[str, Any]]:
    """The side bar: the reference's pages, the APIs, and the headings of the one that is open."""
    office = _item("Back office", "/", "arrow-left") if current_user.is_authenticated else _item("Sign in", "/sign-in", "user")
    top = [
        _item("Start", url_for("reference.index"), "home"),
        _item("Changelog", url_for("reference.changelog"), "history"),
        _item("OpenAPI document", url_for("reference.openapi"), "code"),
        office,
    ]
    apis = [_item(one.title, url_for("reference.api", slug=one.slug), "api", one is here) for one in contracts(_app())]
    groups = [{"label": "", "items": top}, {"label": "APIs", "items": apis}]
    if here is not None:
        address = url_for("reference.api", slug=here.slug)
        items = [_item(one.name, f"{address}#{one.slug}", "hash", False) for one in sections]
        groups.append({"label": here.title, "items": items})
    return groups


def _item(label: str, url: str, icon: str, current: bool | None = None) -> dict[str, Any]:
    return {"label": label, "url": url, "icon": icon, "current": request.path == url if current is None else current}


def _contract(slug: str) -> Contract:
    found = next((one for one in contracts(_app()) if one.slug == slug), None)
    if found is None:
        raise NotFound("There is no such API.")
    return found


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def _written(app: Flask) -> tuple[str, str]:
    """The document as text and its digest, written once."""
    kept: tuple[str, str] | None = app.extensions.get("openapi_text")
    if kept is None:
        text = json.dumps(document(app), ensure_ascii=False, separators=(",", ":"))
        kept = app.extensions["openapi_text"] = (text, hashlib.sha256(text.encode()).hexdigest()[:20])
    return kept

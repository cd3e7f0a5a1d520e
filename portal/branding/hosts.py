"""Which names this server answers to: its own, and those that a DNS record has proved, for players' pages alone.

Guarded API calls do not come through here: they take no cookie, and build nothing from the name they were called by.
"""

from urllib.parse import urlsplit

from flask import Response, current_app, g, make_response, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.branding.brand import PLAIN, Brand, brand_of, own_host, own_url
from portal.branding.domain_model import verified_domain
from portal.kernel.db import db
from portal.orgs.model import Organization, subtree
from portal.web import headers
from portal.web.transaction import PortalApp

# On a tenant's name there is nothing to sign in to, so no sign-in cookie can be had or read there.
FOR_PLAYERS = frozenset({"public", "competition_pages", "embed_pages", "oembed", "player_pages", "registration_pages", "theme"})
FOR_MACHINES = frozenset({"health.healthz", "health.readyz", "metrics.metrics", "certificates.ask"})


NOBODYS = {"title": "Nothing here", "sentence": "This server does not answer to that name."}
NOT_HERE = {"title": "Nothing here", "sentence": "Check the address, or go back to the page that led here."}


def init_app(app: PortalApp) -> None:
    app.before_request(check_host)
    app.before_page.append(check_host)


def check_host() -> Response | None:
    """None where the page may be shown. A name that is nobody's gets 400 in production; elsewhere people use whatever name
    their machine has. What a tenant's name does not show is 404, on a page of players: the back office's sets a cookie."""
    host = _asked_host()
    if host == own_host() or request.endpoint in FOR_MACHINES:
        return None
    session = db.session()
    domain = verified_domain(session, host) if host.isascii() and host.isprintable() else None
    if domain is None:
        return _page(NOBODYS, 400, PLAIN) if current_app.config["SETTINGS"].production else None
    shown = request.endpoint == "static" or FOR_PLAYERS.intersection(request.blueprints)
    if shown and _is_of(session, domain.org_id):
        g.tenant_host = domain.host
        return None
    return _page(NOT_HERE, 404, brand_of(session, session.get_one(Organization, domain.org_id)))


def site_here() -> str:
    """The address that links on this page begin with: the tenant's proven name where the request came by it, else our own."""
    return f"https://{g.tenant_host}" if "tenant_host" in g else own_url().rstrip("/")


def brand_here() -> Brand:
    """The brand of whoever owns the name that this request came by; plain on our own, and where the database cannot say."""
    host = _asked_host()
    if host == own_host():
        return PLAIN
    try:
        session = db.session()
        domain = verified_domain(session, host) if host.isascii() and host.isprintable() else None
        return brand_of(session, session.get_one(Organization, domain.org_id)) if domain else PLAIN
    except SQLAlchemyError:
        return PLAIN


def _page(trouble: dict[str, str], status: int, brand: Brand) -> Response:
    headers.allow(img_src=brand.img_src())
    return make_response(render_template("public/trouble.html", trouble=trouble, brand=brand), status)


def _asked_host() -> str:
    """The name in the Host header without its port; "" for what no name can be."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _is_of(session: Session, org_id: int) -> bool:
    """Does the address name nobody, the organization of the name, or one below it?"""
    given = request.view_args or {}
    slug = given.get("slug") or given.get("org_slug")
    return slug is None or slug in {org.slug for org in subtree(session, [org_id])}

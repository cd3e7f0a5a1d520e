"""The files of a theme, for every browser: named by their digest, so they never change."""

from flask import Blueprint, Response

from portal.branding.model import css_by_digest, image_by_digest
from portal.kernel.db import db
from portal.web import csrf

pages = Blueprint("theme", __name__, url_prefix="/theme")
csrf.exempt(pages)

FOREVER = "public, max-age=31536000, immutable"
# Whoever opens a file directly gets a page in which nothing runs and nothing is fetched.
SHUT = "default-src 'none'; style-src 'none'; frame-ancestors 'none'; sandbox"


@pages.get("/<org_slug>/<digest>.css")
def css(org_slug: str, digest: str) -> Response:
    """A published style sheet. Raises NotFound."""
    return _file(css_by_digest(db.session(), org_slug, digest), "text/css; charset=utf-8")


@pages.get("/<org_slug>/<digest>.png")
def image(org_slug: str, digest: str) -> Response:
    """An uploaded logo or favicon. Raises NotFound."""
    return _file(image_by_digest(db.session(), org_slug, digest), "image/png")


def _file(data: str | bytes, kind: str) -> Response:
    response = Response(data, content_type=kind)
    response.headers["Cache-Control"] = FOREVER
    response.headers["Content-Security-Policy"] = SHUT
    # An embed in a sandboxed frame has no origin and is foreign even to us.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response

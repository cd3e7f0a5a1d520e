"""Two walls against cross-site writes: where the browser says the request comes from, and a token in the form.

Routes of the JSON APIs take no cookie, so neither wall stands there; they are exempted blueprint by blueprint.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Flask, Request, request
from flask_wtf.csrf import CSRFProtect

from portal.kernel.errors import Forbidden
from portal.web.transaction import SAFE_METHODS

csrf = CSRFProtect()
_cookieless: set[str] = set()


def init_app(app: Flask) -> None:
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # the token lives as long as the sign-in
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the Origin check below is stricter than a Referer check
    app.before_request(_refuse_cross_site)
    csrf.init_app(app)


def exempt(blueprint: Blueprint) -> None:
    """The routes of `blueprint` take no cookie, so another site gains nothing by calling them."""
    csrf.exempt(blueprint)
    _cookieless.add(blueprint.name)


def is_cross_site(incoming: Request) -> bool:
    """As browsers tell it: Sec-Fetch-Site where sent, else Origin against Host. No header at all is no browser."""
    site = incoming.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = incoming.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != incoming.host


def protect() -> None:
    """Both walls, for a route that is exempt but has taken a cookie after all. Raises Forbidden or CSRFError."""
    if is_cross_site(request):
        raise Forbidden("This request comes from another site. Send it from the page itself.")
    csrf.protect()


def _refuse_cross_site() -> None:
    if request.method not in SAFE_METHODS and is_cross_site(request) and not _cookieless.intersection(request.blueprints):
        raise Forbidden("This request comes from another site. Send it from the page itself.")

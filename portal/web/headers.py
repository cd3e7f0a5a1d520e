"""Security headers, on every answer, in one place.

What stands on every answer is added below Flask, to the plain list that goes to the server: some twenty headers set one
by one on a Response took a tenth of an API call.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response, g, request

from portal.web.transaction import PortalApp

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
YEAR = 365 * 24 * 3600
_PROMISED = "tiltyard.headers"
_OMITTED = "tiltyard.without"
_KNOWN = tuple(name.lower() for name in (*ALWAYS, "Content-Security-Policy"))


def policy(**changes: str) -> str:
    """The content security policy with some directives replaced: `policy(form_action="'self' https://game.example")`."""
    directives = CSP | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def allow(**changes: str) -> None:
    """Loosen the policy of this one answer."""
    g.content_policy = policy(**changes)


def promise(*pairs: tuple[str, str]) -> None:
    """Headers for the answer to this request, whichever it will be; one that the answer carries already stays as it is."""
    request.environ.setdefault(_PROMISED, []).extend(pairs)


def allow_frames(response: Response, sources: str, **changes: str) -> None:
    """Let pages of `sources` show this one answer in a frame; X-Frame-Options has no way to say so and goes. `changes` are
    more directives, as `allow` takes them."""
    allow(frame_ancestors=sources, **changes)
    request.environ[_OMITTED] = ("x-frame-options", "cross-origin-opener-policy")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def keep_known() -> None:
    """The answer is 304: whoever asked has every header already, and what stands here would take the place of theirs."""
    request.environ[_OMITTED] = _KNOWN


def init_app(app: PortalApp) -> None:
    always: dict[str, str] = dict(ALWAYS, **{"Content-Security-Policy": policy()})
    if app.config["SETTINGS"].https:
        always["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    app.wsgi_app = Always(app.wsgi_app, always)  # type: ignore[method-assign]

    def fit_headers(response: Response) -> Response:
        if "content_policy" in g:
            response.headers["Content-Security-Policy"] = g.content_policy
        if request.endpoint == "static" and response.status_code < 400:
            _cache_static(response)
        if response.status_code not in (429, 503):
            response.headers.pop("Retry-After", None)  # Flask-Limiter sends it with successes too
        return response

    app.after_request(fit_headers)
    app.after_page.append(fit_headers)


class Always:
    """WSGI middleware: adds what was promised and what always stands, where the answer has nothing of that name."""

    def __init__(self, app: Callable[..., Iterable[bytes]], always: dict[str, str]) -> None:
        self.app = app
        self.always = tuple((name.lower(), (name, value)) for name, value in always.items())

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            present = {name.lower() for name, _ in headers}.union(environ.get(_OMITTED, ()))
            headers += [pair for pair in environ.get(_PROMISED, ()) if pair[0].lower() not in present]
            headers += [pair for lower, pair in self.always if lower not in present]
            return start_response(status, headers, *rest)

        return self.app(environ, start)


def _cache_static(response: Response) -> None:
    """Versioned files (a digest in `v`, or a vendored folder with the version in its name) never change. Any site may load
    them: an embed in a sandboxed frame, as WordPress makes it, has no origin and is foreign even to us."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    arguments: Any = request.view_args or {}
    versioned = "v" in request.args or str(arguments.get("filename", "")).startswith("vendor/")
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if versioned else "public, max-age=300"

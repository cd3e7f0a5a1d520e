"""Security headers, on every answer, in one place."""

from typing import Any

from flask import Flask, Response, g, request

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


def policy(**changes: str) -> str:
    """The content security policy with some directives replaced: `policy(form_action="'self' https://game.example")`."""
    directives = CSP | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def allow(**changes: str) -> None:
    """Loosen the policy of this one answer."""
    g.content_policy = policy(**changes)


def init_app(app: Flask) -> None:
    always: dict[str, str] = dict(ALWAYS, **{"Content-Security-Policy": policy()})
    if app.config["SETTINGS"].https:
        always["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        if "content_policy" in g:
            headers["Content-Security-Policy"] = g.content_policy
        if request.endpoint == "static":
            _cache_static(response)
        if response.status_code not in (429, 503):
            headers.pop("Retry-After", None)  # Flask-Limiter sends it with successes too
        present = {name.lower() for name in headers.keys()}  # noqa: SIM118 - a Headers object iterates over pairs
        for name, value in always.items():
            if name.lower() not in present:
                headers.add(name, value)
        return response


def _cache_static(response: Response) -> None:
    """Versioned files (a digest in `v`, or a vendored folder with the version in its name) never change."""
    arguments: Any = request.view_args or {}
    versioned = "v" in request.args or str(arguments.get("filename", "")).startswith("vendor/")
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if versioned else "public, max-age=300"

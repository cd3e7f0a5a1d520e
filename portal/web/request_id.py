"""A number for every request: on the answer, on the error page, in the log and in the audit row. And the access log."""

import secrets
import time

from flask import Flask, Response, g, request

from portal.kernel.log import log
from portal.web import metrics
from portal.web.client_ip import client_address


def request_id() -> str:
    """This request's id: 20 hex digits, a length that no key or token has."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(10)
    return str(g.request_id)


def init_app(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        request_id()
        g.address = str(client_address(request) or "")

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        route = request.url_rule.rule if request.url_rule is not None else "none"
        taken = time.perf_counter() - g.get("started", time.perf_counter())
        metrics.requests.labels(route, response.status_code).inc()
        metrics.seconds.labels(route).observe(taken)
        # The route's pattern, not the path: paths and queries hold one-time tokens.
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(taken * 1000, 1),
            address=g.get("address", ""),
            request_id=g.request_id,
        )
        return response

"""A number for every request: on the answer, on the error page, in the log and in the audit row. And the access log."""

import secrets
import time

from flask import Response, g, request

from portal.kernel.log import log
from portal.web import headers, metrics
from portal.web.client_ip import client_address
from portal.web.transaction import PortalApp


def request_id() -> str:
    """This request's id: 20 hex digits, a length that no key or token has."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(10)
    return str(g.request_id)


def init_app(app: PortalApp) -> None:
    def begin() -> None:
        g.started = time.perf_counter()
        headers.promise(("X-Request-ID", request_id()))
        g.client = client_address(request)
        g.address = str(g.client or "")

    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "none"
        taken = time.perf_counter() - g.get("started", time.perf_counter())
        metrics.count_request(route, response.status_code, taken)
        # The route's pattern, not the path: paths and queries hold one-time tokens.
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(taken * 1000, 1),
            address=g.get("address", ""),
            request_id=request_id(),
        )
        return response

    app.before_request(begin)
    app.before_call.append(begin)
    app.after_request(end)
    app.after_call.append(end)

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
        kept = g._get_current_object()  # each look through the proxy takes its time
        kept.started = time.perf_counter()
        kept.client = client_address(request)
        kept.address = str(kept.client or "")
        headers.promise(("X-Request-ID", request_id()))

    def end(response: Response) -> Response:
        kept, rule = g._get_current_object(), request.url_rule
        route = rule.rule if rule is not None else "none"
        taken = time.perf_counter() - kept.get("started", time.perf_counter())
        metrics.count_request(route, response.status_code, taken)
        # The route's pattern, not the path: paths and queries hold one-time tokens.
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(taken * 1000, 1),
            address=kept.get("address", ""),
            request_id=request_id(),
        )
        return response

    app.before_request(begin)
    app.before_call.append(begin)
    app.after_request(end)
    app.after_call.append(end)
    app.before_page.append(begin)
    app.after_page.append(end)

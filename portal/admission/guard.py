"""`@admit(scope)`: the one way into an API view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from portal.admission.caller import Caller, KeyBook, Pass, Quota, Refusal
from portal.admission.keyring import GUESSES, Keyring
from portal.admission.limits import Limits, RedisLimits
from portal.admission.local_limits import LocalLimits
from portal.admission.order import Attempt, credentials_in, decide
from portal.kernel.clock import utc_now
from portal.web.client_ip import client_address
from portal.web.errors import answer_problem, owner_of
from portal.web.metrics import admissions
from portal.web.problems import Problem
from portal.web.transaction import SAFE_METHODS

HEADERS = ("X-API-Key",)


class Gate:
    """Admission as one application uses it: the keyring and the limits of this process."""

    def __init__(self, book: KeyBook, limits: Limits) -> None:
        self.keyring = Keyring(book)
        self.limits = limits


def init_app(app: Flask, book: KeyBook) -> None:
    """Give the application its gate. `book` is what the keys room knows."""
    settings = app.config["SETTINGS"]
    limits: Limits = (
        LocalLimits()
        if settings.limits_in_memory
        else RedisLimits(settings.redis_url, settings.lease_seconds, settings.web_processes)
    )
    app.extensions["gate"] = Gate(book, limits)
    app.after_request(_rate_headers)
    app.teardown_request(_give_back_slots)


def admit(scope: str | None, *, headers: tuple[str, ...] = HEADERS) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """View decorator: the view gets its `Caller` first. None asks for any valid key; `{sport}` is filled from the route.

    A refusal is worded by the contract that owns the path; it never reaches the view.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            gate: Gate = current_app.extensions["gate"]
            attempt = _attempt(gate, scope, arguments.get("sport"), headers)
            refusal = decide(attempt)
            _note(gate, attempt, refusal)
            if refusal is not None:
                return _refused(refusal)
            held = attempt.held
            assert held is not None
            g.quota = held.quota
            try:
                return view(Caller(attempt.record, str(attempt.address or "")), **arguments)
            finally:
                gate.limits.leave(attempt.record.org_uid, held)

        guarded.required_scope = scope or "any key"  # type: ignore[attr-defined]
        return guarded

    return decorate


def enter(scope: str | None) -> Caller | Refusal:
    """The same decision inside a view that also serves people; the slot is given back when the request ends."""
    gate: Gate = current_app.extensions["gate"]
    attempt = _attempt(gate, scope, None, HEADERS)
    refusal = decide(attempt)
    _note(gate, attempt, refusal)
    if refusal is not None:
        return refusal
    held: Pass | None = attempt.held
    assert held is not None
    g.quota = held.quota
    g.setdefault("held_slots", []).append((gate.limits, attempt.record.org_uid, held))
    return Caller(attempt.record, str(attempt.address or ""))


def _attempt(gate: Gate, scope: str | None, sport: str | None, headers: tuple[str, ...]) -> Attempt:
    if scope is not None and sport is not None:
        scope = scope.replace("{sport}", sport)
    return Attempt(
        credentials=credentials_in(request.headers, headers),
        address=client_address(request),
        scope=scope,
        writes=request.method not in SAFE_METHODS,
        sport=sport,
        keyring=gate.keyring,
        limits=gate.limits,
    )


def _note(gate: Gate, attempt: Attempt, refusal: Refusal | None) -> None:
    outcome = refusal.reason if refusal else "ok"
    admissions.labels(outcome).inc()
    if attempt.key is not None:
        route = f"{request.method} {request.path}"
        agent = request.headers.get("User-Agent", "")
        detail = refusal.message if refusal else ""
        gate.keyring.book.note(attempt.key, str(attempt.address or ""), route, outcome, detail, agent)


def _refused(refusal: Refusal) -> Response:
    if refusal.quota is not None:
        g.quota = refusal.quota
    return answer_problem(Problem(refusal.reason, refusal.message, retry_after=refusal.retry_after))


def _rate_headers(response: Any) -> Any:
    """The three X-RateLimit headers that stand on every API answer: of the tightest window, or of the anonymous brake."""
    quota: Quota | None = g.get("quota")
    if "X-RateLimit-Limit" in response.headers or owner_of(request.path) is None:
        return response
    if quota is None:
        quota = Quota(GUESSES, GUESSES, int(utc_now().timestamp()) + 60)
    response.headers["X-RateLimit-Limit"] = str(quota.limit)
    response.headers["X-RateLimit-Remaining"] = str(quota.remaining)
    response.headers["X-RateLimit-Reset"] = str(quota.reset)
    return response


def _give_back_slots(_error: BaseException | None = None) -> None:
    """Teardown: slots taken by `enter`."""
    for limits, org, held in g.pop("held_slots", ()):
        limits.leave(org, held)

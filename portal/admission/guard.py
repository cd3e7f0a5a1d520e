"""`@admit(scope)`: the one way into an API view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Request, current_app, g, request
from werkzeug.wrappers import Response

from portal.admission import idempotency, wallet
from portal.admission.caller import Caller, Guest, KeyBook, Pass, Quota, Refusal
from portal.admission.keyring import GUESSES, Keyring
from portal.admission.limits import Limits, RedisLimits
from portal.admission.local_limits import LocalLimits
from portal.admission.order import Attempt, credentials_in, decide
from portal.admission.visitor import Visit, decide_visit
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.web.errors import answer_problem, owner_of
from portal.web.headers import promise
from portal.web.metrics import admission_count
from portal.web.problems import Problem
from portal.web.transaction import SAFE_METHODS, PortalApp

HEADERS = ("X-API-Key",)


class Gate:
    """Admission as one application uses it: the keyring and the limits of this process."""

    def __init__(self, book: KeyBook, limits: Limits) -> None:
        self.keyring = Keyring(book)
        self.limits = limits


def init_app(app: PortalApp, book: KeyBook) -> None:
    """Give the application its gate. `book` is what the keys room knows."""
    settings = app.config["SETTINGS"]
    limits: Limits = (
        LocalLimits()
        if settings.limits_in_memory
        else RedisLimits(settings.redis_url, settings.lease_seconds, settings.web_processes)
    )
    app.extensions["gate"] = Gate(book, limits)
    app.after_request(_rate_headers)
    app.after_call.append(_rate_headers)
    app.teardown_request(_give_back_slots)
    app.end_of_call.append(_give_back_slots)


def admit(
    scope: str | None, *, headers: tuple[str, ...] = HEADERS, signed: bool = False, public: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """View decorator: the view gets its `Caller` first. None asks for any valid key; `{sport}` is filled from the route.

    `signed` also lets a wallet's signature in, `public` also lets in who shows no credential: the view then gets a
    `Guest`, and has to ask itself what that guest may do. A refusal is worded by the contract that owns the path; it
    never reaches the view. A POST with an Idempotency-Key runs once.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            gate: Gate = current_app.extensions["gate"]
            if signed or public:
                answer = _visit(gate, signed, public)
                if isinstance(answer, Guest):
                    return _run(view, answer, answer.wallet.lower() or answer.address, arguments)
                if answer is not None:
                    return _refused(answer)
            attempt = _attempt(gate, scope, arguments.get("sport"), headers)
            refusal = _decided(gate, attempt)
            if refusal is not None:
                return _refused(refusal)
            held = attempt.held
            assert held is not None
            try:
                caller = Caller(attempt.record, g.address)
                return _run(view, caller, attempt.record.key_uid, arguments)
            finally:
                gate.limits.leave(attempt.record.org_uid, held)

        guarded.required_scope = scope or "any key"  # type: ignore[attr-defined]
        guarded.lets_in = (signed, public)  # type: ignore[attr-defined]
        return guarded

    return decorate


def enter(scope: str | None) -> Caller | Refusal:
    """The same decision inside a view that also serves people; the slot is given back when the request ends."""
    gate: Gate = current_app.extensions["gate"]
    attempt = _attempt(gate, scope, None, HEADERS)
    refusal = _decided(gate, attempt)
    if refusal is not None:
        return refusal
    assert attempt.held is not None
    _hold(gate, attempt.record.org_uid, attempt.held)
    return Caller(attempt.record, g.address)


def _run(view: Callable[..., Any], who: Caller | Guest, owner: str, arguments: dict[str, Any]) -> Any:
    if request.method != "POST" or not (key := idempotency.wanted()):
        return view(who, **arguments)
    return idempotency.once(owner, key, lambda: view(who, **arguments))


def _decided(gate: Gate, attempt: Attempt) -> Refusal | None:
    refusal = decide(attempt)
    _note(gate, attempt, refusal)
    if refusal is None and attempt.held is not None:
        g.quota = attempt.held.quota
    return refusal


def _visit(gate: Gate, signed: bool, public: bool) -> Guest | Refusal | None:
    """The guest or the refusal of a call without a key; None where a key is shown and the usual order decides."""
    carries_key = bool(credentials_in(request.headers, HEADERS))
    carries_signature = wallet.signed_in_headers(request.headers)
    if (carries_key and not carries_signature) or not (carries_signature or public):
        return None
    visit = Visit(request.headers, g.client, carries_key, signed, request.method not in SAFE_METHODS, gate)
    answer = decide_visit(visit)
    admission_count(answer.reason if isinstance(answer, Refusal) else "ok").inc()
    if isinstance(answer, Refusal):
        return answer
    held, proof = answer
    _hold(gate, visit.bucket, held)
    g.quota = held.quota
    if proof is not None and visit.writes:
        wallet.spend(db.session(), proof)
    return Guest(proof.wallet if proof else "", g.address)


def _hold(gate: Gate, bucket: str, held: Pass) -> None:
    g.setdefault("held_slots", []).append((gate.limits, bucket, held))


def _attempt(gate: Gate, scope: str | None, sport: str | None, headers: tuple[str, ...]) -> Attempt:
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # each look through the proxy takes its time
    if scope is not None and sport is not None:
        scope = scope.replace("{sport}", sport)
    return Attempt(
        credentials=credentials_in(asked.headers, headers),
        address=g.client,
        scope=scope,
        writes=asked.method not in SAFE_METHODS,
        sport=sport,
        keyring=gate.keyring,
        limits=gate.limits,
    )


def _note(gate: Gate, attempt: Attempt, refusal: Refusal | None) -> None:
    outcome = refusal.reason if refusal else "ok"
    admission_count(outcome).inc()
    if attempt.key is not None:
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        agent = asked.environ.get("HTTP_USER_AGENT", "")
        route = f"{asked.method} {asked.path}"
        detail = refusal.message if refusal else ""
        gate.keyring.book.note(attempt.key, g.address, route, outcome, detail, agent)


def _refused(refusal: Refusal) -> Response:
    if refusal.quota is not None:
        g.quota = refusal.quota
    return answer_problem(Problem(refusal.reason, refusal.message, retry_after=refusal.retry_after))


def _rate_headers(response: Any) -> Any:
    """The three X-RateLimit headers that stand on every API answer: of the tightest window, or of the anonymous brake."""
    quota: Quota | None = g.get("quota")
    if quota is None:
        if owner_of(request.path) is None:
            return response
        quota = Quota(GUESSES, GUESSES, int(utc_now().timestamp()) + 60)
    promise(
        ("X-RateLimit-Limit", str(quota.limit)),
        ("X-RateLimit-Remaining", str(quota.remaining)),
        ("X-RateLimit-Reset", str(quota.reset)),
    )
    return response


def _give_back_slots(_error: BaseException | None = None) -> None:
    """Teardown: slots taken by `enter` and by guests."""
    for limits, bucket, held in g.pop("held_slots", ()):
        limits.leave(bucket, held)

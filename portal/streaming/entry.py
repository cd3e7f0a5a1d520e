"""The handshake of a WebSocket: the same questions as at every call of the feed, less those about rates."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from portal.admission.caller import Refusal
from portal.admission.guard import HEADERS, Gate
from portal.admission.order import AT_THE_START, WHILE_IT_STANDS, Attempt, credentials_in, decide
from portal.config import Settings
from portal.contracts.feed.answers import ANSWERS
from portal.kernel.errors import Invalid, PortalError
from portal.streaming.frames import STREAMS
from portal.web.client_ip import Address, address_behind
from portal.web.metrics import admission_count
from portal.web.problems import Problem

Scope = Mapping[str, Any]  # of ASGI
MOST_PARAMETERS = 20
# What may go wrong before a connection stands and has an answer of its own; afterwards nothing is read for it.
AT_THE_DOOR = (PortalError, OperationalError, PoolTimeout)


def enter(app: Flask, scope: Scope, sport: str) -> Attempt | Refusal:
    """The attempt with the key that was let in, or why not. Asks the database; counts the call for the key's page.
    Raises Invalid for a query that is not one."""
    gate: Gate = app.extensions["gate"]
    headers = headers_of(scope)
    asked = asked_for(scope, "api_key")
    attempt = Attempt(
        credentials=(*credentials_in(headers, HEADERS), *(key.strip() for key in asked if key.strip())),
        address=address_of(app.config["SETTINGS"], scope),
        scope=None,
        writes=False,
        sport=sport,
        keyring=gate.keyring,
        limits=gate.limits,
    )
    refusal = decide(attempt, AT_THE_START) or _without_stream(attempt, sport) or _revoked_meanwhile(gate, attempt)
    _note(gate, attempt, refusal, f"WebSocket {scope['path']}", headers.get("User-Agent", ""))
    return attempt if refusal is None else _worded(refusal)


def scopes_of(attempt: Attempt) -> frozenset[str]:
    """The key's scopes for the sport, less its name."""
    prefix = f"{attempt.sport}:"
    return frozenset(scope.removeprefix(prefix) for scope in attempt.record.scopes if scope.startswith(prefix))


def word(app: Flask, scope: Scope, problem: Problem) -> Response:
    """The answer to a handshake that fails, in the words and the type of the feed's contract."""
    accept = headers_of(scope).get("Accept", "")
    with app.test_request_context(scope["path"], headers={"Accept": accept} if accept else {}):
        response = ANSWERS.word(problem, scope["path"])
        if problem.retry_after:
            response.headers["Retry-After"] = str(problem.retry_after)
        return response


def asked_for(scope: Scope, name: str) -> list[str]:
    """What the query says under `name`. Raises Invalid where it says far too much."""
    try:
        return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=MOST_PARAMETERS).get(name, [])
    except ValueError:
        sentence = f"The query has more than {MOST_PARAMETERS} parameters. Send {name} alone."
        raise Invalid(name, sentence) from None


def headers_of(scope: Scope) -> Headers:
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])


def address_of(settings: Settings, scope: Scope) -> Address | None:
    """Whose connection it is; None when that cannot be known."""
    return address_behind(settings.proxy_hops, peer_of(scope), headers_of(scope).getlist("X-Forwarded-For"))


def peer_of(scope: Scope) -> str:
    """The address at the other end of the line, "" where there is none."""
    client = scope.get("client")
    return client[0] if client else ""


def _without_stream(attempt: Attempt, sport: str) -> Refusal | None:
    return None if scopes_of(attempt).intersection(STREAMS) else Refusal("scope", f"{sport}:{STREAMS[0]}")


def _revoked_meanwhile(gate: Gate, attempt: Attempt) -> Refusal | None:
    """What the process remembers may be almost a second old, and the look after this one comes later still: asked afresh."""
    attempt.key = gate.keyring.book.find(attempt.key_digest) or attempt.key
    return decide(attempt, WHILE_IT_STANDS)


def _worded(refusal: Refusal) -> Refusal:
    if refusal.reason != "missing_credential":
        return refusal
    return Refusal(refusal.reason, "Send an API key as `?api_key=…`, or as `X-API-Key` where your client can set headers.")


def _note(gate: Gate, attempt: Attempt, refusal: Refusal | None, route: str, agent: str) -> None:
    outcome, detail = (refusal.reason, refusal.message) if refusal else ("ok", "")
    admission_count(outcome).inc()
    if attempt.key is not None:
        gate.keyring.book.note(attempt.key, str(attempt.address or ""), route, outcome, detail, agent)

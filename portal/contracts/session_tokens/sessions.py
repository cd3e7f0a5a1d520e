"""The session half: create needs a key; validate and consume need only the token, and are limited by address and token."""

from flask import g, request
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.audit.service import Actor
from portal.contracts.session_tokens.answers import answer
from portal.contracts.session_tokens.bodies import ConsumeSession, CreateSession, only_in_query
from portal.contracts.session_tokens.shapes import ByToken, ConsumedSession, CreatedSession, ValidSession
from portal.kernel.clock import iso
from portal.kernel.crypto import digest
from portal.kernel.db import db
from portal.kernel.errors import Invalid, PortalError
from portal.kernel.ids import parse_uid
from portal.session_tokens import opening
from portal.session_tokens.service import DEFAULT_MINUTES, Reach, create_session
from portal.web.body import read_json
from portal.web.describe import describe

# Limits of what needs no key. A token has 122 random bits, so these do not guard against guessing but against being kept busy.
PER_ADDRESS, PER_TOKEN = "6000 per minute", "300 per minute"


@admit("sessions:create")
@describe("Create a session link", "Sessions", body=CreateSession, data=CreatedSession)
def create(caller: Caller) -> Response:
    """A link that opens a game or a stream once. The token is in this answer and nowhere else."""
    only_in_query("action")
    body = read_json(CreateSession)
    created = create_session(
        db.session(),
        caller.org_id,
        actor_of(caller),
        game_id=body.game_id,
        stream_id=body.stream_id,
        external_ref=body.external_ref,
        metadata=body.metadata,
        minutes=DEFAULT_MINUTES if body.expires_in_minutes is None else body.expires_in_minutes,
        reach=Reach(caller.key.key_id, caller.key.games, caller.key.streams),
    )
    return answer(
        {
            "token": created.token,
            "stream_id": created.stream_id,
            "game_id": created.game_id,
            "expires_at": iso(created.expires_at),
            "external_ref": created.external_ref,
        }
    )


@describe("Check a token", "Sessions", query=ByToken, data=ValidSession, errors=(410,))
def validate() -> Response:
    """Is the link still good? Asking uses nothing up."""
    link = opening.peek_active(db.session(), _presented().token)
    return answer(
        {
            "valid": True,
            "status": "active",
            "stream_id": link.stream_id,
            "game_id": link.game_id,
            "expires_at": iso(link.expires_at),
            "external_ref": link.external_ref,
            "metadata": link.details,
        }
    )


@describe("Use a token up", "Sessions", body=ConsumeSession, data=ConsumedSession, errors=(410,))
def consume() -> Response:
    """Once, whoever asks. With an Idempotency-Key a lost answer can be asked for again for ten minutes."""
    body = _presented()
    consumed = opening.consume(
        db.session(),
        body.token,
        body.player_uuid,
        attempt=request.headers.get("Idempotency-Key", "")[:255],
        address=g.address,
        request_id=g.request_id,
    )
    return answer(
        {
            "session_id": consumed.session_id,
            "org_id": consumed.org_id,
            "stream_id": consumed.stream_id,
            "game_id": consumed.game_id,
            "external_ref": consumed.external_ref,
            "metadata": consumed.metadata,
        }
    )


def needs_key() -> bool:
    """True for the calls that admission limits, so that the limits below are for the others."""
    return request.args.get("action") not in ("validate-session", "consume-session")


def token_key() -> str:
    """Whom the limit by token counts. It may not raise, or Flask-Limiter would take its storage for dead."""
    try:
        return digest(_presented().token).hex()
    except PortalError:
        return "unreadable"


def _presented() -> ConsumeSession:
    """The token that this request presents and the player who does; read once. Raises Invalid, TooLarge."""
    if "presented" not in g:
        try:
            g.presented = _read_token()
        except PortalError as error:
            g.presented = error
    if isinstance(g.presented, PortalError):
        raise g.presented
    found: ConsumeSession = g.presented
    return found


def _read_token() -> ConsumeSession:
    if request.method == "POST":
        only_in_query("action")
        body = read_json(ConsumeSession)
    else:
        only_in_query("action", "token")
        if "token" not in request.args:
            raise Invalid("token", "token is missing. Send it in the query.")
        body = ConsumeSession(token=request.args["token"], player_uuid=None)
    body.token = parse_uid("token", body.token)
    return body


def actor_of(caller: Caller) -> Actor:
    """Who acts when a key calls."""
    return Actor("key", caller.key.key_uid, caller.key.label, caller.address, g.request_id)

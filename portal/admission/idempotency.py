"""`Idempotency-Key`: a POST that is sent again gets the first answer and has no second effect.

The answer is kept for 24 hours in the transaction of the effect, so that there is never one without the other. It is
sealed, because some answers hold a secret that is shown once. Only answers below 400 are kept: a refusal changed nothing.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, request
from sqlalchemy import LargeBinary, String, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.config import Settings
from portal.kernel.clock import utc_now
from portal.kernel.crypto import Master, digest, seal, unseal
from portal.kernel.db import BigKey, Model, UTCDateTime, db
from portal.kernel.errors import Conflict, Fault, Invalid, Unprocessable

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
_LONGEST = 255
RUNNING = "A request with this Idempotency-Key is still running. Wait for its answer, or send the same again shortly."


class KeptAnswer(Model):
    __tablename__ = "kept_answers"
    __table_args__ = (UniqueConstraint("owner", "key_digest", info={"says": RUNNING}),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    key_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int]
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)


def wanted() -> str:
    """The request's Idempotency-Key, "" where there is none or the method is not POST. Raises Invalid when malformed."""
    text = request.headers.get(HEADER, "") if request.method == "POST" else ""
    if text and (len(text) > _LONGEST or not text.isascii() or not text.isprintable()):
        raise Invalid(HEADER, f"{HEADER} must be 1 to {_LONGEST} printable ASCII characters, such as a UUID.")
    return text


def once(owner: str, key: str, view: Callable[[], Any]) -> Response:
    """The answer of `view`, or the one kept for the same `owner` and key.

    Raises Unprocessable when the key came with another request before, Conflict while the first is still running.
    """
    session, asked = db.session(), _asked()
    mark = digest(key)
    _hold(session, owner, mark)
    kept = session.scalar(select(KeptAnswer).where(KeptAnswer.owner == owner, KeptAnswer.key_digest == mark))
    if kept is not None and kept.created_at > utc_now() - KEPT:
        return _again(kept, asked)
    if kept is not None:
        session.delete(kept)
        session.flush()
    response: Response = current_app.make_response(view())
    if response.status_code < 400:
        body = seal(_master(), response.get_data(), bound_to(owner, mark))
        row = {"owner": owner, "key_digest": mark, "request_digest": asked, "status": response.status_code}
        session.add(KeptAnswer(**row, sealed_body=body))
        session.flush()
    return response


def prune(session: Session, before: datetime) -> None:
    """Forget answers kept since before `before`."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < before))


def _hold(session: Session, owner: str, mark: bytes) -> None:
    """One request with this key at a time. SQLite has one writer anyway: the second waits and finds the first's answer."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(owner.encode() + mark).digest()[:8], signed=True)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(number))):
            raise Conflict(RUNNING)


def _again(kept: KeptAnswer, asked: bytes) -> Response:
    if kept.request_digest != asked:
        raise Unprocessable(HEADER, f"This {HEADER} came with another request before. Use a new one for a new request.")
    try:
        body = unseal(_master(), kept.sealed_body, bound_to(kept.owner, kept.key_digest))
    except Fault:
        raise Conflict(
            f"This {HEADER} was used, and its answer cannot be shown again. See whether its effect is there."
        ) from None
    response = Response(body, status=kept.status, mimetype="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _asked() -> bytes:
    """What was asked for: path, query and body."""
    return hashlib.sha256(b"\n".join((request.full_path.encode(), request.get_data(cache=True)))).digest()


def bound_to(owner: str, mark: bytes) -> str:
    return f"kept_answers:{owner}:{mark.hex()}"


def _master() -> Master:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.master

"""The player's side of a link: looking at it, noting that it was seen, and using it once."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import database_now
from portal.kernel.errors import Gone, Invalid
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.session_tokens.model import SessionToken, usable
from portal.session_tokens.service import described, links

GONE = "Session is invalid, already consumed, or expired"
# How long the answer to a consuming request may be asked for again by the one who made it.
REPEATABLE = timedelta(minutes=10)
LONGEST_PLAYER = 64


@dataclass(frozen=True, slots=True)
class Consumed:
    """What the consumer is told. `repeated`: this very request was answered before."""

    session_id: int
    org_id: int
    game_id: int | None
    stream_id: int | None
    external_ref: str | None
    metadata: dict[str, Any] | None
    player_uuid: str | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A link as its landing page needs it; `state` as `SessionToken.state` names it, or `closed`."""

    link: SessionToken
    organization: Organization
    state: str


def canonical(token: str) -> str:
    """The printed form that was issued; raises Gone for text that is no UUID, as for one that nobody issued."""
    try:
        printed = str(uuid.UUID(token))
    except ValueError:
        printed = ""
    if not printed or printed != token.lower():
        raise Gone(GONE)
    return printed


def peek(session: Session, token: str, clock: Clock = utc_now) -> Seen:
    """The link behind `token`, whatever its state. Changes nothing. Raises Gone when there is none."""
    query = select(SessionToken, Organization, _closed()).join(Organization, SessionToken.org_id == Organization.id)
    row = session.execute(query.where(SessionToken.digest == digest(canonical(token)))).first()
    if row is None:
        raise Gone(GONE)
    link, organization, closed = row
    return Seen(link, organization, "closed" if closed else link.state(clock()))


def peek_active(session: Session, token: str, clock: Clock = utc_now) -> SessionToken:
    """The link if it would open now; raises Gone in the one sentence for every other."""
    seen = peek(session, token, clock)
    if seen.state != "active":
        raise Gone(GONE)
    return seen.link


def note_preview(session: Session, link_id: int, clock: Clock = utc_now) -> None:
    """A program looked at the link: a mail scanner, a preview, a prefetch. Only the first time is kept."""
    _note(session, link_id, links.c.previewed_at, clock)


def note_open(session: Session, link_id: int, clock: Clock = utc_now) -> None:
    """A person's browser showed the link. Only the first time is kept."""
    _note(session, link_id, links.c.opened_at, clock)


def consume(
    session: Session,
    token: str,
    player_uuid: str | None = None,
    *,
    attempt: str = "",
    address: str = "",
    request_id: str = "",
    clock: Clock = utc_now,
) -> Consumed:
    """Use the link up: one conditional UPDATE decides, so that of any number of callers exactly one wins.

    `attempt` is a text of the caller's choosing that nobody else knows (an idempotency key, a form's nonce): asked again
    with the same one within ten minutes, the same answer is given. Raises Gone in one sentence for everything else:
    unknown, used, revoked, expired, not yet, organization switched off. Raises Invalid for an unprintable `player_uuid`;
    its form is free, as the sample of session-tokens.txt ("player-uuid-here") is no UUID.
    """
    if player_uuid is not None and not (player_uuid.isprintable() and 0 < len(player_uuid) <= LONGEST_PLAYER):
        raise Invalid("player_uuid", f"player_uuid must be printable text of 1 to {LONGEST_PLAYER} characters, such as a UUID.")
    mark = digest(attempt) if attempt else None
    found = digest(canonical(token))
    asked = {"asked": found, "at": clock(), "player": player_uuid, "mark": mark}
    row = session.connection().execute(_CONSUME, asked).mappings().first()
    if row is None:
        return _answered_before(session, found, mark, clock())
    consumed = _told(row)
    _tell(session, consumed, Actor("player", player_uuid or str(row["id"]), _label(row), address, request_id))
    return consumed


def _answered_before(session: Session, found: bytes, mark: bytes | None, now: datetime) -> Consumed:
    """The answer was lost, or the button was pressed twice."""
    if mark is not None:
        fresh = links.c.consumed_at > now - REPEATABLE
        query = select(*_TOLD).where(links.c.digest == found, links.c.attempt == mark, fresh, ~_closed())
        row = session.execute(query).mappings().first()
        if row is not None:
            return _told(row, repeated=True)
    raise Gone(GONE)


def _tell(session: Session, consumed: Consumed, actor: Actor) -> None:
    row = {name: getattr(consumed, name) for name in ("game_id", "stream_id", "external_ref")}
    facts = described(consumed.session_id, row) | {"player_uuid": consumed.player_uuid}
    subject = ("session", consumed.session_id, consumed.external_ref or f"#{consumed.session_id}")
    record(session, consumed.org_id, actor, "session.consumed", subject, after=facts)
    emit(session, consumed.org_id, "session.consumed", consumed.session_id, facts)


def _told(row: Any, repeated: bool = False) -> Consumed:
    return Consumed(
        session_id=row["id"],
        org_id=row["org_id"],
        game_id=row["game_id"],
        stream_id=row["stream_id"],
        external_ref=row["external_ref"],
        metadata=row["metadata"],
        player_uuid=row["player_uuid"],
        repeated=repeated,
    )


def _label(row: Any) -> str:
    return row["external_ref"] or row["player_uuid"] or f"player of link #{row['id']}"


def _note(session: Session, link_id: int, column: Any, clock: Clock) -> None:
    session.execute(update(links).where(links.c.id == link_id, column.is_(None)).values({column: clock()}))


def _closed() -> Any:
    """The link's organization, or the operator above it, is switched off."""
    own, above = aliased(Organization), aliased(Organization)
    off = or_(own.disabled_at.is_not(None), above.disabled_at.is_not(None))
    query = select(own.id).outerjoin(above, own.parent_id == above.id).where(own.id == links.c.org_id, off)
    return query.correlate(links).exists()


_TOLD = tuple(links.c[name] for name in ("id", "org_id", "game_id", "stream_id", "external_ref", "metadata", "player_uuid"))
# Built once: building it anew, with the look at the organization, would cost more than the database does.
_CONSUME = (
    update(links)
    .where(links.c.digest == bindparam("asked"), usable(database_now()), ~_closed())
    .values(consumed_at=bindparam("at"), player_uuid=bindparam("player"), attempt=bindparam("mark"))
    .returning(*_TOLD)
)

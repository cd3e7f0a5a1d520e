"""Many links from one upload. The batch's row is the truth: any worker may take it up where another left it.

A chunk of links and the batch's progress are one transaction, fenced by the lease, so a row is made once whatever dies.
The tokens are derived from a random seed and the row's position; a second attempt at a row would make the same token,
which the unique digest refuses. So the CSV of links needs no store of tokens: while the seed is there it is written anew.
"""

import hashlib
import hmac
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, or_, select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import Master, seal, unseal
from portal.kernel.db import database_now
from portal.kernel.errors import Conflict, Gone, Invalid
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.session_tokens.model import SessionBatch
from portal.session_tokens.rows import Row
from portal.session_tokens.service import check_target, described, expiry, fingerprint, links

CHUNK = 250
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5
KEPT = timedelta(hours=24)
# After the first download, so that one that broke off can be repeated.
KEPT_AFTER_FETCH = timedelta(minutes=10)

batches = cast(Table, SessionBatch.__table__)


def start_batch(
    session: Session,
    org: Organization,
    actor: Actor,
    master: Master,
    rows: list[Row],
    *,
    game_id: int | None = None,
    stream_id: int | None = None,
    minutes: int,
    not_before: datetime | None = None,
    uid: str = "",
    clock: Clock = utc_now,
) -> SessionBatch:
    """Write down the work; a worker does it. All its links expire at one moment. Raises Invalid naming the field.

    `uid` names the upload: the same one again gives the batch that it made.
    """
    uid, now = uid or new_uid(), clock()
    if known := _known(session, org, uid):
        return known
    check_target(session, org.id, game_id, stream_id)
    batch = SessionBatch(
        uid=uid,
        org_id=org.id,
        game_id=game_id,
        stream_id=stream_id,
        not_before=not_before,
        expires_at=expiry(minutes, not_before, now),
        actor=asdict(actor),
        total=len(rows),
        rows=[list(row) for row in rows],
        seed=seal(master, os.urandom(32), bound_to(uid)),
        created_at=now,
    )
    session.add(batch)
    session.flush()
    facts = {"links": batch.total, "game_id": game_id, "stream_id": stream_id}
    record(session, org.id, actor, "session_batch.created", _subject(batch), after=facts)
    return batch


def claim(session: Session, batch_id: int, clock: Clock = utc_now) -> str | None:
    """Take the batch for LEASE; the lease's token, or None when it is done, held by another, or given up."""
    free = or_(batches.c.lease_until.is_(None), batches.c.lease_until < database_now())
    open_states = batches.c.state.in_(("waiting", "running"))
    token = new_uid()
    change = (
        update(batches)
        .where(batches.c.id == batch_id, open_states, free, batches.c.attempts < MOST_ATTEMPTS)
        .values(state="running", lease_token=token, lease_until=clock() + LEASE, attempts=batches.c.attempts + 1)
    )
    return token if session.execute(change).rowcount else None  # type: ignore[attr-defined]


def do_chunk(session: Session, master: Master, batch_id: int, lease: str, clock: Clock = utc_now) -> bool:
    """Make the next links of a claimed batch; True while there are more. Raises Conflict when the lease was lost."""
    batch = session.get_one(SessionBatch, batch_id, populate_existing=True)
    start, end = batch.done, min(batch.done + CHUNK, batch.total)
    finished = end == batch.total
    now = clock()
    change = (
        update(batches)
        .where(batches.c.id == batch_id, batches.c.lease_token == lease, batches.c.done == start)
        .values(
            done=end,
            attempts=0,
            lease_until=None if finished else now + LEASE,
            state="done" if finished else "running",
            finished_at=now if finished else None,
        )
    )
    if not session.execute(change).rowcount:  # type: ignore[attr-defined]
        raise Conflict("Another worker has taken this batch over.")
    _make_links(session, batch, unseal(master, batch.seed or b"", bound_to(batch.uid)), start, end, now)
    session.expire(batch)
    return not finished


def give_up_stuck(session: Session, clock: Clock = utc_now) -> int:
    """Batches whose workers died MOST_ATTEMPTS times in a row without a step forward are failed, and say so."""
    free = or_(batches.c.lease_until.is_(None), batches.c.lease_until < database_now())
    stuck = batches.c.state.in_(("waiting", "running")) & (batches.c.attempts >= MOST_ATTEMPTS) & free
    return session.execute(update(batches).where(stuck).values(state="failed", finished_at=clock())).rowcount  # type: ignore[attr-defined]


def due_batches(session: Session) -> list[int]:
    """Batches that nobody works on, oldest first."""
    free = or_(batches.c.lease_until.is_(None), batches.c.lease_until < database_now())
    query = select(batches.c.id).where(batches.c.state.in_(("waiting", "running")), free).order_by(batches.c.id)
    return list(session.scalars(query.limit(20)))


def tokens_of(batch: SessionBatch, master: Master) -> Iterator[tuple[str, Row]]:
    """(token, row) of every link made, in the list's order. Raises Gone when the seed has been erased."""
    if batch.seed is None or batch.rows is None:
        raise Gone("The links of this batch can no longer be shown. Make new ones for players who have none.")
    seed = unseal(master, batch.seed, bound_to(batch.uid))
    return ((_token(seed, number), tuple(row)) for number, row in enumerate(batch.rows[: batch.done]))


def note_fetched(session: Session, batch: SessionBatch, actor: Actor, clock: Clock = utc_now) -> None:
    """The CSV of links was downloaded: it can be fetched again for ten minutes, if no more links are to come."""
    if batch.fetched_at is None:
        over = batches.c.finished_at.is_not(None)
        session.execute(update(batches).where(batches.c.id == batch.id, over).values(fetched_at=clock()))
        record(session, batch.org_id, actor, "session_batch.downloaded", _subject(batch))


def erase_old(session: Session, clock: Clock = utc_now) -> int:
    """Forget seeds and uploaded rows ten minutes after the download, or a day after the end of the work."""
    now = clock()
    old = or_(batches.c.fetched_at < now - KEPT_AFTER_FETCH, batches.c.finished_at < now - KEPT)
    query = select(batches.c.id).where(batches.c.seed.is_not(None), old)
    change = update(SessionBatch).where(SessionBatch.id.in_(query)).values(seed=None, rows=None)
    return session.execute(change, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]


def _known(session: Session, org: Organization, uid: str) -> SessionBatch | None:
    """What this upload made before. Raises Invalid where the name is somebody else's."""
    known = session.scalar(select(SessionBatch).where(SessionBatch.uid == uid))
    if known is not None and known.org_id != org.id:
        raise Invalid("attempt", "This form was opened elsewhere. Reload the page and send it again.")
    return known


def _subject(batch: SessionBatch) -> tuple[str, object, str]:
    return "session_batch", batch.uid, f"{batch.total:,} links"


def _make_links(session: Session, batch: SessionBatch, seed: bytes, start: int, end: int, now: datetime) -> None:
    actor = Actor(**batch.actor)
    shared = {
        "org_id": batch.org_id,
        "batch_id": batch.id,
        "game_id": batch.game_id,
        "stream_id": batch.stream_id,
        "created_by": actor.label[:200],
        "created_at": now,
        "not_before": batch.not_before,
        "expires_at": batch.expires_at,
    }
    made: list[dict[str, Any]] = []
    for number, (reference, metadata) in enumerate((batch.rows or [])[start:end], start):
        made.append({**shared, **fingerprint(_token(seed, number)), "external_ref": reference, "metadata": metadata})
    query = insert(links).returning(links.c.id, links.c.external_ref, sort_by_parameter_order=True)
    for number, row in zip(session.execute(query, made).scalars(), made, strict=True):
        emit(session, batch.org_id, "session.created", number, described(number, row))


def _token(seed: bytes, number: int) -> str:
    """A version 4 UUID whose 122 free bits are HMAC-SHA256(seed, position): as random as the seed to whoever lacks it."""
    return str(uuid.UUID(bytes=hmac.new(seed, number.to_bytes(4), hashlib.sha256).digest()[:16], version=4))


def bound_to(uid: str) -> str:
    return f"session_batches:{uid}"

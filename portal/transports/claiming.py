"""Handing out transports that have something to do, under a lease, and writing down what came of it.

Not messages but whole transports are leased: one worker at a time sends over one of them, in its order, and a worker that
dies leaves it to the next when the lease ends. What was sent but not written down is sent again with the same id.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.kernel.crypto import Master, same
from portal.kernel.db import clock_of
from portal.kernel.errors import Fault
from portal.kernel.ids import new_uid
from portal.kernel.log import log
from portal.transports.composing import Letter, letters_of
from portal.transports.model import Transport, TransportMessage
from portal.transports.secrets import opened
from portal.transports.xml_messages import ALIVE_SECONDS

LEASE = timedelta(seconds=30)  # twice the longest turn
MESSAGES_AT_ONCE = 100
TRIES = 5  # of one message that is refused while the transport itself works
LONGEST_REST = 60.0
GAP = timedelta(seconds=3 * ALIVE_SECONDS)
_ALIVE = timedelta(seconds=ALIVE_SECONDS)

_messages = cast(Table, TransportMessage.__table__)
_WRITE = (
    update(_messages)
    .where(_messages.c.id == bindparam("number"), _messages.c.state == "pending")
    .values({name: bindparam(f"new_{name}") for name in ("state", "tries", "note", "last_try_at", "done_at")})
)
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Turn:
    """One transport to be served under a lease, as it was `at` that moment of the database's clock."""

    transport: Transport
    secret: Mapping[str, str]
    lease: str
    at: datetime
    letters: Sequence[Letter]
    alive: bool = False
    gap: bool = False
    broken: str = ""  # why nothing can be sent at all


@dataclass
class Outcome:
    """What came of a turn. `sent` maps messages to a remark ("" mostly), `refused` to the broker's reason; the rest was not
    tried. `trouble` is what stopped the transport itself."""

    sent: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    alive: bool = False
    trouble: str = ""


def claim(session: Session, most: int, master: Master, base_url: str, busy: Collection[int] = ()) -> list[Turn]:
    """Lease at most `most` transports to the caller, those longest due first; not those that it is still `busy` with."""
    now = clock_of(session)
    free = or_(Transport.lease_until.is_(None), Transport.lease_until <= now)
    due = Transport.due_at <= now, free, _has_work(), Transport.id.not_in(busy)
    held = select(Transport).where(*due).order_by(Transport.due_at, Transport.id).limit(most)
    transports = session.scalars(held.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()
    turns = [_turn(session, transport, now, master, base_url) for transport in transports]
    session.flush()
    session.expunge_all()
    return turns


def write_down(session: Session, turn: Turn, outcome: Outcome) -> bool:
    """Record the turn and say when the next one is due; False where the lease was lost and nothing is this worker's to say."""
    mine = Transport.id == turn.transport.id, Transport.lease_token == turn.lease
    held = select(Transport).where(*mine).with_for_update(key_share=True).execution_options(populate_existing=True)
    transport = session.scalar(held)
    if transport is None:
        return False
    now = clock_of(session)
    _write_messages(session, turn, outcome, now)
    _note_health(transport, turn, outcome, now)
    transport.lease_token = transport.lease_until = None
    transport.due_at = _next_due(session, transport, now)
    return True


def _has_work() -> ColumnElement[bool]:
    serving = (Transport.status == "enabled") & (Transport.setup == "ready") & Transport.deleted_at.is_(None)
    return serving | Transport.setup.in_(("wanted", "removal"))


def _turn(session: Session, transport: Transport, now: datetime, master: Master, base_url: str) -> Turn:
    lease = new_uid()
    transport.lease_token, transport.lease_until = lease, now + LEASE
    try:
        secret, broken = opened(master, transport), ""
    except Fault:
        secret, broken = {}, "What was sealed does not open: the installation's secret key is another one."
    if broken or transport.status != "enabled" or transport.setup == "removal":
        return Turn(transport, secret, lease, now, [], broken=broken)
    waiting = TransportMessage.transport_id == transport.id, TransportMessage.state == "pending"
    rows = session.scalars(
        select(TransportMessage).where(*waiting).order_by(TransportMessage.sequence).limit(MESSAGES_AT_ONCE)
    ).all()
    try:
        letters = letters_of(session, transport, rows, now, base_url)
    except SQLAlchemyError:
        raise
    except Exception as error:  # one feed that cannot be composed must not stop those of everybody else
        log.error("messages of a transport could not be composed", transport=transport.uid, exc_info=error)
        return Turn(
            transport, secret, lease, now, [], broken="A message could not be composed. Whoever runs this finds it in the log."
        )
    alive = transport.kind == "amqp" and (transport.alive_at is None or transport.alive_at <= now - _ALIVE)
    gap = transport.alive_at is not None and transport.alive_at < now - GAP
    return Turn(transport, secret, lease, now, letters, alive, gap)


def _write_messages(session: Session, turn: Turn, outcome: Outcome, now: datetime) -> None:
    ids = [letter.id for letter in turn.letters]
    tries = dict(session.execute(select(_messages.c.id, _messages.c.tries).where(_messages.c.id.in_(ids))).all())
    skipped = {letter.id for letter in turn.letters if not letter.publishes and letter.entry is None}
    changes = []
    for number in ids:
        if number in outcome.sent:
            state, note = "skipped" if number in skipped else "sent", outcome.sent[number]
        elif number in outcome.refused:
            state, note = "failed" if tries[number] + 1 >= TRIES else "pending", outcome.refused[number]
        elif outcome.trouble:
            state, note = "pending", outcome.trouble
        else:
            continue
        counted = number in outcome.sent or number in outcome.refused
        changes.append(_change(number, state, tries[number] + counted, note, now))
    if changes:
        session.connection().execute(_WRITE, changes)


def _change(number: int, state: str, tries: int, note: str, now: datetime) -> dict[str, Any]:
    done = None if state == "pending" else now
    return {
        "number": number,
        "new_state": state,
        "new_tries": tries,
        "new_note": note[:300],
        "new_last_try_at": now,
        "new_done_at": done,
    }


def _note_health(transport: Transport, turn: Turn, outcome: Outcome, now: datetime) -> None:
    trouble = outcome.trouble or next(iter(outcome.refused.values()), "")
    if trouble:
        transport.failures += 1
        transport.last_error, transport.last_failure_at = trouble[:300], now
    elif outcome.sent or outcome.alive or turn.transport.setup != "ready":
        transport.failures, transport.last_success_at = 0, now
    if outcome.alive:
        transport.alive_at = now
    if not outcome.trouble and turn.transport.setup == transport.setup:
        if transport.setup == "removal":
            transport.setup = "gone"
        elif transport.setup == "wanted" and same(turn.transport.secret or b"", transport.secret or b""):
            transport.setup, transport.secret = "ready", None  # the broker has it now, and nobody here needs it


def _next_due(session: Session, transport: Transport, now: datetime) -> datetime | None:
    if transport.setup == "gone":
        return None
    if transport.failures:
        rest = min(LONGEST_REST, 2.0 ** min(transport.failures, 10)) * _chance.uniform(0.75, 1)
        return now + timedelta(seconds=rest)
    if transport.setup in ("wanted", "removal"):
        return now
    waiting = TransportMessage.transport_id == transport.id, TransportMessage.state == "pending"
    if session.scalar(select(TransportMessage.id).where(*waiting).limit(1)) is not None:
        return now
    return (transport.alive_at or now) + _ALIVE if transport.kind == "amqp" else None

"""Handing on what happened: every event gets its place among those of its organization and goes to every sink, once.

A sink is `sink(session, events)` with events of several organizations, each organization's in order. It writes rows of its
own in the same transaction, or leaves a publish with `kernel.db.after_commit`; it never waits for the network. A process
that dies here leaves the events as they were.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.outbox.model import Event, EventHead

Sink = Callable[[Session, Sequence[Event]], None]
AT_ONCE = 500

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_events = cast(Table, Event.__table__)
_heads = cast(Table, EventHead.__table__)
_PLACE = update(_events).where(_events.c.id == bindparam("number")).values(position=bindparam("place"))
_MOVE = update(_heads).where(_heads.c.org_id == bindparam("whose")).values(position=bindparam("last"))


def relay(session: Session, sinks: Iterable[Sink], limit: int = AT_ONCE) -> int:
    """Hand on the oldest events that wait, at most `limit`; how many. Organizations that another process is at are left to it."""
    waiting = select(_events.c.org_id, _events.c.id).where(_events.c.position.is_(None)).order_by(_events.c.id).limit(limit)
    found = session.execute(waiting).all()
    if not found:
        return 0
    heads = _hold(session, sorted({row.org_id for row in found}))
    # Read again: until the heads were held, another process may have handed on what was found, or more may have come.
    mine = Event.position.is_(None), Event.org_id.in_(heads)
    events = session.scalars(select(Event).where(*mine).order_by(Event.id).limit(limit)).all() if heads else []
    if not events:
        return 0
    _give_places(session, events, heads)
    for sink in sinks:
        sink(session, events)
    return len(events)


def _hold(session: Session, org_ids: list[int]) -> dict[int, int]:
    """The organizations whose heads this transaction now holds, with the last place given."""
    known = set(session.scalars(select(_heads.c.org_id).where(_heads.c.org_id.in_(org_ids))))
    if new := [{"org_id": org_id, "position": 0} for org_id in org_ids if org_id not in known]:
        insert = _INSERT[session.get_bind().dialect.name](_heads)
        session.execute(insert.on_conflict_do_nothing(), new)
    held = select(_heads.c.org_id, _heads.c.position).where(_heads.c.org_id.in_(org_ids)).order_by(_heads.c.org_id)
    return {row.org_id: row.position for row in session.execute(held.with_for_update(skip_locked=True))}


def _give_places(session: Session, events: Sequence[Event], heads: dict[int, int]) -> None:
    last: dict[int, int] = defaultdict(int, heads)
    rows = []
    for event in events:
        last[event.org_id] += 1
        rows.append({"number": event.id, "place": last[event.org_id]})
    connection = session.connection()  # straight to Core: the rows themselves are only read from here on
    connection.execute(_PLACE, rows)
    connection.execute(_MOVE, [{"whose": org_id, "last": place} for org_id, place in last.items()])
    for event, row in zip(events, rows, strict=True):
        session.expunge(event)
        event.position = row["place"]

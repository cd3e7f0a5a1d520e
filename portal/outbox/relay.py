"""Handing on what happened: every event gets its place among those of its organization and goes to every sink, once.

A sink is `sink(session, events)` with events of several organizations, each organization's in order. It writes rows of its
own in the same transaction, or leaves a publish with `kernel.db.after_commit`; it never waits for the network. A process
that dies here leaves the events as they were.

Organizations take turns here too: an event may mean a row for each of a hundred endpoints, and a transaction of many such
events would keep everybody's endpoints held for seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from portal.outbox.model import Event, EventHead

Sink = Callable[[Session, Sequence[Event]], None]
AT_ONCE, OF_ONE = 500, 50  # events in a transaction; those of one organization
LOOKED_AT = 10_000  # of those that wait, the oldest

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_events = cast(Table, Event.__table__)
_heads = cast(Table, EventHead.__table__)
_PLACE = update(_events).where(_events.c.id == bindparam("number")).values(position=bindparam("place"))
_MOVE = update(_heads).where(_heads.c.org_id == bindparam("whose")).values(position=bindparam("last"))


def relay(session: Session, sinks: Iterable[Sink], limit: int = AT_ONCE, only: int | None = None) -> int:
    """Hand on events that wait, each organization's oldest first, at most `limit` and OF_ONE of each; how many. Organizations
    that another process is at are left to it. `only` names one organization."""
    found = session.execute(_next_in_turn(limit, *(() if only is None else (_events.c.org_id == only,)))).all()
    if not found:
        return 0
    heads = _hold(session, sorted({row.org_id for row in found}))
    # Read again: until the heads were held, another process may have handed on what was found, or more may have come.
    ids = [row.id for row in session.execute(_next_in_turn(limit, _events.c.org_id.in_(heads)))] if heads else []
    if not ids:
        return 0
    events = session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id)).all()
    _give_places(session, events, heads)
    for sink in sinks:
        sink(session, events)
    return len(events)


def waiting_organizations(connection: Connection) -> list[int]:
    """Whose events wait."""
    return list(connection.scalars(select(_events.c.org_id).where(_events.c.position.is_(None)).distinct()))


def _next_in_turn(limit: int, *which: Any) -> Select[int, int]:
    """Of every organization the first event that waits, then everybody's second."""
    waiting = select(_events.c.org_id, _events.c.id).where(_events.c.position.is_(None), *which)
    oldest = waiting.order_by(_events.c.id).limit(LOOKED_AT).subquery()
    turn = func.row_number().over(partition_by=oldest.c.org_id, order_by=oldest.c.id).label("turn")
    numbered = select(oldest.c.org_id, oldest.c.id, turn).subquery()
    mine = select(numbered.c.org_id, numbered.c.id).where(numbered.c.turn <= OF_ONE)
    return mine.order_by(numbered.c.turn, numbered.c.id).limit(limit)


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

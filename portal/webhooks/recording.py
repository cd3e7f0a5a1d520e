"""Writing down how tries went: fenced by the lease, so that a worker that was given up changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.kernel.db import clock_of
from portal.webhooks.claiming import settle_next_due
from portal.webhooks.model import Attempt, Delivery, Endpoint, EndpointHour
from portal.webhooks.outgoing import Outgoing
from portal.webhooks.schedule import DELAYS, SLOW_DOWN, next_delay, retry_after
from portal.webhooks.sending import Answer
from portal.webhooks.switching import switch_off

GONE = 410
GONE_REASON = "The receiver answered 410 Gone."

_deliveries = cast(Table, Delivery.__table__)
_hours = cast(Table, EndpointHour.__table__)
_ATTEMPT = insert(cast(Table, Attempt.__table__))
_FIELDS = ("state", "due_at", "tries", "attempts", "response_status", "error", "last_try_at", "done_at")
_WRITE = (
    update(_deliveries)
    .where(_deliveries.c.id == bindparam("number"), _deliveries.c.lease_token == bindparam("mine"))
    .values({name: bindparam(f"new_{name}") for name in _FIELDS} | {"lease_token": None})
)
_UPSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Tried:
    """A delivery that was sent, and how it went. `counted` is false while our own way out is down."""

    out: Outgoing
    answer: Answer
    counted: bool = True


def record_tries(session: Session, tried: Sequence[Tried]) -> int:
    """Write these tries and what follows from them; how many were still this worker's to write."""
    held = select(Endpoint).where(Endpoint.id.in_({each.out.endpoint_id for each in tried})).order_by(Endpoint.id)
    endpoints = {endpoint.id: endpoint for endpoint in session.scalars(held.with_for_update(key_share=True))}
    leased = _still_leased(session, tried)
    mine = [(each, leased[each.out.delivery_id]) for each in tried if each.out.delivery_id in leased]
    if not mine:
        return 0
    now = clock_of(session)
    written = [_outcome(each, row, endpoints[each.out.endpoint_id], now) for each, row in mine]
    connection = session.connection()
    connection.execute(_WRITE, [change for change, _ in written])
    connection.execute(_ATTEMPT, [attempt for _, attempt in written])
    about = [each for each, row in mine if row.event_id is not None]  # tests say nothing about an endpoint's health
    _count_hours(session, about)
    _note_health(session, about, endpoints, now)
    session.flush()
    settle_next_due(session, sorted(endpoints))
    return len(mine)


def _still_leased(session: Session, tried: Sequence[Tried]) -> dict[int, Any]:
    """The rows whose lease is still the one that they were sent under."""
    leases = {each.out.delivery_id: each.out.lease for each in tried}
    columns = ("id", "event_id", "lease_token", "state", "tries", "attempts")
    query = select(*(_deliveries.c[name] for name in columns)).where(_deliveries.c.id.in_(leases)).order_by(_deliveries.c.id)
    rows = session.execute(query.with_for_update(key_share=True)).all()
    return {row.id: row for row in rows if row.lease_token == leases[row.id]}


def _outcome(each: Tried, row: Any, endpoint: Endpoint, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """The delivery's new values and the attempt's row."""
    answer = each.answer
    tries, number = row.tries + each.counted, row.attempts + 1
    state, due = _what_follows(each, tries, row.state, endpoint, now)
    over = state not in ("pending", "sending")
    change = {"state": state, "due_at": due, "tries": tries, "attempts": number, "response_status": answer.status}
    change |= {"error": answer.error[:300], "last_try_at": now, "done_at": now if over else None}
    attempt = {
        "delivery_id": row.id,
        "number": number,
        "at": answer.at,
        "url": each.out.url,
        "request_headers": each.out.shown,
        "status": answer.status,
        "response_headers": answer.headers,
        "response_body": answer.body,
        "error": answer.error[:300],
        "first_byte_ms": answer.first_byte_ms,
        "took_ms": answer.took_ms,
        "next_try_at": due,
        "counted": each.counted,
    }
    values = {f"new_{name}": value for name, value in change.items()}
    return {"number": row.id, "mine": each.out.lease} | values, attempt


def _what_follows(each: Tried, tries: int, state: str, endpoint: Endpoint, now: datetime) -> tuple[str, datetime | None]:
    """The delivery's next state, and when to try again."""
    if each.answer.delivered:
        return "delivered", None
    if state == "canceled" or not endpoint.active:
        return "canceled", None
    if each.answer.status == GONE:
        return "failed", None
    if not each.counted:
        return "pending", now + DELAYS[0]
    delay = next_delay(tries, _asked(each.answer, now))
    return ("failed", None) if delay is None else ("pending", now + delay)


def _asked(answer: Answer, now: datetime) -> timedelta | None:
    named = {name.lower(): value for name, value in answer.headers.items()}
    return retry_after(named.get("retry-after"), now)


def _note_health(session: Session, tried: Iterable[Tried], endpoints: Mapping[int, Endpoint], now: datetime) -> None:
    for each in tried:
        endpoint, answer = endpoints[each.out.endpoint_id], each.answer
        endpoint.last_try_at = now
        if answer.delivered:
            endpoint.failures, endpoint.last_success_at, endpoint.throttled_until = 0, now, None
            continue
        endpoint.last_error, endpoint.last_failure_at = answer.error[:300], now
        endpoint.failures += each.counted
        if answer.status in SLOW_DOWN and each.counted:
            endpoint.throttled_until = now + (next_delay(1, _asked(answer, now)) or DELAYS[0])
        if answer.status == GONE and endpoint.active:
            switch_off(session, endpoint, GONE_REASON, now)


def _count_hours(session: Session, tried: Iterable[Tried]) -> None:
    """Add the tries that count to the figures of their hours."""
    sums: dict[tuple[int, datetime], list[Answer]] = defaultdict(list)
    for each in tried:
        if each.counted:
            hour = each.answer.at.replace(minute=0, second=0, microsecond=0)
            sums[each.out.endpoint_id, hour].append(each.answer)
    if not sums:
        return
    rows = [_hour(endpoint_id, hour, answers) for (endpoint_id, hour), answers in sorted(sums.items())]
    statement = _UPSERT[session.get_bind().dialect.name](_hours)
    new = statement.excluded
    added = {name: _hours.c[name] + new[name] for name in ("tries", "failed", "took_ms")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["endpoint_id", "hour"], set_=added | {"last_at": new.last_at}), rows
    )


def _hour(endpoint_id: int, hour: datetime, answers: Sequence[Answer]) -> dict[str, Any]:
    failed = sum(not answer.delivered for answer in answers)
    figures = {"tries": len(answers), "failed": failed, "took_ms": sum(answer.took_ms for answer in answers)}
    moments = [answer.at for answer in answers]
    return {"endpoint_id": endpoint_id, "hour": hour, "first_at": min(moments), "last_at": max(moments)} | figures

"""Writing tallies of calls to their tables: counts add up, moments only move forward."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.keys.model import ApiKey, Caller, KeySecret, RefusedCall, UsageHour

REFUSALS_PER_KEY = 200
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Tallied:
    """Calls that are alike. `hour` counts hours since 1970, moments are unix seconds."""

    key_id: int
    secret_id: int
    address: str
    agent: str
    outcome: str
    hour: int
    calls: int
    first_at: float
    last_at: float
    route: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused call; `at` in unix seconds."""

    key_id: int
    at: float
    address: str
    route: str
    reason: str
    detail: str


def write(session: Session, tallies: Sequence[Tallied], refusals: Sequence[Refused]) -> None:
    """Add everything in the surrounding unit of work. Keys that were deleted meanwhile are left out.

    The keys are held first, in order of their numbers: no key is deleted or rolled half-way, and two processes that
    write at once never wait for each other in a circle.
    """
    wanted = {tally.key_id for tally in tallies} | {refusal.key_id for refusal in refusals}
    held = select(ApiKey.id).where(ApiKey.id.in_(wanted)).order_by(ApiKey.id).with_for_update(read=True, key_share=True)
    there = set(session.scalars(held))
    tallies = sorted((t for t in tallies if t.key_id in there), key=lambda t: (t.key_id, t.secret_id))
    if tallies:
        _add_hours(session, tallies)
        _add_callers(session, tallies)
        _note_last_use(session, tallies)
        _note_first_use(session, tallies)
    _add_refusals(session, [refusal for refusal in refusals if refusal.key_id in there])


def _add_hours(session: Session, tallies: Sequence[Tallied]) -> None:
    counts: dict[tuple[int, int, str], int] = defaultdict(int)
    for tally in tallies:
        counts[tally.key_id, tally.hour, tally.outcome] += tally.calls
    new = _INSERT[session.get_bind().dialect.name](UsageHour.__table__)
    new = new.on_conflict_do_update(
        index_elements=["key_id", "hour", "outcome"], set_={"calls": UsageHour.calls + new.excluded.calls}
    )
    rows = [
        {"key_id": key_id, "hour": _moment(hour * 3600), "outcome": outcome, "calls": calls}
        for (key_id, hour, outcome), calls in sorted(counts.items())
    ]
    session.connection().execute(new, rows)


def _add_callers(session: Session, tallies: Sequence[Tallied]) -> None:
    grouped: dict[tuple[int, str, str], list[Tallied]] = defaultdict(list)
    for tally in tallies:
        grouped[tally.secret_id, tally.address, tally.agent].append(tally)
    new = _INSERT[session.get_bind().dialect.name](Caller.__table__)
    later = new.excluded.last_at >= Caller.last_at
    new = new.on_conflict_do_update(
        index_elements=["secret_id", "address", "agent"],
        set_={
            "calls": Caller.calls + new.excluded.calls,
            "last_at": case((later, new.excluded.last_at), else_=Caller.last_at),
            "route": case((later, new.excluded.route), else_=Caller.route),
        },
    )
    session.connection().execute(new, [_caller_row(where, alike) for where, alike in sorted(grouped.items())])


def _caller_row(where: tuple[int, str, str], alike: Sequence[Tallied]) -> dict[str, Any]:
    secret_id, address, agent = where
    latest = max(alike, key=lambda tally: tally.last_at)
    return {
        "secret_id": secret_id,
        "address": address[:45],
        "agent": agent,
        "route": latest.route[:120],
        "first_at": _moment(min(tally.first_at for tally in alike)),
        "last_at": _moment(latest.last_at),
        "calls": sum(tally.calls for tally in alike),
    }


def _note_last_use(session: Session, tallies: Sequence[Tallied]) -> None:
    latest: dict[int, Tallied] = {}
    for tally in tallies:
        if tally.outcome == "ok" and (tally.key_id not in latest or tally.last_at > latest[tally.key_id].last_at):
            latest[tally.key_id] = tally
    for key_id, tally in sorted(latest.items()):
        at = _moment(tally.last_at)
        older = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at)
        values = {"last_used_at": at, "last_used_address": tally.address[:45]}
        session.execute(update(ApiKey.__table__).where(ApiKey.id == key_id, older).values(values))  # type: ignore[arg-type]


def _note_first_use(session: Session, tallies: Sequence[Tallied]) -> None:
    """The first use of a new secret starts the overlap of the one that it replaces (RULINGS 4). Refused calls are no use."""
    used: dict[int, float] = {}
    for tally in tallies:
        if tally.outcome == "ok":
            used[tally.secret_id] = min(tally.first_at, used.get(tally.secret_id, tally.first_at))
    fresh = select(KeySecret.id).where(KeySecret.id.in_(used), KeySecret.first_used_at.is_(None)).order_by(KeySecret.id)
    for secret_id in session.scalars(fresh).all():
        at = _moment(used[secret_id])
        session.execute(
            update(KeySecret).where(KeySecret.id == secret_id, KeySecret.first_used_at.is_(None)).values(first_used_at=at)
        )
        old = session.scalar(
            select(KeySecret).where(
                KeySecret.successor_id == secret_id, KeySecret.dies_at.is_(None), KeySecret.ended_at.is_(None)
            )
        )
        if old is not None:
            old.dies_at = at + timedelta(seconds=old.overlap_seconds or 0)
            session.flush()


def _add_refusals(session: Session, refusals: Sequence[Refused]) -> None:
    if not refusals:
        return
    rows = [
        {
            "key_id": refusal.key_id,
            "at": _moment(refusal.at),
            "address": refusal.address[:45],
            "route": refusal.route[:120],
            "reason": refusal.reason,
            "detail": refusal.detail[:300],
        }
        for refusal in refusals
    ]
    session.execute(insert(RefusedCall), rows)
    for key_id in sorted({refusal.key_id for refusal in refusals}):
        newest = select(RefusedCall.id).where(RefusedCall.key_id == key_id).order_by(RefusedCall.id.desc())
        last_kept = newest.offset(REFUSALS_PER_KEY - 1).limit(1).scalar_subquery()
        session.execute(delete(RefusedCall).where(RefusedCall.key_id == key_id, RefusedCall.id < last_kept))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

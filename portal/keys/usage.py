"""Reading what was counted: who calls with which secret, how many calls ended how, and which were refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.keys.model import ApiKey, Caller, KeySecret, RefusedCall, UsageHour
from portal.orgs.model import Organization

RECENT = timedelta(days=30)
# What a refusal means and how to mend it, for the person who looks after the key. `{}` is what was noted with the call.
REASONS: dict[str, tuple[str, str]] = {
    "key_disabled": ("Key disabled", "Enable the key, or stop the program that calls with it."),
    "key_revoked": ("Secret dead", "The key is revoked or this secret was rotated away. Give the caller the new secret."),
    "key_expired": ("Key expired", "Move the key's expiry, or issue a new key."),
    "organization_disabled": ("Organization disabled", "The organization or one above it is switched off."),
    "address": ("Address not allowed", "Add the address to the key's own list or to the organization's allowlist."),
    "scope": ("Scope missing", "Add {} to the key, or call with a key that has it."),
    "resource": ("Not among its sports, games or streams", "Add it to the key, or call with a key that may use it."),
    "rate": ("Over its limit", "Raise the limit, or make the caller wait as Retry-After says."),
    "concurrency": ("Too many calls in flight", "Let the caller wait for its own calls, or raise the organization's limit."),
}


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls per step of time: `starts` are the beginnings of the steps (UTC), `ok` and `refused` line up with them."""

    starts: tuple[datetime, ...]
    ok: tuple[int, ...]
    refused: tuple[int, ...]
    reasons: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.ok) + sum(self.refused)


def calls_of_key(session: Session, org: Organization, key: ApiKey, now: datetime, *, step: timedelta, steps: int) -> Calls:
    """Calls of a key in the last `steps` steps of an hour or a day, the present one included. One statement."""
    start_of_step = now.replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(days=1):
        start_of_step = start_of_step.replace(hour=0)
    starts = tuple(start_of_step - step * (steps - 1 - n) for n in range(steps))
    query = select(UsageHour.hour, UsageHour.outcome, UsageHour.calls).join(ApiKey)
    query = query.where(ApiKey.org_id == org.id, UsageHour.key_id == key.id, UsageHour.hour >= starts[0])
    ok, refused, reasons = [0] * steps, [0] * steps, dict[str, int]()
    for hour, outcome, calls in session.execute(query):
        at = min(int((hour - starts[0]) / step), steps - 1)
        if outcome == "ok":
            ok[at] += calls
        else:
            refused[at] += calls
            reasons[outcome] = reasons.get(outcome, 0) + calls
    return Calls(starts, tuple(ok), tuple(refused), dict(sorted(reasons.items(), key=lambda item: -item[1])))


def callers_of_key(session: Session, org: Organization, key: ApiKey, *, limit: int = 100) -> Sequence[Any]:
    """(secret_id, address, agent, route, first_at, last_at, calls) of a key's callers, the latest first."""
    query = select(*(Caller.secret_id, Caller.address, Caller.agent, Caller.route, Caller.first_at, Caller.last_at, Caller.calls))
    query = query.join(KeySecret, KeySecret.id == Caller.secret_id).join(ApiKey, ApiKey.id == KeySecret.key_id)
    query = query.where(ApiKey.org_id == org.id, ApiKey.id == key.id)
    return session.execute(query.order_by(Caller.last_at.desc(), Caller.address).limit(limit)).all()


def callers_of(session: Session, org: Organization, since: datetime, *, limit: int = 1000) -> Sequence[Any]:
    """(address, agent, key_name, key_uid, last_at, calls) of everybody who called with any key of the organization since then."""
    last_at = func.max(Caller.last_at).label("last_at")
    calls = func.sum(Caller.calls).label("calls")
    query = select(Caller.address, Caller.agent, ApiKey.name.label("key_name"), ApiKey.uid.label("key_uid"), last_at, calls)
    query = query.join(KeySecret, KeySecret.id == Caller.secret_id).join(ApiKey, ApiKey.id == KeySecret.key_id)
    query = query.where(ApiKey.org_id == org.id, Caller.last_at >= since)
    query = query.group_by(Caller.address, Caller.agent, ApiKey.name, ApiKey.uid)
    return session.execute(query.order_by(last_at.desc(), Caller.address).limit(limit)).all()


def refusals_of_key(session: Session, org: Organization, key: ApiKey, *, limit: int = 50) -> Sequence[RefusedCall]:
    """The latest refused calls of a key, the newest first."""
    query = select(RefusedCall).join(ApiKey, ApiKey.id == RefusedCall.key_id)
    query = query.where(ApiKey.org_id == org.id, ApiKey.id == key.id)
    return session.scalars(query.order_by(RefusedCall.id.desc()).limit(limit)).all()


def calls_since(session: Session, org: Organization, since: datetime) -> dict[str, int]:
    """Calls of all keys of the organization in whole hours since `since`, by outcome."""
    query = select(UsageHour.outcome, func.sum(UsageHour.calls)).join(ApiKey)
    query = query.where(ApiKey.org_id == org.id, UsageHour.hour >= since.replace(minute=0, second=0, microsecond=0))
    return {outcome: int(calls) for outcome, calls in session.execute(query.group_by(UsageHour.outcome))}


def refused_by_key(session: Session, org: Organization, since: datetime) -> Sequence[Any]:
    """(uid, name, calls) of the keys with refused calls in whole hours since `since`, most first."""
    calls = func.sum(UsageHour.calls).label("calls")
    query = select(ApiKey.uid, ApiKey.name, calls).join(UsageHour, UsageHour.key_id == ApiKey.id)
    query = query.where(ApiKey.org_id == org.id, UsageHour.outcome != "ok")
    query = query.where(UsageHour.hour >= since.replace(minute=0, second=0, microsecond=0))
    return session.execute(query.group_by(ApiKey.id, ApiKey.uid, ApiKey.name).order_by(calls.desc())).all()


def explain(reason: str, detail: str) -> tuple[str, str]:
    """(what it is called, what to do) for the reason of a refused call."""
    label, advice = REASONS.get(reason, (reason.replace("_", " ").capitalize(), "Read the sentence that the caller got."))
    return label, advice.format(detail)

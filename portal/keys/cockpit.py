"""What the page of one key shows, read in few statements and put into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.catalog.model import Game, Stream, active, games_of, streams_of
from portal.keys.kinds import Limits
from portal.keys.model import ApiKey, KeySecret
from portal.keys.service import rolling
from portal.keys.usage import Calls, callers_of_key, calls_of_key, explain, refusals_of_key
from portal.orgs.model import Organization

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFERED = 500
WINDOWS = (
    ("per_minute", "a minute"),
    ("writes_per_minute", "writes a minute"),
    ("per_hour", "an hour"),
    ("per_day", "a day"),
    ("burst_10s", "in 10 s"),
)


@dataclass(frozen=True, slots=True)
class Roll:
    """A roll that runs: who calls with the old secret, and who already with the new one."""

    old: KeySecret
    new: KeySecret
    on_old: Sequence[Any]
    on_new: Sequence[Any]

    @property
    def done(self) -> bool:
        """The new secret is in use and nobody has called with the old one since."""
        used = self.new.first_used_at
        return used is not None and all(caller.last_at < used for caller in self.on_old)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call in words: `reason` is what happened, `advice` what to do."""

    at: datetime
    reason: str
    advice: str
    detail: str
    address: str
    route: str


@dataclass(frozen=True, slots=True)
class View:
    """Filled as far as the chosen tab shows it."""

    roll: Roll | None
    day: Calls | None
    month: Calls | None
    callers: Sequence[Any]
    refusals: Sequence[Refusal]
    games: Sequence[str]
    streams: Sequence[str]
    secret_of: dict[int, str]


def view(session: Session, org: Organization, key: ApiKey, now: datetime, tab: str) -> View:
    """What `tab` of the key's page needs."""
    callers = callers_of_key(session, org, key) if tab in ("overview", "callers") else ()
    pair = rolling(key, now)
    overview = tab == "overview"
    return View(
        roll=_roll(pair, callers) if pair and overview else None,
        day=calls_of_key(session, org, key, now, step=HOUR, steps=24) if overview else None,
        month=calls_of_key(session, org, key, now, step=DAY, steps=30) if overview else None,
        callers=callers,
        refusals=_refusals(session, org, key) if tab == "refused" else (),
        games=_names(session, games_of(org), Game, key.games) if overview else (),
        streams=_names(session, streams_of(org), Stream, key.streams) if overview else (),
        secret_of={secret.id: secret.hint for secret in key.secrets},
    )


def lately(session: Session, org: Organization, key: ApiKey, now: datetime) -> Sequence[Any]:
    """Who called with the key in the last 24 hours: those who would notice."""
    return [caller for caller in callers_of_key(session, org, key) if caller.last_at > now - DAY]


def choices(session: Session, org: Organization, key: ApiKey | None) -> tuple[list[Game], list[Stream]]:
    """The games and streams to choose from: those in use, and archived ones that the key names already."""
    found: list[list[Any]] = []
    shelves: tuple[tuple[Any, Any, Any], ...] = (
        (Game, games_of(org), key and key.games),
        (Stream, streams_of(org), key and key.streams),
    )
    for kind, query, named in shelves:
        offered = list(session.scalars(active(query).limit(OFFERED)))
        extra = set(named or ()) - {thing.id for thing in offered}
        offered += session.scalars(query.where(kind.id.in_(extra))) if extra else []
        found.append(offered)
    return found[0], found[1]


def limits_in_words(limits: Limits) -> str:
    """`600 a minute, 60 writes a minute, 1,000 an hour`."""
    return ", ".join(f"{value:,} {words}" for name, words in WINDOWS if (value := getattr(limits, name)) is not None)


def overlap_in_words(seconds: int) -> str:
    """`1 hour`, `24 hours`, `7 days`."""
    hours = seconds // 3600
    return f"{hours // 24} days" if hours > 24 else f"{hours} hour{'s' if hours != 1 else ''}"


def reason_label(reason: str) -> str:
    """What the reason of a refusal is called."""
    return explain(reason, "")[0]


def finding(calls: Calls, span: str) -> str:
    """The chart's title: what it shows, in a sentence."""
    if not calls.total:
        return f"No calls in the last {span}"
    refused = sum(calls.refused)
    share = f"{100 * refused / calls.total:.1f}% refused" if refused else "none refused"
    return f"{calls.total:,} {'call' if calls.total == 1 else 'calls'} in the last {span}, {share}"


def _roll(pair: tuple[KeySecret, KeySecret], callers: Sequence[Any]) -> Roll:
    old, new = pair
    on_old = [caller for caller in callers if caller.secret_id == old.id and caller.last_at >= new.created_at]
    return Roll(old, new, on_old, [caller for caller in callers if caller.secret_id == new.id])


def _refusals(session: Session, org: Organization, key: ApiKey) -> list[Refusal]:
    rows = refusals_of_key(session, org, key)
    words = [explain(row.reason, row.detail) for row in rows]
    return [
        Refusal(row.at, reason, advice, "" if row.reason == "scope" else row.detail, row.address, row.route)
        for row, (reason, advice) in zip(rows, words, strict=True)
    ]


def _names(session: Session, query: Any, kind: Any, numbers: list[int] | None) -> list[str]:
    if not numbers:
        return []
    rows = session.scalars(query.where(kind.id.in_(numbers)).order_by(kind.name))
    return [f"{row.name} ({row.id})" for row in rows]

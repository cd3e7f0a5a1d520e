"""The start: registration closes, whoever is not there is left out, seeds are settled, the matches are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions import brackets
from portal.competitions.entries import with_places
from portal.competitions.model import Competition, Entry
from portal.competitions.rules import least_entrants, rules_of
from portal.competitions.seeding import in_order, number
from portal.competitions.service import lock, subject_of, tell
from portal.competitions.windows import check_before_start
from portal.formats.rules import Rules
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Invalid, Unprocessable

_ENTRIES = cast(Table, Entry.__table__)


@dataclass(frozen=True, slots=True)
class Started:
    """`matches` to be played, byes not among them; `byes` that were advanced; `dropped` had not checked in."""

    matches: int
    byes: int
    dropped: int
    at: datetime


def start(session: Session, competition: Competition, actor: Actor, order: str = "random", clock: Clock = utc_now) -> Started:
    """Make it active with those who are checked in. `order` is random (by the stored number) or manual (by seeds set).

    Raises Conflict unless it is in registration, Unprocessable where too few are checked in, a seed is missing or there
    twice, or the rules cannot be played with so many.
    """
    lock(session, competition)
    check_before_start(competition)
    rules, now = rules_of(competition.type, competition.rules), clock()
    entries = session.scalars(with_places(competition).where(Entry.checked_in_at.is_not(None))).all()
    check_enough(rules, len(entries))
    dropped = _drop(session, competition, rules, now)
    ordered = in_order(competition, entries, order)
    number(session, ordered)
    built = _built(session, competition, ordered)
    competition.status, competition.started_at = "active", now
    session.flush()
    counts = {"matches_generated": built.matches, "byes_advanced": built.byes, "participants": len(entries)}
    after = {"status": "active", "seed_order": order, "dropped": dropped} | counts
    record(session, competition.org_id, actor, "competition.started", subject_of(competition), {"status": "registration"}, after)
    tell(session, competition, "competition.started", counts | {"started_at": iso(now)})
    return Started(built.matches, built.byes, dropped, now)


def check_enough(rules: Rules, present: int) -> None:
    """Raises Unprocessable where too few are checked in."""
    least = least_entrants(rules)
    if present < least:
        raise Unprocessable("participants", f"{present} checked in, but at least {least} must be there. Check more in first.")


def _built(session: Session, competition: Competition, ordered: Sequence[Entry]) -> brackets.Built:
    """The matches, saved. A circuit has none: its seasons score other competitions. What a format refuses is about the
    competition as it stands, not about how the call is spelled."""
    if competition.format == "leaderboard":
        return brackets.Built(0, 0)
    try:
        return brackets.build(session, competition, ordered)
    except Invalid as error:
        raise Unprocessable(error.field, error.message) from None


def _drop(session: Session, competition: Competition, rules: Rules, now: datetime) -> int:
    """Leave out who is not checked in and who is still waiting. A circuit asks nobody to check in."""
    mine = (_ENTRIES.c.competition_id == competition.id, _ENTRIES.c.status.in_(("registered", "waiting")))
    circuit = rules.format == "leaderboard"
    absent = _ENTRIES.c.status == "waiting" if circuit else _ENTRIES.c.checked_in_at.is_(None)
    statement = update(_ENTRIES).where(*mine, absent).values(status="dropped", ended_at=now, seed=None)
    return int(session.connection().execute(statement).rowcount)

"""The start: registration closes, whoever is not there is left out, seeds are settled, the matches are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
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
from portal.formats.plan import Plan
from portal.formats.rules import Rules
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Conflict, Invalid, Unprocessable

_ENTRIES = cast(Table, Entry.__table__)


@dataclass(frozen=True, slots=True)
class Started:
    """`matches` to be played, byes not among them; `byes` that were advanced; `dropped` had not checked in."""

    matches: int
    byes: int
    dropped: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Draw:
    """What a start comes to: the entries that take part, best seed first, and the plan of their matches. None for a circuit,
    which has none: its seasons score other competitions."""

    entries: Sequence[Entry]
    plan: Plan | None

    @property
    def digest(self) -> str:
        """Sixteen letters that are the same for the same draw: who takes part, as which seed, in which group, against whom."""
        entrants = self.plan.entrants if self.plan else ()
        matches = self.plan.in_order() if self.plan else ()
        said = [entry.id for entry in self.entries], [(e.id, e.group) for e in entrants], [(m.number, m.a, m.b) for m in matches]
        return sha256(repr(said).encode()).hexdigest()[:16]


def start(
    session: Session, competition: Competition, actor: Actor, order: str = "random", clock: Clock = utc_now, seen: str = ""
) -> Started:
    """Make it active with those who are checked in. `order` is random (by the stored number) or manual (by seeds set).
    `seen` is the digest of a draw that somebody looked at before and means.

    Raises Conflict unless it is in registration and where the draw is another than that, Unprocessable where too few are
    checked in, a seed is missing or there twice, or the rules cannot be played with so many.
    """
    lock(session, competition)
    draw, now = foresee(session, competition, order), clock()
    if seen and seen != draw.digest:
        raise Conflict("Who is checked in, or the seeds, changed since this draw was shown. Look at the new one, then start.")
    entries = draw.entries
    dropped = _drop(session, competition, rules_of(competition.type, competition.rules), now)
    number(session, entries)
    built = brackets.keep(session, competition, entries, draw.plan) if draw.plan else brackets.Built(0, 0)
    competition.status, competition.started_at = "active", now
    session.flush()
    counts = {"matches_generated": built.matches, "byes_advanced": built.byes, "participants": len(entries)}
    after = {"status": "active", "seed_order": order, "dropped": dropped} | counts
    record(session, competition.org_id, actor, "competition.started", subject_of(competition), {"status": "registration"}, after)
    tell(session, competition, "competition.started", counts | {"started_at": iso(now)})
    return Started(built.matches, built.byes, dropped, now)


def foresee(session: Session, competition: Competition, order: str = "random") -> Draw:
    """The draw that a start would make now. Nothing is written. Raises as `start` does; what a format refuses is about the
    competition as it stands, not about how the call is spelled."""
    check_before_start(competition)
    present = session.scalars(with_places(competition).where(Entry.checked_in_at.is_not(None))).all()
    check_enough(rules_of(competition.type, competition.rules), len(present))
    entries = in_order(competition, present, order)
    if competition.format == "leaderboard":
        return Draw(entries, None)
    try:
        return Draw(entries, brackets.draw(competition, entries))
    except Invalid as error:
        raise Unprocessable(error.field, error.message) from None


def check_enough(rules: Rules, present: int) -> None:
    """Raises Unprocessable where too few are checked in."""
    least = least_entrants(rules)
    if present < least:
        raise Unprocessable("participants", f"{present} checked in, but at least {least} must be there. Check more in first.")


def _drop(session: Session, competition: Competition, rules: Rules, now: datetime) -> int:
    """Leave out who is not checked in and who is still waiting. A circuit asks nobody to check in."""
    mine = (_ENTRIES.c.competition_id == competition.id, _ENTRIES.c.status.in_(("registered", "waiting")))
    circuit = rules.format == "leaderboard"
    absent = _ENTRIES.c.status == "waiting" if circuit else _ENTRIES.c.checked_in_at.is_(None)
    statement = update(_ENTRIES).where(*mine, absent).values(status="dropped", ended_at=now, seed=None)
    return int(session.connection().execute(statement).rowcount)

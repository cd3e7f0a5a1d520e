"""What may still change once others know of a competition: its hours, its places, who sees it; and another one like it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.entries import fill_places, places, taken
from portal.competitions.model import Competition, Entry, entries_of
from portal.competitions.service import create_competition, lock, snapshot, subject_of, tell, terms_of
from portal.competitions.terms import TITLE, checked_terms
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Unprocessable
from portal.orgs.model import Organization

TIMES = ("registration_opens", "registration_closes", "starts_at", "ends_at")
COPY_OF = "Copy of "


def clone_competition(session: Session, org: Organization, competition: Competition, actor: Actor, uid: str = "") -> Competition:
    """A draft with the same terms, without entrants and without times. Raises Conflict for a `uid` that was used."""
    terms: dict[str, Any] = {name: value for name, value in terms_of(competition).items() if name not in TIMES}
    terms["title"] = f"{COPY_OF}{competition.title}"[: TITLE[1]].rstrip()
    return create_competition(session, org, actor, competition.type, terms, uid)


def reschedule(
    session: Session, competition: Competition, actor: Actor, times: Mapping[str, datetime | None], clock: Clock = utc_now
) -> list[str]:
    """Set those of TIMES that `times` names (None clears one), before the start; the names of those that changed.

    A start that failed at its hour is tried again at the new one. Raises Conflict once it has started, Unprocessable
    naming the field where two times do not fit, where registration has opened already, and for a start in the past.
    """
    lock(session, competition)
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"Times are set before the start; this competition is {competition.status}.")
    changed = [name for name, value in times.items() if getattr(competition, name) != value]
    if not changed:
        return []
    if competition.status == "registration":
        _check_open(changed, times, clock())
    checked_terms(competition.type, terms_of(competition) | dict(times))
    before = snapshot(competition)
    for name in changed:
        setattr(competition, name, times[name])
    if "starts_at" in changed:
        competition.start_failed_at = None
    _save(session, competition, actor, before, changed)
    return changed


def set_places(
    session: Session, competition: Competition, actor: Actor, most: int | None, waiting_list: bool
) -> tuple[bool, int]:
    """How many may take part (None: as many as the format can hold), and whether others wait; before the start. Those who
    wait get the places that are new, in their order, and stay where they are when nobody else may wait any more.

    Whether anything changed, and how many were promoted. Raises Conflict once it has started, Invalid or Unprocessable for
    a number that the format does not allow or that is below those registered or a seed that was given.
    """
    lock(session, competition)
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"Places change before the start; this competition is {competition.status}.")
    wanted = {"max_participants": most, "waiting_list": waiting_list}
    changed = [name for name, value in wanted.items() if getattr(competition, name) != value]
    if not changed:
        return False, 0
    checked_terms(competition.type, terms_of(competition) | wanted)
    before = snapshot(competition)
    competition.max_participants, competition.waiting_list = most, waiting_list
    _check_places(session, competition)
    _save(session, competition, actor, before, changed)
    return True, fill_places(session, competition, actor) if competition.status == "registration" else 0


def set_visibility(session: Session, competition: Competition, actor: Actor, visibility: str) -> bool:
    """Public, unlisted or private, in any state; False where it is so already. Raises Invalid."""
    lock(session, competition)
    if competition.visibility == visibility:
        return False
    checked_terms(competition.type, {"title": competition.title, "rules": competition.rules, "visibility": visibility})
    before = snapshot(competition)
    competition.visibility = visibility
    _save(session, competition, actor, before, ["visibility"])
    return True


def _check_places(session: Session, competition: Competition) -> None:
    """Counting is safe because the competition's row is held."""
    most, held = places(competition), taken(session, competition)
    if most < held:
        raise Unprocessable(
            "max_participants", f"{held:,} are registered already. Choose {held:,} or more, or take some out first."
        )
    seeds = entries_of(competition).with_only_columns(func.max(Entry.seed)).where(Entry.entrant_key.is_not(None))
    if (last := session.scalar(seeds) or 0) > most:
        raise Unprocessable(
            "max_participants", f"Seed {last:,} is given to somebody. Choose {last:,} or more, or change the seeds first."
        )


def _check_open(changed: list[str], times: Mapping[str, datetime | None], now: datetime) -> None:
    if "registration_opens" in changed:
        raise Unprocessable("registration_opens", "Registration is open already, so it cannot open at another time.")
    starts = times.get("starts_at")
    if "starts_at" in changed and starts is not None and starts <= now:
        raise Unprocessable("starts_at", "The start lies in the past. Choose a later time, or start it by hand.")


def _save(session: Session, competition: Competition, actor: Actor, before: dict[str, Any], changed: list[str]) -> None:
    competition.updated_at = utc_now()
    session.flush()
    record(session, competition.org_id, actor, "competition.updated", subject_of(competition), before, snapshot(competition))
    tell(session, competition, "competition.updated", {"changed": sorted(changed)})

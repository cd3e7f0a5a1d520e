"""What may still change once others know of a competition: its hours, who sees it; and another one like it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.model import Competition
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

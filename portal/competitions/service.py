"""A competition's life up to its start, and its end by cancelling: created, changed, opened, deleted, canceled."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.model import Competition
from portal.competitions.terms import FIELDS, checked_terms
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Conflict, NotFound
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.emit import emit

SENT_TWICE = "This form was sent already: the competition is in the list."
# What a program in any language reads as a whole number without loss.
DRAW_SEEDS = 2**53
# A field of the page -> its attribute, where SQLAlchemy keeps the page's name for itself.
ATTRIBUTES = {"metadata": "details"}


def create_competition(
    session: Session, org: Organization, actor: Actor, kind: str, terms: Mapping[str, Any], uid: str = ""
) -> Competition:
    """A draft of type `kind`. `terms` has the names of `terms.FIELDS`. Raises Invalid or Unprocessable naming the field.

    A form that is sent twice carries the `uid` of what it makes: the second time raises Conflict.
    """
    rules = checked_terms(kind, terms)
    if uid and session.scalar(select(Competition.id).where(Competition.uid == uid)) is not None:
        raise Conflict(SENT_TWICE)
    competition = Competition(
        uid=uid or new_uid(),
        org_id=org.id,
        type=kind,
        format=rules.format,
        draw_seed=secrets.randbelow(DRAW_SEEDS),
        created_by=actor.label[:200],
        **{ATTRIBUTES.get(name, name): terms[name] for name in FIELDS if terms.get(name) is not None},
    )
    session.add(competition)
    session.flush()
    after = snapshot(competition)
    record(session, org.id, actor, "competition.created", subject_of(competition), None, after)
    tell(session, competition, "competition.created")
    return competition


def change_competition(session: Session, competition: Competition, actor: Actor, changes: Mapping[str, Any]) -> None:
    """Change a draft; None clears a field. Raises Conflict once it is open, Invalid or Unprocessable naming the field."""
    lock(session, competition)
    if competition.status != "draft":
        raise Conflict(f"Only a draft can be changed; this competition is {competition.status}.")
    before = snapshot(competition)
    merged = terms_of(competition) | dict(changes)
    rules = checked_terms(competition.type, _defaulted(merged))
    competition.format = rules.format
    for name in changes:
        setattr(competition, ATTRIBUTES.get(name, name), _defaulted(merged)[name])
    competition.updated_at = utc_now()
    session.flush()
    record(session, competition.org_id, actor, "competition.updated", subject_of(competition), before, snapshot(competition))
    tell(session, competition, "competition.updated", {"changed": sorted(changes)})


def open_registration(session: Session, competition: Competition, actor: Actor, clock: Clock = utc_now) -> None:
    """Let participants register from now on, whatever `registration_opens` says: that moves to now if it lay ahead.

    Raises Conflict unless it is a draft whose registration has not closed already.
    """
    lock(session, competition)
    now = clock()
    if competition.status != "draft":
        raise Conflict(f"Only a draft can be opened; this competition is {competition.status}.")
    if competition.registration_closes is not None and competition.registration_closes <= now:
        closed = iso(competition.registration_closes)
        raise Conflict(f"Registration closed at {closed}. Set registration_closes to a later time first.")
    if competition.registration_opens is not None and competition.registration_opens > now:
        competition.registration_opens = now
    competition.status, competition.opened_at = "registration", now
    session.flush()
    after = {"status": "registration", "registration_opens": iso(competition.registration_opens)}
    record(session, competition.org_id, actor, "competition.opened", subject_of(competition), {"status": "draft"}, after)
    tell(session, competition, "competition.opened")


def delete_or_cancel(session: Session, competition: Competition, actor: Actor, clock: Clock = utc_now) -> str:
    """`deleted` for a draft, which is gone then; `canceled` for others. Raises Conflict when it is over already."""
    lock(session, competition)
    if competition.status != "draft":
        cancel_competition(session, competition, actor, clock)
        return "canceled"
    delete_draft(session, competition, actor)
    return "deleted"


def delete_draft(session: Session, competition: Competition, actor: Actor) -> None:
    """Raises Conflict once it was opened: then it can only be canceled."""
    lock(session, competition)
    if competition.status != "draft":
        raise Conflict(f"Only a draft can be deleted; this competition is {competition.status}. Cancel it instead.")
    record(session, competition.org_id, actor, "competition.deleted", subject_of(competition), snapshot(competition), None)
    tell(session, competition, "competition.deleted")
    session.delete(competition)
    session.flush()


def cancel_competition(session: Session, competition: Competition, actor: Actor, clock: Clock = utc_now) -> None:
    """End it for good; what was played stays readable. Raises Conflict when it is completed or canceled already."""
    lock(session, competition)
    if competition.status in ("completed", "canceled"):
        raise Conflict(f"This competition is {competition.status} already.")
    before = {"status": competition.status}
    competition.status, competition.canceled_at = "canceled", clock()
    session.flush()
    record(session, competition.org_id, actor, "competition.canceled", subject_of(competition), before, {"status": "canceled"})
    tell(session, competition, "competition.canceled", {"was": before["status"]})
    for call_off in current_app.extensions.get("on_canceled", ()):
        call_off(session, competition, actor, competition.canceled_at)


def lock(session: Session, competition: Competition) -> None:
    """Hold the row until the unit of work ends and read it afresh: one change of a competition at a time.

    Others may go on inserting rows that point at it. SQLite has one writer anyway. Locks are taken in one order:
    competition, entries, matches. Raises NotFound where it was deleted meanwhile.
    """
    held = select(Competition).where(Competition.id == competition.id).with_for_update(key_share=True)
    if session.scalar(held.execution_options(populate_existing=True)) is None:
        raise NotFound("Competition not found.")


def tell(session: Session, competition: Competition, name: str, more: Mapping[str, Any] | None = None) -> None:
    """Emit an event about the competition with what every one of them carries."""
    fields = ("title", "type", "format", "status", "category")
    told = {"competition_id": competition.uid} | {field: getattr(competition, field) for field in fields}
    emit(session, competition.org_id, name, competition.uid, told | dict(more or {}))


def subject_of(competition: Competition) -> tuple[str, object, str]:
    """The competition as the audit log names it."""
    return ("competition", competition.uid, competition.title)


def terms_of(competition: Competition) -> dict[str, Any]:
    """Its terms by the names of `terms.FIELDS`."""
    return {name: getattr(competition, ATTRIBUTES.get(name, name)) for name in FIELDS}


def snapshot(competition: Competition) -> dict[str, Any]:
    """Its terms for the audit log."""
    return {name: iso(value) if hasattr(value, "isoformat") else value for name, value in terms_of(competition).items()}


def _defaulted(terms: Mapping[str, Any]) -> dict[str, Any]:
    """None stands for the default where a field cannot be empty."""
    defaults = {"visibility": "public", "waiting_list": False}
    return {name: defaults.get(name) if value is None else value for name, value in terms.items()}

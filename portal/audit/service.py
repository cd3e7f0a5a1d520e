"""Writing the audit row. It is part of the change's own transaction: no change without its row, no row without its change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `kind` is user, key, wallet, player or system; `id` is stable, `label` is for people."""

    kind: str
    id: str
    label: str
    address: str = ""
    request_id: str = ""


# What happened to whom: the action, (kind, id, label), before and after.
Note = tuple[str, tuple[str, object, str], dict[str, Any] | None, dict[str, Any] | None]

# Built once: a change on the fast path must not pay for building its statement.
_INSERT = insert(AuditRow.__table__)  # type: ignore[arg-type]
SYSTEM = Actor("system", "system", "Tiltyard")


def record(
    session: Session,
    org_id: int | None,
    actor: Actor,
    action: str,
    subject: tuple[str, object, str],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one row. `subject` is (kind, id, label); where both sides are given, only what differs is kept."""
    record_all(session, org_id, actor, [(action, subject, before, after)])


def record_all(session: Session, org_id: int | None, actor: Actor, notes: Sequence[Note]) -> None:
    """Write these rows in their order, in one statement."""
    if notes:
        rows = [_row(org_id, actor, *note) for note in notes]
        session.connection().execute(_INSERT, rows)  # straight to Core: the ORM would cost as much again


def _row(
    org_id: int | None,
    actor: Actor,
    action: str,
    subject: tuple[str, object, str],
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> dict[str, Any]:
    if before is not None and after is not None:
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        before = {name: value for name, value in before.items() if name in changed}
        after = {name: value for name, value in after.items() if name in changed}
    kind, identity, label = subject
    return {
        "org_id": org_id,
        "at": utc_now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label[:200],
        "action": action,
        "subject_kind": kind,
        "subject_id": str(identity),
        "subject_label": label[:200],
        "before": before,
        "after": after,
        "address": actor.address,
        "request_id": actor.request_id,
    }


def rows_of(org_id: int, subject: tuple[str, object] | None = None) -> Select[AuditRow]:
    """The organization's rows, newest first by default order of the caller; narrowed to one thing when `subject` is given."""
    query = select(AuditRow).where(AuditRow.org_id == org_id)
    if subject is not None:
        query = query.where(AuditRow.subject_kind == subject[0], AuditRow.subject_id == str(subject[1]))
    return query

"""The settlement log: every step of an offer into, out of or between decided states is one row, and nothing else moves it.

The caller holds the competition's row (`competitions.service.lock`), so an offer takes one step at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions.model import Competition
from portal.markets.model import Offer, Settlement, SettlementHead
from portal.markets.views import offer_view, settlement_view
from portal.outbox.emit import Happening, emit_all

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Step:
    """Where an offer goes: settled with the `outcome` that won, voided, or back to suspended when its result was taken back.
    `by` is engine, system or admin."""

    offer: Offer
    status: str
    outcome: str | None
    by: str
    reason: str = ""


def take(session: Session, competition: Competition, actor: Actor, steps: Sequence[Step], now: datetime) -> list[Settlement]:
    """Write the steps to the log and move the offers, and tell of each. Four statements and one for each offer."""
    if not steps:
        return []
    known = select(Settlement.offer_id).where(Settlement.offer_id.in_([step.offer.id for step in steps]))
    before = set(session.scalars(known))
    first = _numbers(session, competition.org_id, len(steps))
    rows = []
    for number, step in enumerate(steps, first):
        rows.append(_row(competition, actor, step, number, now, step.offer.id in before))
        step.offer.status, step.offer.winner = step.status, step.outcome
        step.offer.settled_by, step.offer.updated_at = step.by, now
    session.add_all(rows)
    session.flush()
    emit_all(session, competition.org_id, [_told(competition, step.offer, row) for step, row in zip(steps, rows, strict=True)])
    return rows


def offer_data(competition: Competition, offer: Offer) -> dict[str, Any]:
    """What every event about an offer carries."""
    named = {"competition_id": competition.uid, "category": competition.category, "match_id": offer.match_uid}
    return named | {"market": offer_view(offer)}


def _row(competition: Competition, actor: Actor, step: Step, number: int, now: datetime, again: bool) -> Settlement:
    return Settlement(
        number=number,
        org_id=competition.org_id,
        competition_id=competition.id,
        offer_id=step.offer.id,
        match_uid=step.offer.match_uid,
        previous_status=step.offer.status,
        new_status=step.status,
        outcome=step.outcome,
        settled_by=step.by,
        is_resettlement=again,
        reason=step.reason,
        actor=actor.label[:200],
        created_at=now,
    )


def _told(competition: Competition, offer: Offer, row: Settlement) -> Happening:
    return "bet_settlement", offer.uid, offer_data(competition, offer) | {"settlement": settlement_view(row, offer.uid)}


def _numbers(session: Session, org_id: int, how_many: int) -> int:
    """The first of so many new numbers. The head is held until the end: numbers become visible in their order."""
    insert = _INSERT[session.get_bind().dialect.name](SettlementHead)
    session.execute(insert.values(org_id=org_id, number=0).on_conflict_do_nothing())
    move = update(SettlementHead).where(SettlementHead.org_id == org_id).values(number=SettlementHead.number + how_many)
    last: int = session.execute(move.returning(SettlementHead.number)).scalar_one()
    return last - how_many + 1

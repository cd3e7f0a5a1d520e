"""Missed messages once more: the request is a row and an event, the messages are worked out when a transport sends them.

A transport that gets `recovery.requested` asks `messages` for what to send, so that it sends the state of that moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Invalid
from portal.markets.fields import Fixture, row_view
from portal.markets.fixtures import booked
from portal.markets.lists import log_of
from portal.markets.model import RecoveryRequest, Settlement
from portal.markets.views import offer_view, settlement_view
from portal.outbox.emit import emit

FURTHEST = timedelta(days=3)
MOST_ID = 64


@dataclass(frozen=True, slots=True)
class Message:
    """`kind` is odds_change, bet_settlement, bet_cancel or snapshot_complete; `match_id` is "" for the last."""

    kind: str
    match_id: str
    data: dict[str, Any]


def initiate(
    session: Session, org_id: int, actor: Actor, sport: str, after: int, request_id: str, clock: Clock = utc_now
) -> RecoveryRequest:
    """Ask for the messages since `after` (unix milliseconds). Raises Invalid where it lies ahead or more than three days ago."""
    now = clock()
    since = _moment(after)
    if since > now:
        raise Invalid("after", "after lies in the future. Send the time of the last message that you have, in unix milliseconds.")
    if since < now - FURTHEST:
        raise Invalid("after", "after lies more than three days ago. Send a later time and read older settlements by since_id.")
    if not 1 <= len(request_id) <= MOST_ID or not request_id.isprintable():
        raise Invalid("request_id", f"request_id must be 1 to {MOST_ID} printable characters.")
    made = RecoveryRequest(
        org_id=org_id, sport=sport, request_id=request_id, after=since, asked_by=actor.label[:200], created_at=now
    )
    session.add(made)
    session.flush()
    told = {"recovery_id": made.uid, "sport": sport, "request_id": request_id, "after": iso(since)}
    emit(session, org_id, "recovery.requested", made.uid, told)
    return made


def messages(session: Session, asked: RecoveryRequest, clock: Clock = utc_now) -> Iterator[Message]:
    """Per match with offers: its prices, what was settled and what was canceled since; at the end that this was all.

    Three statements whatever the number of matches.
    """
    decided = _decided(session, asked)
    for match in booked(session, asked.org_id, asked.sport, asked.after, clock()):
        head = {"match": row_view(match)}
        standing = [offer_view(offer) for offer in match.offers if offer.status in ("open", "suspended")]
        yield Message("odds_change", match.id, head | {"markets": standing})
        for kind, status in (("bet_settlement", "settled"), ("bet_cancel", "voided")):
            if rows := _latest(match, decided, status):
                yield Message(kind, match.id, head | {"settlements": rows})
    yield Message("snapshot_complete", "", {"request_id": asked.request_id})


def _decided(session: Session, asked: RecoveryRequest) -> dict[str, Settlement]:
    """The latest step of each offer since, by the offer's public id."""
    rows = session.execute(log_of(asked.org_id).where(Settlement.created_at >= asked.after))
    return {uid: row for row, uid in rows}


def _latest(match: Fixture, decided: dict[str, Settlement], status: str) -> list[dict[str, Any]]:
    steps = [(offer, decided[offer.uid]) for offer in match.offers if offer.uid in decided]
    return [{"market": offer_view(offer)} | settlement_view(row, offer.uid) for offer, row in steps if row.new_status == status]


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise Invalid("after", "after must be a time in unix milliseconds.") from None

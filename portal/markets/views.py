"""Offers and settlements as programs see them, in REST answers, live frames and events alike. Pure."""

from typing import Any

from portal.kernel.clock import iso
from portal.markets.model import Offer, Settlement


def offer_view(offer: Offer) -> dict[str, Any]:
    """An offer with its outcomes; `result` is won, lost or void once it is decided, else None."""
    outcomes = [outcome | {"result": result_of(offer, outcome["key"])} for outcome in map(_outcome, offer.outcomes)]
    named = {"id": offer.uid, "match_id": offer.match_uid, "type": offer.type, "label": offer.label}
    decided = {"winner": offer.winner, "settled_by": offer.settled_by}
    return named | {"status": offer.status, "outcomes": outcomes} | decided | {"updated_at": iso(offer.updated_at)}


def result_of(offer: Offer, key: str) -> str | None:
    """What came of one outcome."""
    if offer.status == "settled":
        return "won" if key == offer.winner else "lost"
    return "void" if offer.status == "voided" else None


def settlement_view(row: Settlement, offer_uid: str) -> dict[str, Any]:
    """A step of the log, as FACTS 2 prints it; `id` is its number in the organization's log."""
    named = {"id": row.number, "market_offer_id": offer_uid, "match_id": row.match_uid}
    step = {"previous_status": row.previous_status, "new_status": row.new_status, "outcome": row.outcome}
    by = {"settled_by": row.settled_by, "is_resettlement": row.is_resettlement}
    return named | step | by | {"created_at": iso(row.created_at)}


def _outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    """In this order: a database may keep names in another one."""
    return {name: outcome[name] for name in ("key", "label", "price")}

"""What an operator does with offers on matches of its own: post, price, suspend, settle, void.

Every verb holds the competition's row, as results do: an offer is never decided twice at once, and never posted on a match
whose result is being written.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record, record_all
from portal.competitions.model import Competition, Match, match_by_uid, matches_of
from portal.competitions.participants import Participant, field_of
from portal.competitions.results import has_draws
from portal.competitions.rules import rules_of
from portal.competitions.service import lock
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid, Unprocessable
from portal.markets.engine import stop
from portal.markets.log import Step, offer_data, take
from portal.markets.model import MATCH_WINNER, UNDECIDED, Offer, offer_by_uid, offers_of
from portal.markets.terms import DRAW, Draft, Outcome, check_draft, check_price, check_winner_keys
from portal.outbox.emit import emit, emit_all

MOST_OFFERS = 200  # on one match
MOST_REASON = 500


def post_offer(
    session: Session, competition: Competition, actor: Actor, match_uid: str, draft: Draft, clock: Clock = utc_now
) -> Offer:
    """Offer a market on an open match whose sides are known; it takes bets at once.

    Raises Invalid or Unprocessable naming the field; NotFound; Conflict where the match is over, the competition is not being
    played, the same market stands already or the match has too many.
    """
    check_draft(draft)
    lock(session, competition)
    match = match_by_uid(session, competition, match_uid)
    _check_open(competition, match)
    check_winner_keys(draft, draws=can_end_level(competition))
    if (session.scalar(select(func.count()).where(Offer.match_uid == match.uid)) or 0) >= MOST_OFFERS:
        raise Conflict(f"This match has {MOST_OFFERS} offers, which is as many as it may have.")
    people = field_of(session, competition, {side for side in (match.a_id, match.b_id) if side}).people
    return _posted(session, competition, actor, [_offer(competition, match, draft, people, clock)])[0]


def offer_winners(
    session: Session, competition: Competition, actor: Actor, prices: Mapping[str, str], clock: Clock = utc_now
) -> int:
    """Offer the winner of every open match that has no such offer yet, all at these prices; how many.

    Raises Invalid, Unprocessable or Conflict.
    """
    draft = Draft(MATCH_WINNER, tuple(Outcome(key, price) for key, price in prices.items()))
    check_draft(draft)
    check_winner_keys(draft, draws=can_end_level(competition))
    lock(session, competition)
    if competition.status != "active":
        raise Conflict(f"Offers are made while a competition is active; this one is {competition.status}.")
    offered = select(Offer.match_uid).where(
        Offer.competition_id == competition.id, Offer.type == MATCH_WINNER, Offer.status != "voided"
    )
    ready = Match.status == "pending", Match.a_id.is_not(None), Match.b_id.is_not(None)
    matches = session.scalars(matches_of(competition).where(*ready, Match.uid.not_in(offered))).all()
    people = field_of(session, competition).people if matches else {}
    _posted(session, competition, actor, [_offer(competition, match, draft, people, clock) for match in matches])
    return len(matches)


def change_prices(
    session: Session, competition: Competition, actor: Actor, uid: str, prices: Mapping[str, str], clock: Clock = utc_now
) -> Offer:
    """New prices by the keys of their outcomes; the others keep theirs. Raises Invalid, NotFound, Conflict once decided."""
    for key, price in prices.items():
        check_price(f"prices.{key}"[:60], price)
    lock(session, competition)
    offer = _undecided(session, competition, uid)
    if unknown := sorted(set(prices) - {outcome["key"] for outcome in offer.outcomes}):
        raise Invalid("outcomes", f"This offer has no outcome {unknown[0][:40]}.")
    before = {outcome["key"]: outcome["price"] for outcome in offer.outcomes}
    if all(before[key] == price for key, price in prices.items()):
        return offer
    offer.outcomes = [outcome | {"price": prices.get(outcome["key"], outcome["price"])} for outcome in offer.outcomes]
    _touched(session, competition, actor, offer, "market.updated", clock, before, before | dict(prices))
    return offer


def suspend(session: Session, competition: Competition, actor: Actor, uid: str, clock: Clock = utc_now) -> Offer:
    """Take no more bets for the time being. Raises NotFound, Conflict where it is not open."""
    lock(session, competition)
    offer = _in(offer_by_uid(session, competition, uid), ("open",))
    stop(session, competition, [offer], clock())
    record(session, competition.org_id, actor, "market.suspended", subject_of(offer), {"status": "open"}, {"status": "suspended"})
    return offer


def unsuspend(session: Session, competition: Competition, actor: Actor, uid: str, clock: Clock = utc_now) -> Offer:
    """Take bets again. Raises NotFound, Conflict where it is not suspended or its match is over."""
    lock(session, competition)
    offer = _in(offer_by_uid(session, competition, uid), ("suspended",))
    _check_open(competition, match_by_uid(session, competition, offer.match_uid))
    offer.status = "open"
    _touched(session, competition, actor, offer, "market.unsuspended", clock, {"status": "suspended"}, {"status": "open"})
    return offer


def suspend_all(session: Session, competition: Competition, actor: Actor, clock: Clock = utc_now) -> int:
    """Take no more bets on anything in the competition; how many offers that stopped."""
    lock(session, competition)
    offers = session.scalars(offers_of(competition).where(Offer.status == "open")).all()
    stop(session, competition, offers, clock())
    change = ({"status": "open"}, {"status": "suspended"})
    record_all(session, competition.org_id, actor, [("market.suspended", subject_of(offer), *change) for offer in offers])
    return len(offers)


def settle(
    session: Session,
    competition: Competition,
    actor: Actor,
    uid: str,
    outcome: str,
    reason: str = "",
    clock: Clock = utc_now,
) -> Offer:
    """Decide an offer by hand, or anew: from then on results leave it alone. Raises NotFound, Invalid for an outcome that it
    has not, Conflict where it is settled so already."""
    lock(session, competition)
    offer = offer_by_uid(session, competition, uid)
    if outcome not in [each["key"] for each in offer.outcomes]:
        raise Invalid("outcome", "outcome must be the key of one of this offer's outcomes.")
    if (offer.status, offer.winner, offer.settled_by) == ("settled", outcome, "admin"):
        raise Conflict(f"This offer is settled already: {outcome} won.")
    return _decided(session, competition, actor, Step(offer, "settled", outcome, "admin", checked_reason(reason)), clock)


def void(session: Session, competition: Competition, actor: Actor, uid: str, reason: str = "", clock: Clock = utc_now) -> Offer:
    """Call an offer off, decided or not: stakes go back. Raises NotFound, Conflict where it is voided already."""
    lock(session, competition)
    offer = _in(offer_by_uid(session, competition, uid), ("open", "suspended", "settled"))
    return _decided(session, competition, actor, Step(offer, "voided", None, "admin", checked_reason(reason)), clock)


def can_end_level(competition: Competition) -> bool:
    """Is a draw one of the ways in which its matches end?"""
    return has_draws(rules_of(competition.type, competition.rules))


def checked_reason(reason: str) -> str:
    """Raises Invalid."""
    if len(reason) > MOST_REASON:
        raise Invalid("reason", f"reason has {len(reason)} characters. Use at most {MOST_REASON}.")
    return reason.strip()


def subject_of(offer: Offer) -> tuple[str, object, str]:
    """The offer as the audit log names it."""
    return ("offer", offer.uid, offer.label)


def _offer(competition: Competition, match: Match, draft: Draft, people: Mapping[int, Participant], clock: Clock) -> Offer:
    now = clock()
    names = {key: people[side].name for key, side in (("a", match.a_id), ("b", match.b_id)) if side} | {DRAW: "Draw"}
    outcomes = [
        {"key": each.key, "label": each.label or names.get(each.key, each.key), "price": each.price} for each in draft.outcomes
    ]
    return Offer(
        org_id=competition.org_id,
        competition_id=competition.id,
        match_uid=match.uid,
        type=draft.type,
        label=draft.label.strip() or draft.type.replace("_", " ").capitalize(),
        outcomes=outcomes,
        status="open",
        created_at=now,
        updated_at=now,
    )


def _posted(session: Session, competition: Competition, actor: Actor, offers: Sequence[Offer]) -> Sequence[Offer]:
    competition.has_offers = competition.has_offers or bool(offers)
    session.add_all(offers)
    session.flush()
    told = [("market.created", offer.uid, offer_data(competition, offer)) for offer in offers]
    emit_all(session, competition.org_id, told)
    notes = [("market.created", subject_of(offer), None, _facts(competition, offer)) for offer in offers]
    record_all(session, competition.org_id, actor, notes)
    return offers


def _touched(
    session: Session,
    competition: Competition,
    actor: Actor,
    offer: Offer,
    name: str,
    clock: Clock,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    offer.updated_at = clock()
    session.flush()
    emit(session, competition.org_id, name, offer.uid, offer_data(competition, offer))
    record(session, competition.org_id, actor, name, subject_of(offer), before, after)


def _decided(session: Session, competition: Competition, actor: Actor, step: Step, clock: Clock) -> Offer:
    offer = step.offer
    before: dict[str, Any] = {"status": offer.status, "outcome": offer.winner, "reason": None}
    take(session, competition, actor, [step], clock())
    after = {"status": offer.status, "outcome": offer.winner, "reason": step.reason or None}
    record(session, competition.org_id, actor, f"market.{offer.status}", subject_of(offer), before, after)
    return offer


def _facts(competition: Competition, offer: Offer) -> dict[str, Any]:
    prices = {outcome["key"]: outcome["price"] for outcome in offer.outcomes}
    return {"competition": competition.uid, "match": offer.match_uid, "type": offer.type} | prices


def _check_open(competition: Competition, match: Match) -> None:
    if competition.status != "active":
        raise Conflict(f"Offers are made while a competition is active; this one is {competition.status}.")
    if match.status != "pending":
        raise Conflict(f"Match {match.number} is over: nobody can bet on it any more.")
    if match.a_id is None or match.b_id is None:
        raise Unprocessable("match_id", f"Match {match.number} still waits for a side. Offer it when both are known.")


def _undecided(session: Session, competition: Competition, uid: str) -> Offer:
    return _in(offer_by_uid(session, competition, uid), UNDECIDED)


def _in(offer: Offer, statuses: Collection[str]) -> Offer:
    if offer.status not in statuses:
        raise Conflict(f"This offer is {offer.status}.")
    return offer

"""Offers follow the matches by themselves, in the transaction that changes the match.

What a result does to the offers of its match:
- `match_winner` settles with the side that won, or with `draw`; a draw that was not offered voids it, stakes go back.
- Only a match that was played settles: a walkover, a no-show, a match called off void it.
- A corrected result settles it anew; one that is taken back leads it back to suspended.
- Other markets stop taking bets when the match is over and wait for an admin.
- Whatever stood on other sides, or on a match that fell away, or in a competition that is canceled, is void.
What an admin decided by hand stays, unless the sides themselves change.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions.consequences import Consequences, Reporting
from portal.competitions.model import Competition
from portal.competitions.results import words
from portal.formats.plan import Match, Outcome
from portal.markets.log import Step, offer_data, take
from portal.markets.model import MATCH_WINNER, UNDECIDED, Offer, offers_of
from portal.outbox.emit import emit_all


def follow(session: Session, competition: Competition, seen: Consequences, reporting: Reporting) -> None:
    """Settle, re-settle, void or suspend what stands on the matches that changed. Nothing is asked where there never were
    offers."""
    if not competition.has_offers:
        return
    changed = {seen.uids[match.number]: match for match in seen.changes.matches}
    gone = {seen.uids[number] for number in seen.changes.removed}
    on_them = Offer.match_uid.in_([*changed, *gone])
    offers = session.scalars(select(Offer).where(on_them).order_by(Offer.id).execution_options(populate_existing=True)).all()
    steps, stopped = [], []
    for offer in offers:
        before = seen.held.plan.matches.get(changed[offer.match_uid].number) if offer.match_uid in changed else None
        step = step_of(offer, before, changed.get(offer.match_uid))
        if step is not None:
            steps.append(step)
        elif offer.status == "open" and changed[offer.match_uid].over:
            stopped.append(offer)
    take(session, competition, reporting.actor, steps, reporting.now)
    stop(session, competition, stopped, reporting.now)


def step_of(offer: Offer, before: Match | None, after: Match | None) -> Step | None:
    """Where an offer goes when its match changes so (None: it fell away). None where it stays. Pure."""
    if after is None or (before is not None and (before.a, before.b) != (after.a, after.b)):
        return _void(offer, "system", "The match fell away." if after is None else "The sides of the match changed.")
    if offer.type != MATCH_WINNER or offer.settled_by in ("admin", "system"):
        return None
    if not after.over:
        return _reopened(offer)
    keys = {outcome["key"] for outcome in offer.outcomes}
    if after.outcome is not Outcome.PLAYED or after.winner not in keys:
        return _void(offer, "engine", f"{words(after)}: stakes go back.")
    if (offer.status, offer.winner) == ("settled", after.winner):
        return None
    return Step(offer, "settled", after.winner, "engine", words(after))


def void_undecided(session: Session, competition: Competition, actor: Actor, now: datetime) -> None:
    """The competition is canceled: nothing that still waits will be played."""
    offers = session.scalars(offers_of(competition).where(Offer.status.in_(UNDECIDED))).all()
    steps = [Step(offer, "voided", None, "system", "The competition was canceled.") for offer in offers]
    take(session, competition, actor, steps, now)


def stop(session: Session, competition: Competition, offers: Sequence[Offer], now: datetime) -> None:
    """Take no more bets on these open offers, and tell."""
    for offer in offers:
        offer.status, offer.updated_at = "suspended", now
    session.flush()
    emit_all(session, competition.org_id, list(_told(competition, "market.suspended", offers)))


def _told(competition: Competition, name: str, offers: Sequence[Offer]) -> Iterator[tuple[str, str, dict[str, object]]]:
    for offer in offers:
        yield name, offer.uid, offer_data(competition, offer)


def _void(offer: Offer, by: str, reason: str) -> Step | None:
    return None if offer.status == "voided" else Step(offer, "voided", None, by, reason)


def _reopened(offer: Offer) -> Step | None:
    """An operator decides when bets are taken again."""
    return None if offer.status in UNDECIDED else Step(offer, "suspended", None, "engine", "The result was taken back.")

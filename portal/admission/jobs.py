"""Periodic work on what admission keeps: signatures that were used, answers kept for an Idempotency-Key."""

from datetime import timedelta

from portal.admission import idempotency, wallet
from portal.kernel.clock import Clock, utc_now
from portal.kernel.db import unit_of_work

# Far longer than a signature is good for, so that no clock can be so wrong that one is accepted again.
SIGNATURES_KEPT = timedelta(days=1)


def prune(clock: Clock = utc_now) -> None:
    """Forget what can no longer matter; each table in a unit of work of its own, so that no lock is held for long."""
    now = clock()
    with unit_of_work() as session:
        wallet.prune(session, now - SIGNATURES_KEPT)
    with unit_of_work() as session:
        idempotency.prune(session, now - idempotency.KEPT)

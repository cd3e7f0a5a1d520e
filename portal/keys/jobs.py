"""What is done to keys without anybody asking."""

from datetime import timedelta

from sqlalchemy import delete, or_

from portal.kernel.clock import Clock, utc_now
from portal.kernel.db import unit_of_work
from portal.keys.attention import tell_expiring
from portal.keys.model import Caller, KeySecret, RefusedCall, UsageHour

KEPT = timedelta(days=90)


def tell_expiring_keys(clock: Clock = utc_now) -> None:
    """Tell of keys that expire soon, a batch in each unit of work until nobody is left to be told of."""
    looked_at = 1
    while looked_at:
        with unit_of_work() as session:
            looked_at = tell_expiring(session, clock())


def prune_usage(clock: Clock = utc_now) -> None:
    """Forget counts, callers, refused calls and dead secrets after 90 days. The audit log is not touched.

    Each table in a unit of work of its own, so that no lock is held for long.
    """
    before = clock() - KEPT
    for statement in (
        delete(UsageHour).where(UsageHour.hour < before),
        delete(Caller).where(Caller.last_at < before),
        delete(RefusedCall).where(RefusedCall.at < before),
        delete(KeySecret).where(or_(KeySecret.ended_at < before, KeySecret.dies_at < before)),
    ):
        with unit_of_work() as session:
            session.execute(statement, execution_options={"synchronize_session": False})

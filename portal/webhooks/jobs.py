"""Work of the webhooks room that no request waits for. Each step is a unit of work of its own."""

from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict
from portal.kernel.log import log
from portal.kernel.sweeping import one_by_one
from portal.webhooks import health, recoveries
from portal.webhooks.forgetting import forget_old

RUN_RECOVERY = "portal.webhooks.jobs.run_recovery"


def run_recovery(recovery_id: int) -> None:
    """Send what one endpoint was never given, chunk by chunk; nothing happens where another worker is at it."""
    with unit_of_work() as session:
        lease = recoveries.claim_recovery(session, recovery_id)
    more = lease is not None
    while more:
        try:
            with unit_of_work() as session:
                more = recoveries.recover_chunk(session, recovery_id, lease or "")
        except Conflict as error:
            log.warning("a recovery was left", recovery=recovery_id, why=error.message)
            with unit_of_work() as session:
                recoveries.give_up(session, recovery_id, lease or "")
            return


def sweep_recoveries() -> None:
    """Periodic: take up orders whose doorbell was not heard or whose worker died."""
    with unit_of_work() as session:
        due = recoveries.due_recoveries(session)
    one_by_one("a recovery", due, run_recovery)


def judge_endpoints() -> None:
    """Periodic: warn about endpoints that fail, and switch off those that go on failing."""
    with unit_of_work() as session:
        health.judge(session)


def forget_deliveries() -> None:
    """Periodic: remove deliveries that were over three months ago."""
    with unit_of_work() as session:
        forget_old(session)

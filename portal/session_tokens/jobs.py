"""Work of the links room that no request waits for. Each step is a unit of work of its own."""

from flask import current_app

from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict
from portal.kernel.log import log
from portal.kernel.sweeping import one_by_one
from portal.session_tokens import batches

RUN_BATCH = "portal.session_tokens.jobs.run_batch"


def run_batch(batch_id: int) -> None:
    """Make the links of one batch, chunk by chunk; nothing happens where another worker holds it."""
    master = current_app.config["SETTINGS"].master
    with unit_of_work() as session:
        lease = batches.claim(session, batch_id)
    more = lease is not None
    while more:
        try:
            with unit_of_work() as session:
                more = batches.do_chunk(session, master, batch_id, lease or "")
        except Conflict:
            log.warning("lost the lease of a batch of links", batch=batch_id)
            return


def sweep_batches() -> None:
    """Periodic: take up batches whose doorbell was not heard or whose worker died, and forget what has served its time."""
    with unit_of_work() as session:
        batches.give_up_stuck(session)
        batches.erase_old(session)
        due = batches.due_batches(session)
    one_by_one("a batch of links", due, run_batch)

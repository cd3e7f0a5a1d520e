"""Work of the event feeds that no request waits for."""

from portal.kernel.db import unit_of_work
from portal.transports.forgetting import forget_old


def forget_messages() -> None:
    """Periodic: remove messages that were over three months ago."""
    with unit_of_work() as session:
        forget_old(session)

"""Is the clock of this process the database's? Due times, leases and signatures follow the database's; expiry of keys and
what people read follows this one, so that a difference is told (RELIABILITY F19)."""

import time
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from portal.kernel.clock import utc_now
from portal.kernel.db import database_now, reading
from portal.kernel.log import log

MOST_SECONDS = 30.0
EVERY_SECONDS = 60.0


def compare_clocks(connection: Connection) -> tuple[float, datetime]:
    """How many seconds this process is ahead of the database, and the moment there."""
    before = utc_now()
    now = connection.scalar(select(database_now()))
    assert now is not None
    return ((before - now) + (utc_now() - now)).total_seconds() / 2, now


class ClockWatch:
    """Tells the log, once a minute at most, that the clocks differ."""

    def __init__(self) -> None:
        self._due = 0.0

    def look(self) -> None:
        """Asks the database once a minute."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_SECONDS
        with reading() as connection:
            ahead, _ = compare_clocks(connection)
        if abs(ahead) > MOST_SECONDS:
            log.error("the clock of this machine is not the database's; set it by NTP", seconds_ahead=round(ahead, 1))

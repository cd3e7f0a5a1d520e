"""How far behind the relay is, and this machine's clock, for whoever watches the installation."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from portal.kernel.db import reading
from portal.outbox.model import Event
from portal.outbox.skew import compare_clocks


def figures() -> Iterable[Metric]:
    """Events that the relay has not handed on, and how far the clock of this process is ahead of the database's."""
    with reading() as connection:
        ahead, now = compare_clocks(connection)
        waiting, oldest = connection.execute(
            select(func.count(), func.min(Event.created_at)).where(Event.position.is_(None))
        ).one()
    yield GaugeMetricFamily("tiltyard_events_waiting", "Events that were not handed on yet.", waiting)
    words = "How long the oldest event has waited to be handed on: the lag of the relay."
    yield GaugeMetricFamily("tiltyard_events_oldest_waiting_seconds", words, age(oldest, now))
    words = "How far the clock of this process is ahead of the database's."
    yield GaugeMetricFamily("tiltyard_clock_ahead_seconds", words, ahead)


def age(since: datetime | None, now: datetime) -> float:
    """Seconds, 0 for nothing."""
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0

"""How event feeds fare all over the installation, for whoever watches it. Nothing here names an organization."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from portal.kernel.db import database_now, reading
from portal.outbox.figures import age
from portal.transports.model import Transport, TransportMessage


def figures() -> Iterable[Metric]:
    """What waits on feeds that are switched on, and how many of those fail."""
    serving = Transport.status == "enabled", Transport.deleted_at.is_(None)
    waiting = select(func.count(), func.min(TransportMessage.created_at)).join(
        Transport, Transport.id == TransportMessage.transport_id
    )
    with reading() as connection:
        now = connection.scalar(select(database_now()))
        assert now is not None
        count, oldest = connection.execute(waiting.where(TransportMessage.state == "pending", *serving)).one()
        failing = connection.scalar(select(func.count()).select_from(Transport).where(*serving, Transport.failures > 0))
    yield GaugeMetricFamily("tiltyard_feed_messages_waiting", "Messages of event feeds that were not sent yet.", count)
    words = "How long the oldest message of an event feed has waited."
    yield GaugeMetricFamily("tiltyard_feed_messages_oldest_seconds", words, age(oldest, now))
    yield GaugeMetricFamily("tiltyard_feeds_failing", "Event feeds whose last turn failed.", failing or 0)

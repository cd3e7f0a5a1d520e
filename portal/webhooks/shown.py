"""What the webhook pages say of endpoints and deliveries: names, states in words, figures for charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from portal.web.tables import Badge
from portal.webhooks.health import STATES, state_of
from portal.webhooks.model import Delivery, Endpoint, EndpointHour

HOUR = timedelta(hours=1)
HEALTH = {
    "healthy": Badge("Healthy", "live"),
    "failing": Badge("Failing", "failing"),
    "throttled": Badge("Throttled", "warning"),
    "paused": Badge("Paused", "open"),
    "disabled": Badge("Disabled", "done"),
}
HEALTH_ICONS = {
    "healthy": "circle-check",
    "failing": "alert-circle",
    "throttled": "hourglass",
    "paused": "player-pause",
    "disabled": "ban",
}
HEALTH_CHOICES = [(state, HEALTH[state].word) for state in STATES]
DELIVERY = {
    "pending": Badge("Pending", "open"),
    "sending": Badge("Sending", "open"),
    "delivered": Badge("Delivered", "live"),
    "failed": Badge("Failed", "failing"),
    "canceled": Badge("Canceled", "done"),
}
RETRYING = Badge("Retrying", "warning")


@dataclass(frozen=True)
class Tries:
    """Tries hour by hour, gaps filled with zero; `latency` is the mean of each hour in milliseconds."""

    starts: tuple[datetime, ...]
    delivered: tuple[int, ...]
    failed: tuple[int, ...]
    latency: tuple[int, ...]

    @property
    def all(self) -> list[int]:
        """Of each hour, however they went."""
        return [good + bad for good, bad in zip(self.delivered, self.failed, strict=True)]

    @property
    def total(self) -> int:
        return sum(self.all)

    @property
    def mean(self) -> int:
        """Milliseconds of a try, over the whole time."""
        spent = sum(ms * count for ms, count in zip(self.latency, self.all, strict=True))
        return round(spent / self.total) if self.total else 0

    @property
    def finding(self) -> str:
        """The chart's title."""
        if not self.total:
            return "No tries in the last 7 days"
        share = sum(self.failed) / self.total
        said = f"{share:.1%} failed" if share >= 0.001 else "less than 0.1% failed"
        said = {0.0: "none failed", 1.0: "all failed"}.get(share, said)
        return f"{self.total:,} {'try' if self.total == 1 else 'tries'} in the last 7 days, {said}"

    @property
    def latency_finding(self) -> str:
        """The title of the chart of times."""
        return f"Answers took {self.mean:,} ms on average" if self.total else "No answers to time yet"


def tries_of(rows: Sequence[EndpointHour], now: datetime, hours: int) -> Tries:
    """The last `hours` hours, the present one included."""
    last = now.replace(minute=0, second=0, microsecond=0)
    starts = tuple(last - HOUR * back for back in range(hours - 1, -1, -1))
    by_hour = {row.hour: row for row in rows}
    found = [by_hour.get(start) for start in starts]
    failed = tuple(row.failed if row else 0 for row in found)
    delivered = tuple(row.tries - row.failed if row else 0 for row in found)
    latency = tuple(round(row.took_ms / row.tries) if row and row.tries else 0 for row in found)
    return Tries(starts, delivered, failed, latency)


def name_of(endpoint: Endpoint) -> str:
    """Its description, or else the host that it leads to."""
    return endpoint.description or urlsplit(endpoint.url).netloc


def health_of(endpoint: Endpoint, now: datetime) -> Badge:
    """In a word."""
    return HEALTH[state_of(endpoint, now)]


def badge_of(delivery: Delivery) -> Badge:
    """A delivery's state in a word; one that failed and is tried again says so."""
    return RETRYING if delivery.state == "pending" and delivery.tries else DELIVERY[delivery.state]


def answer_of(delivery: Delivery) -> str:
    """What came back last: the status, or why there is none."""
    if delivery.response_status is not None:
        return str(delivery.response_status)
    return delivery.error


def pretty(size: int) -> str:
    """`16384` → `16.4 kB`."""
    return f"{size / 1000:,.1f} kB" if size >= 1000 else f"{size} bytes"

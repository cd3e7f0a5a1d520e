"""`/metrics` of a stream process: each knows its own connections only, so each is asked for itself."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from portal.streaming.entry import Scope, headers_of, peer_of
from portal.streaming.hub import Hub
from portal.web.client_ip import parse_address
from portal.web.metrics import asked, counted, may_read

KINDS = ("socket", "page")


def exposed(hub: Hub, scope: Scope) -> bytes | None:
    """The text for Prometheus, None for whom it is not: the rule of web's `/metrics`."""
    headers = headers_of(scope)
    peer, forwarded = parse_address(peer_of(scope)), bool(headers.getlist("X-Forwarded-For"))
    if not may_read(hub.settings, headers.get("Authorization", ""), peer, forwarded=forwarded):
        return None
    return counted() + asked([lambda: _figures(hub)])


def _figures(hub: Hub) -> Iterator[Metric]:
    taken = sum((tenant.taken for tenant in hub.tenants.values()), Counter[str]())
    connections = GaugeMetricFamily(
        "tiltyard_stream_connections", "Who is connected: WebSockets of the feed, followers of pages.", labels=["kind"]
    )
    for kind in KINDS:
        connections.add_metric([kind], taken[kind])
    yield connections
    words = "Organizations that somebody listens to or follows."
    yield GaugeMetricFamily("tiltyard_stream_organizations", words, len(hub.tenants))

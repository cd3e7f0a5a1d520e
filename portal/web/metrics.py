"""What Prometheus scrapes. With several processes on a machine the counts are shared through files (PROMETHEUS_MULTIPROC_DIR)."""

import ipaddress
import os
from functools import lru_cache

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from portal.kernel.crypto import same
from portal.kernel.errors import NotFound
from portal.web.client_ip import parse_address

requests = Counter("tiltyard_requests_total", "Requests answered.", ["route", "status"])
seconds = Histogram(
    "tiltyard_request_seconds", "Time to answer.", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
)
admissions = Counter("tiltyard_admissions_total", "API calls by outcome: ok or the reason of refusal.", ["outcome"])
limiter_fallbacks = Counter("tiltyard_limiter_fallbacks_total", "API calls limited per process because Redis did not answer.")

pages = Blueprint("metrics", __name__)


@lru_cache(maxsize=4096)
def _request_counts(route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of a route, looked up once: the library takes a lock each time."""
    return requests.labels(route, status), seconds.labels(route)


def count_request(route: str, status: int, taken: float) -> None:
    """One answer with `status` after `taken` seconds. `route` is a pattern, so that there are few."""
    count, time = _request_counts(route, status)
    count.inc()
    time.observe(taken)


@lru_cache(maxsize=64)
def admission_count(outcome: str) -> Counter:
    """The series of an outcome."""
    return admissions.labels(outcome)


@pages.get("/metrics")
def metrics() -> Response:
    """Open to a caller with TILTYARD_METRICS_TOKEN; without one set, to this machine only and never in production."""
    if not _allowed():
        raise NotFound("There is nothing at this address.")
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _allowed() -> bool:
    settings = current_app.config["SETTINGS"]
    if settings.metrics_token:
        return same(request.headers.get("Authorization", ""), f"Bearer {settings.metrics_token}")
    if settings.production or request.headers.getlist("X-Forwarded-For"):
        return False
    peer = parse_address(request.environ.get("REMOTE_ADDR") or "")
    return isinstance(peer, ipaddress.IPv4Address | ipaddress.IPv6Address) and peer.is_loopback

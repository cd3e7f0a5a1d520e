"""What Prometheus scrapes. With several processes on a machine the counts are shared through files (PROMETHEUS_MULTIPROC_DIR)."""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings
from portal.kernel.crypto import same
from portal.kernel.errors import NotFound
from portal.kernel.log import log
from portal.web.client_ip import Address, parse_address

requests = Counter("tiltyard_requests_total", "Requests answered.", ["route", "status"])
seconds = Histogram(
    "tiltyard_request_seconds", "Time to answer.", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
)
admissions = Counter("tiltyard_admissions_total", "API calls by outcome: ok or the reason of refusal.", ["outcome"])
limiter_fallbacks = Counter("tiltyard_limiter_fallbacks_total", "API calls limited per process because Redis did not answer.")

pages = Blueprint("metrics", __name__)

# Figures worked out when they are asked for. Rooms have them; `create_app` puts them into `extensions["figures"]`.
Figures = Callable[[], Iterable[Metric]]


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
    settings, headers = current_app.config["SETTINGS"], request.headers
    peer = parse_address(request.environ.get("REMOTE_ADDR") or "")
    if not may_read(settings, headers.get("Authorization", ""), peer, forwarded=bool(headers.getlist("X-Forwarded-For"))):
        raise NotFound("There is nothing at this address.")
    return Response(counted() + asked(current_app.extensions["figures"]), content_type=CONTENT_TYPE_LATEST)


def may_read(settings: Settings, authorization: str, peer: Address | None, *, forwarded: bool) -> bool:
    """Are the figures for this caller? `peer` is the other end of the connection, `forwarded` whether a proxy named another."""
    if settings.metrics_token:
        return same(authorization, f"Bearer {settings.metrics_token}")
    return not settings.production and not forwarded and peer is not None and peer.is_loopback


def counted() -> bytes:
    """What this process counted, or all of this machine that share files."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry)


def asked(figures: Sequence[Figures]) -> bytes:
    """What these say now. Where the database is away they are missing, and one figure says so."""
    registry = CollectorRegistry()
    registry.register(_Asked(figures))
    return generate_latest(registry)


class _Asked:
    def __init__(self, figures: Sequence[Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        try:
            found = [metric for each in self._figures for metric in each()]
        except SQLAlchemyError as error:
            log.warning("figures could not be asked for", error=type(error).__name__)
            found = None
        yield GaugeMetricFamily("tiltyard_figures_known", "0 while the database does not answer.", int(found is not None))
        yield from found or ()

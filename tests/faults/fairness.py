"""How long a healthy tenant's deliveries take from the commit to the arrival, beside one whose endpoints all hang."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Self
from unittest import mock

from portal.audit.service import SYSTEM
from portal.kernel.db import after_commit, unit_of_work
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.webhooks import claiming, service
from tests.faults.hanging import black_hole
from tests.faults.scene import TYPE, Scene
from tests.make import Make, Org
from tests.servers import wait_until

PATH = "/healthy"


@dataclass(frozen=True)
class Figures:
    """Seconds from the commit to the arrival."""

    median: float
    p95: float

    @classmethod
    def of(cls, waits: Sequence[float]) -> Self:
        return cls(median(waits), quantiles(waits, n=20)[-1])

    def __str__(self) -> str:
        return f"median {self.median * 1000:.0f} ms, p95 {self.p95 * 1000:.0f} ms"


@contextmanager
def crowd(scene: Scene, endpoints: int, events: int = 3) -> Iterator[Org]:
    """A tenant with so many endpoints that hang, and events for all of them; it has all in flight that it may have."""
    with black_hole() as url:
        org = hanging_tenant(scene, endpoints, url)
        scene.tell(org, events)
        yield org


def hanging_tenant(scene: Scene, endpoints: int, url: str) -> Org:
    """Over the limit of endpoints, which is not what is measured here."""
    with scene.app.app_context(), mock.patch.object(service, "MOST_ENDPOINTS", endpoints):
        org = Make(scene.app).org("Hanging")
        with unit_of_work() as session:
            owner, settings = session.get_one(Organization, org.id), scene.app.config["SETTINGS"]
            for _ in range(endpoints):
                service.create_endpoint(session, owner, SYSTEM, settings, {"url": url, "types": [TYPE]})
    return org


def healthy_tenant(scene: Scene) -> Org:
    """One endpoint, which answers at once at PATH."""
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org("Healthy")
        make.webhook(org, scene.receiver.url(PATH), [TYPE])
    return org


def wait_until_full(scene: Scene, org: Org, count: int = claiming.ORG_CAP) -> None:
    """Until workers hold so many deliveries of the organization."""
    wait_until(lambda: scene.states(org)["sending"] >= count, f"{count} deliveries that hang")


def measure(scene: Scene, org: Org, count: int, gap: float) -> Figures:
    """`count` events of a healthy tenant, one every `gap` seconds, each waited for."""
    waits = []
    for _ in range(count):
        before, committed = len(scene.receiver.at(PATH)), tell(scene, org)
        waits.append(scene.receiver.wait(before + 1, PATH, 60)[-1].at - committed)
        time.sleep(gap)
    return Figures.of(waits)


def tell(scene: Scene, org: Org) -> float:
    """One event; the moment of its commit, in seconds of the steady clock."""
    moments: list[float] = []
    with scene.app.app_context(), unit_of_work() as session:
        after_commit(session, lambda: moments.append(time.monotonic()))
        emit(session, org.id, TYPE, "x", {})
    return moments[0]

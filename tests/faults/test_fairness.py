"""T33 and T34: one tenant's endpoints hold up no other tenant's deliveries, and hit nobody harder than its allowance."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.webhooks.model import Allowance
from portal.webhooks.recording import GONE_REASON
from tests.faults.fairness import PATH, crowd, hanging_tenant, healthy_tenant, measure, tell, wait_until_full
from tests.faults.hanging import black_hole
from tests.servers import wait_until
from tests.webhooks.receiver import status

pytestmark = pytest.mark.processes
ENDPOINTS = 120  # `python -m tests.faults.soak --hanging 500` is the long version
NOISE = 0.1  # seconds by which a machine that runs other tests at once may be late


def test_a_tenant_whose_endpoints_hang_leaves_the_others_as_fast_as_before(scene):
    org = healthy_tenant(scene)
    scene.start()
    measure(scene, org, 3, 0)
    alone = measure(scene, org, 20, 0.02)
    with crowd(scene, ENDPOINTS) as hanging:
        wait_until_full(scene, hanging)
        beside = measure(scene, org, 20, 0.02)
        assert scene.states(hanging)["sending"] == 50 and "delivered" not in scene.states(hanging)
    assert beside.median <= 2 * alone.median + NOISE, (alone, beside)
    assert beside.p95 <= 2 * alone.p95 + 3 * NOISE, (alone, beside)


def test_eight_tenants_whose_endpoints_hang_do_not_fill_a_worker(scene):
    """Each may have fifty in flight, the worker 256. With caps alone the first one waits until a try hung for 15 seconds."""
    org = healthy_tenant(scene)
    scene.start()
    measure(scene, org, 3, 0)
    with black_hole() as url:
        hanging = [hanging_tenant(scene, 5, url) for _ in range(8)]
        for each in hanging:
            scene.tell(each, 10)
        wait_until(lambda: sum(scene.states(each)["sending"] for each in hanging) >= 230, "a worker that is nearly full")
        beside = measure(scene, org, 20, 0.02)
    assert beside.p95 < 5, beside


def test_the_measurement_would_find_a_worker_without_caps(scene):
    """The wrong twin: every slot is taken until something times out."""
    org = healthy_tenant(scene)
    scene.start(module="tests.faults.uncapped_worker")
    with crowd(scene, ENDPOINTS) as hanging:
        wait_until_full(scene, hanging, scene.app.config["SETTINGS"].webhook_in_flight)
        tell(scene, org)
        time.sleep(1)
        assert scene.receiver.at(PATH) == []


def test_an_organization_is_no_cannon(scene):
    """T34, counted at the victim: so many in an hour from all its webhooks together, nothing dropped, and 410 ends it."""
    scene.receiver.answers["/"] = status(200)
    org = scene.tenant(endpoints=2)
    scene.tell(org, 60)
    scene.start(TILTYARD_WEBHOOK_HOURLY="30")
    scene.receiver.wait(30)
    time.sleep(2)  # two sweeps
    assert len(scene.receiver.arrivals) == 30
    assert scene.states(org) == {"delivered": 30, "pending": 90}
    scene.receiver.answers["/"] = status(410)
    with scene.app.app_context(), unit_of_work() as session:
        session.execute(update(Allowance).where(Allowance.org_id == org.id).values(hour_from=utc_now() - timedelta(hours=1)))
    wait_until(lambda: {each.status for each in scene.endpoints(org)} == {"auto_off"}, "every webhook off", 30)
    assert 30 < (hits := len(scene.receiver.arrivals)) <= 60
    assert {each.status_reason for each in scene.endpoints(org)} == {GONE_REASON}
    time.sleep(2)
    assert len(scene.receiver.arrivals) == hits and scene.states(org)["pending"] == 0

"""T33: endpoints of one tenant that hang leave another tenant's deliveries as fast as they were."""

import time

import pytest

from tests.faults.fairness import PATH, crowd, healthy_tenant, measure, tell, wait_until_full

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


def test_the_measurement_would_find_a_worker_without_caps(scene):
    """The wrong twin: every slot is taken until something times out."""
    org = healthy_tenant(scene)
    scene.start(module="tests.faults.uncapped_worker")
    with crowd(scene, ENDPOINTS) as hanging:
        wait_until_full(scene, hanging, scene.app.config["SETTINGS"].webhook_in_flight)
        tell(scene, org)
        time.sleep(1)
        assert scene.receiver.at(PATH) == []

"""The figures of deliveries say what is due, what is held and why, and that nobody is behind once all is sent."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.webhooks import service
from portal.webhooks.figures import figures
from portal.webhooks.model import Allowance, Delivery, Endpoint
from tests.webhooks.office import bad


@pytest.fixture
def now(app, office):
    """What the figures say at this moment, by name and label. What other tests left is canceled first, so that it stays put."""
    office.hand_on()
    with unit_of_work() as session:
        session.execute(update(Delivery).where(Delivery.due_at.is_not(None)).values(state="canceled", due_at=None))
        session.execute(update(Endpoint).values(next_due_at=None))

    def ask() -> dict[str, float]:
        with app.app_context():
            samples = [sample for metric in figures() for sample in metric.samples]
        return {"".join([sample.name.removeprefix("tiltyard_"), *sample.labels.values()]): sample.value for sample in samples}

    return ask


@pytest.fixture
def since(now):
    """What has changed since the test began: other tests leave things behind."""
    before = now()
    return lambda name: now()[name] - before[name]


def test_each_open_delivery_is_due_sent_retried_or_held(office, since):
    uid = office.endpoint(in_flight_cap=2)
    office.tell(5)
    assert (since("deliveriesdue"), since("deliveriessending")) == (5, 0)
    first, second = office.claim()
    assert (since("deliveriesdue"), since("deliveriessending")) == (3, 2)
    office.record([first])
    office.record([second], bad())
    assert (since("deliveriesdue"), since("deliveriessending"), since("deliveriesretrying")) == (3, 0, 1)
    office.do(service.pause, uid, SYSTEM)
    assert (since("deliveriesdue"), since("deliveriesheld")) == (0, 4)
    office.do(service.delete_endpoint, uid, SYSTEM)
    assert since("deliveriesheld") == 0


def test_what_is_over_the_hour_s_allowance_is_held(app, office, since):
    office.endpoint(in_flight_cap=50)
    office.tell(6)
    office.record(office.claim(hourly=4))
    assert (since("deliveriesdue"), since("deliveriesheld")) == (2, 0)
    used = {"sent": app.config["SETTINGS"].webhook_hourly}
    with unit_of_work() as session:
        session.execute(update(Allowance).where(Allowance.org_id == office.org.id).values(used))
    assert (since("deliveriesdue"), since("deliveriesheld")) == (0, 2)


def test_a_lease_that_ended_is_due_again(office, since):
    office.endpoint()
    office.tell(1)
    office.claim()
    office.pass_time(timedelta(minutes=1))
    assert (since("deliveriesdue"), since("deliveriessending")) == (1, 0)


def test_age_and_turn_grow_while_nobody_works_and_fall_when_all_is_sent(office, now):
    """F06: what was due for a day is older than anything that other tests left."""
    office.endpoint()
    office.tell(3)
    office.pass_time(timedelta(days=1))
    waiting = now()
    assert waiting["deliveries_oldest_due_seconds"] >= 86_400
    assert waiting["deliveries_turn_seconds"] < 86_400, "it was looked at a moment ago, when it was made"
    claimed = office.claim()
    office.record(claimed[:1])
    assert now()["deliveries_oldest_due_seconds"] < 86_400
    office.record(claimed[1:])
    assert now()["deliveries_oldest_due_seconds"] < 86_400


def test_outcomes_and_health_are_counted(office, since):
    uid = office.endpoint()
    assert since("webhookshealthy") == 1
    office.tell(3)
    claimed = office.claim()
    office.record(claimed[:2])
    office.record(claimed[2:], bad())
    assert (since("delivery_triesdelivered"), since("delivery_triesfailed")) == (2, 1)
    assert (since("webhookshealthy"), since("webhooksfailing")) == (0, 1)
    office.do(service.disable, uid, SYSTEM)
    assert (since("webhooksfailing"), since("webhooksdisabled")) == (0, 1)

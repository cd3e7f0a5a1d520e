"""What is long over goes, and nothing else."""

from datetime import timedelta

from sqlalchemy import select

from portal.kernel.db import unit_of_work
from portal.webhooks.forgetting import KEPT, forget_old
from portal.webhooks.model import Delivery
from tests.webhooks.office import bad


def test_only_what_was_over_three_months_ago_is_forgotten(office, monkeypatch):
    monkeypatch.setattr("portal.webhooks.forgetting.AT_ONCE", 1_000_000)
    uid = office.endpoint()
    office.tell(4)
    claimed = office.claim()
    office.record(claimed[:2])
    office.record(claimed[2:], bad())
    rows = office.new(uid)
    with unit_of_work() as session:
        for row in session.scalars(select(Delivery).where(Delivery.id.in_([rows[1].id, rows[2].id]))):
            row.created_at -= KEPT + timedelta(minutes=1)
    with unit_of_work() as session:
        assert forget_old(session) >= 1
    left = [row.id for row in office.new(uid)]
    assert left == [rows[0].id, rows[2].id, rows[3].id], "one is fresh, one is still to be tried"
    assert office.attempts(rows[1]) == [] and len(office.attempts(rows[2])) == 1
    assert sum(hour.tries for hour in office.hours(uid)) == 4

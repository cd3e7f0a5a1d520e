"""Keys that expire soon and keys that lie unused: told once, found in the list, named on the overview."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.keys.attention import tell_expiring
from portal.keys.jobs import tell_expiring_keys
from portal.keys.model import ApiKey
from portal.outbox.model import Event


@pytest.fixture
def org(make):
    return make.org()


def set_times(org, *, left: timedelta | None = None, age: timedelta = timedelta(days=60), unused: timedelta | None = None):
    """Make the organization's keys `age` old, with `left` until they expire and `unused` since their last call."""
    now = utc_now()
    values = {"created_at": now - age, "expires_at": now + left if left else None}
    values["last_used_at"] = now - unused if unused else None
    with unit_of_work() as work:
        work.execute(update(ApiKey).where(ApiKey.org_id == org.id).values(**values))


def told(org) -> list[int]:
    """The days left in the events about the organization's keys, in order."""
    with reading() as connection:
        query = select(Event.data).where(Event.org_id == org.id, Event.type == "key.expiring").order_by(Event.id)
        return [data["days_left"] for data in connection.scalars(query)]


def test_a_key_is_told_about_once_at_fourteen_three_and_one_days(make, org):
    make.key(org, "feed")
    for left in (20, 13, 12, 2.5, 2, 0.9, 0.2):
        set_times(org, left=timedelta(days=left))
        now = utc_now()
        tell_expiring_keys(lambda now=now: now)
        tell_expiring_keys(lambda now=now: now)
    # The expiry moved each time, and a moved expiry is told anew.
    assert told(org) == [14, 14, 3, 3, 1, 1]


def test_an_expiry_that_stays_is_told_once_at_each_mark(make, org):
    make.key(org, "feed")
    set_times(org, left=timedelta(days=20))
    start = utc_now()
    for day in range(21):
        tell_expiring_keys(lambda day=day: start + timedelta(days=day))
    assert told(org) == [14, 3, 1]


def test_a_key_issued_for_a_day_and_a_revoked_one_are_not_told_about(make, org):
    make.key(org, "feed")
    set_times(org, left=timedelta(hours=20), age=timedelta(hours=1))
    tell_expiring_keys()
    set_times(org, left=timedelta(days=10))
    with unit_of_work() as work:
        work.execute(update(ApiKey).where(ApiKey.org_id == org.id).values(revoked_at=utc_now(), is_active=False))
    tell_expiring_keys()
    assert told(org) == []


def test_of_several_clocks_at_once_one_tells(app, make, org):
    make.key(org, "feed")
    set_times(org, left=timedelta(days=10))
    now, gate, failures = utc_now(), threading.Barrier(4), []

    def clock():
        try:
            with app.app_context():
                gate.wait()
                with unit_of_work() as session:
                    tell_expiring(session, now)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=clock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, told(org)) == ([], [14])


def test_the_list_finds_keys_that_expire_soon_and_keys_that_lie_unused(make, org):
    make.key(org, "feed", name="Odds for partners")
    browser = make.signed_in(org.alice)

    def listed(attention: str) -> bool:
        return "Odds for partners" in browser.get(f"/o/{org.slug}/keys?attention={attention}").text

    set_times(org, left=timedelta(days=10), unused=timedelta(days=1))
    assert (listed("expiring"), listed("unused")) == (True, False)
    set_times(org, age=timedelta(days=100))
    assert (listed("expiring"), listed("unused")) == (False, True)
    set_times(org, age=timedelta(days=100), unused=timedelta(days=91))
    assert listed("unused")
    assert "Unused for 90 days" in browser.get(f"/o/{org.slug}/keys").text


def test_the_overview_names_one_unused_key_and_counts_several(make, org):
    make.key(org, "feed", name="Odds for partners")
    set_times(org, age=timedelta(days=100))
    browser = make.signed_in(org.alice)
    assert "Odds for partners has not been used for 90 days" in browser.get(f"/o/{org.slug}/").text
    make.key(org, "feed")
    set_times(org, age=timedelta(days=100))
    assert "2 keys have not been used for 90 days" in browser.get(f"/o/{org.slug}/").text

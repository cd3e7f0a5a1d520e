"""Event feeds in the back office: switching on, the password once, testing, the log, pausing, removing; tenants and roles."""

import re

import pytest

from portal.kernel.db import unit_of_work
from portal.transports.model import transports_of
from tests.make import csrf_of
from tests.transports.desk import until
from tests.transports.sqs_server import KEY_ID, SECRET


@pytest.fixture
def alice(desk):
    return desk.make.signed_in(desk.org.alice)


def post(client, url, **values):
    """Send a form, or press a button of the page above it."""
    form = "/new" in url or url.endswith(("edit", "rotate", "remove"))
    return client.post(url, data=values | csrf_of(client, url if form else url.rpartition("/")[0]))


def feed_of(desk):
    with unit_of_work() as session:
        found = list(session.scalars(transports_of(desk.org.id)))
        session.expunge_all()
    return found


def test_an_amqp_feed_is_switched_on_tested_and_removed(desk, alice):
    base = f"/o/{desk.org.slug}/feeds"
    assert "No event feeds yet" in alice.get(base).text
    made = post(alice, f"{base}/new?kind=amqp", name="Trading desk", types="*")
    password = re.search(rf"amqp://op-{desk.org.slug}:([\w-]+)@", made.text).group(1)
    assert made.headers["Cache-Control"] == "no-store"
    (feed,) = feed_of(desk)
    with desk.working():
        until(lambda: desk.get(feed.uid).setup == "ready")
        desk.listener(password).bind()
        assert post(alice, f"{base}/{feed.uid}/test").status_code == 303
        until(lambda: desk.states(feed.uid) == ["sent"])
    shown = alice.get(f"{base}/{feed.uid}").text
    assert "transport.test" in shown and "Sent" in shown and password not in shown
    refused = post(alice, f"{base}/{feed.uid}/remove", confirm="something else")
    assert refused.status_code == 422
    assert post(alice, f"{base}/{feed.uid}/remove", confirm="Trading desk").status_code == 303
    with desk.working():
        until(lambda: desk.get(feed.uid).setup == "gone")


def test_a_queue_that_does_not_answer_is_told_in_words_and_keeps_what_waits(desk, alice, sqs):
    base = f"/o/{desk.org.slug}/feeds"
    queue = f"{sqs.url}/123456789012/none-{desk.org.slug}.fifo"
    terms = {"name": "Queue", "types": "match.*", "queue_url": queue, "access_key_id": KEY_ID, "secret_access_key": SECRET}
    wrong = post(alice, f"{base}/new?kind=sqs", **terms | {"queue_url": "https://example.com/x"})
    assert wrong.status_code == 422 and "FIFO" in wrong.text and SECRET not in wrong.text
    assert post(alice, f"{base}/new?kind=sqs", **terms).status_code == 303
    (feed,) = feed_of(desk)
    post(alice, f"{base}/{feed.uid}/test")
    with desk.working():
        until(lambda: desk.get(feed.uid).failures)
    shown = alice.get(f"{base}/{feed.uid}").text
    assert "There is no queue at this address." in shown and "Failing" in shown and SECRET not in shown
    assert post(alice, f"{base}/{feed.uid}/pause").status_code == 303
    assert desk.get(feed.uid).status == "paused"


def test_sending_the_form_twice_makes_one_feed(desk, alice, sqs):
    base = f"/o/{desk.org.slug}/feeds/new?kind=sqs"
    page = alice.get(base).text
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', page).group(1)
    queue = f"{sqs.url}/123456789012/twice.fifo"
    terms = {"name": "Queue", "types": "*", "queue_url": queue, "access_key_id": KEY_ID, "secret_access_key": SECRET}
    answers = [alice.post(base, data=terms | {"attempt": attempt, **csrf_of(alice, base)}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303] and len(feed_of(desk)) == 1
    assert answers[0].location == answers[1].location and "switched on already" in alice.get(answers[1].location).text


def test_members_see_and_strangers_find_nothing(desk, make):
    uid = make.transport(desk.org)
    bob, charlie = (make.signed_in(person) for person in (desk.org.bob, desk.org.charlie))
    assert "Switch on event feed" not in bob.get(f"/o/{desk.org.slug}/feeds").text
    assert bob.get(f"/o/{desk.org.slug}/feeds/{uid}").status_code == 200
    assert charlie.get(f"/o/{desk.org.slug}/feeds/{uid}").status_code == 404
    other = make.org()
    assert make.signed_in(other.alice).get(f"/o/{other.slug}/feeds/{uid}").status_code == 404

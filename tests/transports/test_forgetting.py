"""What is long over goes, and nothing else."""

from datetime import timedelta

from sqlalchemy import func, select

from portal.audit.service import SYSTEM
from portal.clock import jobs
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.transports import service
from portal.transports.claiming import Outcome, write_down
from portal.transports.forgetting import KEPT, forget_old
from portal.transports.model import TransportMessage

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"


def over(desk, uid, count):
    """So many messages that were sent."""
    told = desk.tell(count)
    desk.hand_on()
    (turn,) = desk.claim()
    with unit_of_work() as session:
        assert write_down(session, turn, Outcome(sent={letter.id: "" for letter in turn.letters}))
    return told


def age(rows):
    with unit_of_work() as session:
        for row in session.scalars(select(TransportMessage).where(TransportMessage.id.in_([row.id for row in rows]))):
            row.created_at -= KEPT + timedelta(minutes=1)


def test_only_what_was_over_three_months_ago_is_forgotten(desk):
    uid = desk.sqs(QUEUE, ("match.*",))
    told = over(desk, uid, 3)
    desk.do(service.pause, uid, SYSTEM)
    desk.tell(1)
    desk.hand_on()
    rows = desk.messages(uid)
    assert [row.state for row in rows] == ["sent", "sent", "sent", "pending"]
    age([rows[0], rows[3]])
    with unit_of_work() as session:
        assert forget_old(session) == 1
    assert [row.id for row in desk.messages(uid)] == [row.id for row in rows[1:]], "two are fresh, one still waits"
    with unit_of_work() as session:
        assert session.scalar(select(Event.uid).where(Event.uid == told[0])) == told[0], "events stay"


def test_what_waits_for_months_does_not_keep_the_rest_from_being_forgotten(desk, monkeypatch):
    """The naive query, the oldest few thousand and then those that are over, would find nothing but what waits."""
    with unit_of_work() as session:
        others = session.scalar(select(func.count()).where(TransportMessage.state != "pending")) or 0
    monkeypatch.setattr("portal.transports.forgetting.AT_ONCE", others + 2)
    waiting = desk.sqs(QUEUE, ("match.*",))
    desk.do(service.pause, waiting, SYSTEM)
    desk.tell(others + 3)
    desk.hand_on()
    age(desk.messages(waiting))
    uid = desk.sqs(QUEUE, ("competition.*",))
    desk.tell(2, "competition.created")
    desk.hand_on()
    (turn,) = [turn for turn in desk.claim() if turn.transport.uid == uid]
    with unit_of_work() as session:
        write_down(session, turn, Outcome(sent={letter.id: "" for letter in turn.letters}))
    age(desk.messages(uid))
    with unit_of_work() as session:
        assert forget_old(session) == 2
    assert desk.messages(uid) == [] and len(desk.messages(waiting)) == others + 3


def test_the_clock_forgets_without_being_asked(desk):
    (job,) = [job for job in jobs() if job.name == "messages of event feeds of three months ago"]
    uid = desk.sqs(QUEUE, ("match.*",))
    over(desk, uid, 1)
    age(desk.messages(uid))
    job.run()
    assert desk.messages(uid) == []

"""The SQS feed against an SQS-compatible server: the envelope, order by competition, deduplication, refusals in words."""

import json

import pytest

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, Invalid
from portal.transports import service
from portal.transports.claiming import LEASE, Outcome, write_down
from portal.transports.model import Transport
from portal.transports.sqs import Sender
from tests.transports.desk import until


@pytest.fixture
def queue(sqs, desk) -> str:
    """A FIFO queue of this test's own."""
    return sqs.queue(f"events-{desk.org.slug}")


def sent(desk, uid):
    return desk.messages(uid) and not set(desk.states(uid)) - {"sent"}


def test_the_envelope_is_that_of_the_tournament_page(desk, sqs, queue):
    uid = desk.sqs(queue, ("competition.*",))
    with desk.working():
        cup = desk.make.competition(desk.org, category="crash", status="active", entrants=2)
        until(lambda: len(desk.messages(uid)) == 3 and sent(desk, uid))
    bodies = [json.loads(message["Body"]) for message in sqs.received(queue)]
    assert [body["eventType"] for body in bodies] == ["tournament.created", "tournament.opened", "tournament.started"]
    started = bodies[-1]
    assert list(started) == ["eventType", "eventId", "timestamp", "tournamentId", "operatorId", "data"]
    assert (started["tournamentId"], started["operatorId"]) == (cup, desk.org.uid)
    shown = {name: started["data"][name] for name in ("gameSlug", "initialPlayerCount")}
    assert shown == {"gameSlug": "crash", "initialPlayerCount": 2}
    assert {"tournamentName", "actualStartTime", "maxPlayers"} <= set(started["data"])


def test_each_competition_keeps_its_order_and_groups_are_apart(desk, sqs, queue):
    uid = desk.sqs(queue, ("match.*",))
    cups = [desk.make.competition(desk.org) for _ in range(3)]
    told = {cup: [] for cup in cups}
    for _ in range(12):
        for cup in cups:
            told[cup] += desk.tell(1, competition_id=cup)
    with desk.working():
        until(lambda: len(desk.messages(uid)) == 36 and sent(desk, uid))
    got = sqs.received(queue)
    for cup in cups:
        mine = [each["Attributes"] for each in got if each["Attributes"]["MessageGroupId"] == cup]
        assert [each["MessageDeduplicationId"] for each in mine] == told[cup]


def test_a_turn_that_was_not_written_down_is_sent_again_with_the_same_id_and_taken_once(desk, sqs, queue):
    uid = desk.sqs(queue, ("match.*",))
    told = desk.tell(5)
    desk.hand_on()
    (turn,) = desk.claim()
    Sender().send(turn, Outcome())  # and the worker dies here
    assert desk.claim() == [], "nobody else sends while the lease lasts"
    pass_time(desk, uid)
    with desk.working():
        until(lambda: sent(desk, uid))
    ids = [each["Attributes"]["MessageDeduplicationId"] for each in sqs.received(queue)]
    assert ids == told


def test_a_worker_whose_lease_was_lost_writes_nothing(desk, queue):
    uid = desk.sqs(queue, ("match.*",))
    desk.tell(2)
    desk.hand_on()
    (late,) = desk.claim()
    pass_time(desk, uid)
    (turn,) = desk.claim()
    with unit_of_work() as session:
        assert not write_down(session, late, Outcome(sent={letter.id: "" for letter in late.letters}))
    assert desk.states(uid) == ["pending", "pending"]
    with unit_of_work() as session:
        assert write_down(session, turn, Outcome(sent={letter.id: "" for letter in turn.letters}))
    assert desk.states(uid) == ["sent", "sent"]


def test_a_message_refused_again_and_again_fails_and_lets_the_next_go(desk, queue):
    uid = desk.sqs(queue, ("match.*",))
    desk.tell(2)
    desk.hand_on()
    for _ in range(5):
        (turn,) = desk.claim()
        first = turn.letters[0].id
        with unit_of_work() as session:
            write_down(session, turn, Outcome(refused={first: "The queue refused the message: InvalidMessageContents."}))
        pass_time(desk, uid)
    assert desk.states(uid) == ["failed", "pending"]
    (turn,) = desk.claim()
    assert len(turn.letters) == 1
    with unit_of_work() as session:
        write_down(session, turn, Outcome(sent={turn.letters[0].id: ""}))
    assert desk.do(service.resend_failed, uid, SYSTEM) == 1
    assert desk.states(uid) == ["pending", "sent"]


def test_trouble_with_the_queue_costs_no_message_a_try(desk, sqs, queue):
    uid = desk.sqs(queue.replace("events-", "missing-"), ("match.*",))
    desk.tell(3)
    with desk.working():
        until(lambda: desk.get(uid).failures)
    assert "There is no queue at this address" in desk.get(uid).last_error
    assert desk.states(uid) == ["pending"] * 3 and {row.tries for row in desk.messages(uid)} == {0}
    made = sqs.queue(f"missing-{desk.org.slug}")
    desk.do(service.send_test, uid, SYSTEM)
    with desk.working():
        until(lambda: sent(desk, uid))
    assert len(sqs.received(made)) == 4


def test_a_role_is_borrowed_with_the_transport_as_external_id(desk, sqs, queue):
    uid = desk.sqs(queue, ("match.*",), role_arn="arn:aws:iam::123456789012:role/tiltyard-events")
    assert desk.get(uid).secret is None
    desk.tell(1)
    with desk.working():
        until(lambda: sent(desk, uid))
    assert len(sqs.received(queue)) == 1


def test_data_over_256_kb_is_trimmed_to_what_names_things(desk, sqs, queue):
    uid = desk.sqs(queue, ("match.*",))
    (told,) = desk.tell(1, match_id="m-1", notes=["x" * 1000] * 300)
    with desk.working():
        until(lambda: sent(desk, uid))
    (message,) = sqs.received(queue)
    data = json.loads(message["Body"])["data"]
    assert len(message["Body"].encode()) < 262_144
    assert data == {"n": 0, "matchId": "m-1", "truncated": True, "full_url": f"http://localhost/api/v1/events/{told}"}


def test_paused_keeps_disabled_forgets(desk, sqs, queue):
    uid = desk.sqs(queue, ("match.*",))
    desk.do(service.pause, uid, SYSTEM)
    kept = desk.tell(2)
    desk.hand_on()
    assert desk.claim() == [] and desk.states(uid) == ["pending"] * 2
    desk.do(service.resume, uid, SYSTEM)
    with desk.working():
        until(lambda: sent(desk, uid))
    assert [each["Attributes"]["MessageDeduplicationId"] for each in sqs.received(queue)] == kept
    desk.do(service.disable, uid, SYSTEM)
    desk.tell(2)
    desk.hand_on()
    assert len(desk.messages(uid)) == 2
    with pytest.raises(Conflict):
        desk.do(service.send_test, uid, SYSTEM)


def test_secrets_are_sealed_and_do_not_open_in_another_row(desk, queue):
    one, two = desk.sqs(queue, ("match.*",)), desk.sqs(queue, ("match.*",))
    assert b"c2VjcmV0" not in (desk.get(one).secret or b"")
    with unit_of_work() as session:
        here, there = (session.query(Transport).filter_by(uid=uid).one() for uid in (one, two))
        here.secret = there.secret
    desk.tell(1)
    with desk.working():
        until(lambda: desk.get(one).failures)
    assert "does not open" in desk.get(one).last_error


@pytest.mark.parametrize(
    "field, terms",
    [
        ("queue_url", {"queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/plain"}),
        ("queue_url", {"queue_url": "https://evil.example.com/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "http://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "https://sqs.eu-west-1.amazonaws.com:8443/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "https://a@sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "https://sqs.eu-west-1.amazonaws.com.evil.com/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "http://169.254.169.254/123456789012/events.fifo"}),
        ("queue_url", {"queue_url": "http://[::1"}),
        ("access_key_id", {"access_key_id": "x\r\ny"}),
        ("secret_access_key", {"secret_access_key": ""}),
        ("role_arn", {"role_arn": "arn:aws:iam::123456789012:user/x", "access_key_id": "", "secret_access_key": ""}),
        ("role_arn", {"role_arn": "arn:aws:iam::123456789012:role/x"}),
        ("types", {"types": ["nonsense"]}),
        ("name", {"name": " "}),
    ],
)
def test_strange_terms_are_refused_by_their_field(desk, field, terms):
    good = {"name": "Queue", "types": ["*"], "queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"}
    keys = {"access_key_id": "AKIATESTTESTTESTTEST", "secret_access_key": "c2VjcmV0c2VjcmV0c2VjcmV0"}
    with pytest.raises(Invalid) as refused:
        desk.do(service.switch_on, SYSTEM, desk.settings, "sqs", good | keys | terms)
    assert refused.value.field == field


def test_a_queue_on_this_machine_needs_the_setting_for_it(desk, queue):
    from dataclasses import replace

    strict = replace(desk.settings, webhook_local=False)
    terms = {"name": "Queue", "types": ["*"], "queue_url": queue}
    with pytest.raises(Invalid, match="at AWS"):
        desk.do(service.switch_on, SYSTEM, strict, "sqs", terms)


def test_credentials_do_not_follow_to_another_queue(desk, queue):
    """Whoever may change the address but never knew the secret could otherwise send it elsewhere."""
    uid = desk.sqs(queue)
    terms = {"name": "Queue", "types": ["*"], "queue_url": queue.replace("events-", "others-")}
    with pytest.raises(Invalid, match="Give the access key again"):
        desk.do(service.change, uid, SYSTEM, desk.settings, terms)


def pass_time(desk, uid):
    """Leases end and rests are over."""
    with unit_of_work() as session:
        transport = session.query(Transport).filter_by(uid=uid).one()
        transport.lease_until = transport.lease_until and transport.lease_until - LEASE
        transport.due_at = transport.due_at and transport.due_at - 2 * LEASE

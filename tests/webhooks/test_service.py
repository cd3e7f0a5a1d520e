"""Verbs of endpoints and deliveries: what they do, what they refuse, what the log and the audit say of them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.webhooks import deliveries, service
from portal.webhooks.model import Delivery
from portal.webhooks.outgoing import HIDDEN, compose, signer_of, sources_of
from portal.webhooks.rendering import MOST_BYTES
from tests.make import unique
from tests.webhooks.office import bad

URL = "http://127.0.0.1:9/"


def audited(office, uid):
    with unit_of_work() as session:
        query = select(AuditRow.action).where(AuditRow.org_id == office.org.id, AuditRow.subject_id == uid)
        return list(session.scalars(query.order_by(AuditRow.id)))


def sent(office, claimed):
    with unit_of_work() as session:
        sources = sources_of(session, [claimed])
    signer = signer_of(claimed.endpoint, office.settings.master, claimed.at)
    return compose(claimed, sources, signer, office.settings)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"types": []}, "events"),
        ({"types": ["match.exploded"]}, "events"),
        ({"types": ["nothing.*"]}, "events"),
        ({"types": ["match.*"] * 101}, "events"),
        ({"description": "a\nb"}, "description"),
        ({"description": "a" * 501}, "description"),
        ({"in_flight_cap": 0}, "in_flight_cap"),
        ({"in_flight_cap": 51}, "in_flight_cap"),
        ({"competition": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, "competition_id"),
        ({"season": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, "season_id"),
        ({"headers": {"Content-Type": "text/plain"}}, "headers"),
        ({"headers": {"webhook-id": "1"}}, "headers"),
        ({"headers": {"X-LightChallenge-Signature": "1"}}, "headers"),
        ({"headers": {"Host": "evil.example"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"X-A": "1\r\nX-Evil: 2"}}, "headers"),
        ({"headers": {"X-A\r\nX-Evil": "2"}}, "headers"),
        ({"headers": {"X A": "2"}}, "headers"),
        ({"headers": {"X-Ä": "2"}}, "headers"),
        ({"headers": {"X-A": "ä"}}, "headers"),
        ({"headers": {"X-A": ""}}, "headers"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers"),
        ({"headers": {f"X-{number}": "1" for number in range(11)}}, "headers"),
        ({"headers": {"X-A": "a" * 1001}}, "headers"),
    ],
)
def test_bad_terms_are_refused_by_name(office, terms, field):
    with pytest.raises(Invalid) as refusal:
        office.make.webhook(office.org, **({"url": URL} | terms))
    assert refusal.value.field == field
    uid = office.endpoint()
    with pytest.raises(Invalid):
        office.change(uid, terms)


def test_somebody_else_s_webhook_is_not_there(office, make):
    uid = make.webhook(make.org(), URL)
    for verb in (service.pause, service.resume, service.enable, service.disable, service.end_overlap, service.delete_endpoint):
        with pytest.raises(NotFound):
            office.do(verb, uid, SYSTEM)
    for call in (
        lambda: office.change(uid, {}),
        lambda: office.do(service.rotate_secret, uid, SYSTEM, office.settings),
        lambda: office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {}),
        lambda: office.do(deliveries.recover_failed, uid, SYSTEM, utc_now()),
        lambda: office.do(deliveries.cancel_pending, uid, SYSTEM),
    ):
        with pytest.raises(NotFound):
            call()


def test_somebody_else_s_competition_is_no_filter(office, make):
    with pytest.raises(Invalid):
        office.endpoint(competition=make.competition(make.org()))


def test_each_verb_stands_in_the_audit_log(office):
    uid = office.endpoint()
    office.change(uid, {"description": "Scoreboard"})
    office.do(service.pause, uid, SYSTEM)
    office.do(service.resume, uid, SYSTEM)
    office.do(service.rotate_secret, uid, SYSTEM, office.settings)
    office.do(service.end_overlap, uid, SYSTEM)
    office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {})
    office.do(deliveries.cancel_pending, uid, SYSTEM)
    office.do(service.disable, uid, SYSTEM)
    office.do(service.enable, uid, SYSTEM)
    office.do(service.delete_endpoint, uid, SYSTEM)
    assert audited(office, uid) == [
        "webhook.created",
        *["webhook.updated"] * 3,
        *("webhook.secret_rotated", "webhook.overlap_ended", "webhook.tested", "webhook.canceled"),
        *["webhook.updated"] * 2,
        "webhook.deleted",
    ]


def test_the_audit_log_and_events_hold_no_secret(office):
    from portal.outbox.model import Event

    with unit_of_work() as session:
        before = session.scalars(select(AuditRow.id).order_by(AuditRow.id.desc()).limit(1)).first() or 0
    uid, secret = office.make.webhook_with_secret(office.org, URL, headers={"X-Key": "canary-3b91"})
    second = office.do(service.rotate_secret, uid, SYSTEM, office.settings).secret
    with unit_of_work() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.id > before, AuditRow.org_id == office.org.id)).all()
        told = session.scalars(select(Event.data).where(Event.org_id == office.org.id)).all()
        text = json.dumps([[row.before, row.after] for row in rows]) + json.dumps(told)
    assert len(rows) == 2
    for canary in (secret, second, "canary-3b91"):
        assert canary not in text


def test_at_most_a_hundred_endpoints(office, monkeypatch):
    monkeypatch.setattr(service, "MOST_ENDPOINTS", 2)
    office.endpoint()
    office.do(service.delete_endpoint, office.endpoint(), SYSTEM)
    office.endpoint()
    with pytest.raises(Conflict):
        office.endpoint()


def test_what_is_switched_off_can_be_switched_on_and_only_that(office):
    uid = office.endpoint()
    with pytest.raises(Conflict):
        office.do(service.resume, uid, SYSTEM)
    office.do(service.disable, uid, SYSTEM)
    for verb in (service.pause, service.resume):
        with pytest.raises(Conflict):
            office.do(verb, uid, SYSTEM)
    with pytest.raises(Conflict):
        office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {})
    office.do(service.enable, uid, SYSTEM)
    assert office.get(uid).status == "enabled"
    with pytest.raises(Conflict):
        office.do(service.end_overlap, uid, SYSTEM)


class TestBodies:
    def test_a_delivery_says_what_happened_and_is_the_same_at_every_try(self, office):
        uid = office.endpoint(headers={"Authorization": "Bearer canary-91c2"})
        (event,) = office.tell(1, competition_id="f47ac10b-58cc-4372-a567-0e02b2c3d479")
        (claimed,) = office.claim()
        first = sent(office, claimed)
        body = json.loads(first.body)
        assert list(body) == ["id", "type", "timestamp", "sequence", "org_id", "data"]
        assert body["id"] == event and body["type"] == "match.completed" and body["org_id"] == office.org.uid
        assert body["sequence"] == claimed.delivery.sequence and body["data"]["n"] == 0
        assert first.headers["Authorization"] == "Bearer canary-91c2" and first.shown["Authorization"] == HIDDEN
        assert first.headers["X-LightChallenge-Event"] == "match.completed"
        assert first.headers["X-LightChallenge-Delivery"] == first.headers["webhook-id"] == claimed.delivery.uid
        office.record([claimed], bad())
        office.pass_time()
        assert sent(office, office.claim()[0]).body == first.body
        assert office.get(uid).header_names == ["Authorization"]

    def test_what_is_over_twenty_kilobytes_is_trimmed_to_what_names_things(self, office):
        office.endpoint()
        cup = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
        long = {"competition_id": cup, "title": "Cup", "standings": [{"name": "x" * 100}] * 300, "text": "é" * 15_000, "last": 7}
        (event,) = office.tell(1, **long)
        out = sent(office, office.claim()[0])
        assert len(out.body) <= MOST_BYTES
        data = json.loads(out.body)["data"]
        assert {key: data[key] for key in ("competition_id", "title", "last", "truncated")} == {
            "competition_id": cup,
            "title": "Cup",
            "last": 7,
            "truncated": True,
        }
        assert "standings" not in data and data["full_url"] == f"http://localhost/api/v1/events/{event}"

    def test_a_thousand_short_fields_are_trimmed_too(self, office):
        office.endpoint()
        office.tell(1, **{f"field-{number}": "x" * 190 for number in range(1000)})
        assert len(sent(office, office.claim()[0]).body) <= MOST_BYTES

    def test_a_test_carries_the_payload_as_it_was_edited_and_says_so(self, office):
        uid = office.endpoint()
        office.do(deliveries.send_test, uid, SYSTEM, "match.completed", {"edited": "yes", "half": "\ud800"})
        body = json.loads(sent(office, office.claim()[0]).body)
        assert body["test"] is True and body["data"]["edited"] == "yes" and body["type"] == "match.completed"
        for name, data, field in (("no.such", {}, "type"), ("match.completed", {"x": "y" * MOST_BYTES}, "data")):
            with pytest.raises(Invalid) as refusal:
                office.do(deliveries.send_test, uid, SYSTEM, name, data)
            assert refusal.value.field == field


class TestOnceMore:
    def given_up(self, office, count=3):
        uid = office.endpoint()
        office.tell(count)
        while claimed := office.claim():
            office.record(claimed, bad())
            office.pass_time()
        assert office.states(uid) == ["failed"] * count
        return uid

    def test_one_is_sent_again_with_the_same_id_and_its_tries_go_on_counting(self, office):
        uid = self.given_up(office, 1)
        (row,) = office.new(uid)
        office.do(deliveries.resend, row.uid, SYSTEM)
        (claimed,) = office.claim()
        assert claimed.delivery.uid == row.uid and claimed.delivery.tries == 0
        with pytest.raises(Conflict):
            office.do(deliveries.resend, row.uid, SYSTEM)
        office.record([claimed])
        assert office.states(uid) == ["delivered"]
        assert [attempt.number for attempt in office.attempts(row)] == [1, 2, 3, 4, 5, 6, 7]
        office.do(deliveries.resend, row.uid, SYSTEM)
        assert office.states(uid) == ["pending"]

    def test_the_selected_ones_and_no_others_and_nobody_else_s(self, office, make):
        uid = self.given_up(office)
        rows = office.new(uid)
        stranger = type(office)(office.app, make, make.org())
        assert stranger.do(deliveries.resend_selected, [row.uid for row in rows], SYSTEM) == 0
        with pytest.raises(NotFound):
            stranger.do(deliveries.resend, rows[0].uid, SYSTEM)
        assert office.do(deliveries.resend_selected, [rows[0].uid, rows[2].uid, unique("none")], SYSTEM) == 2
        assert office.states(uid) == ["pending", "failed", "pending"]
        with pytest.raises(Invalid):
            office.do(deliveries.resend_selected, [unique("x") for _ in range(501)], SYSTEM)

    def test_all_that_failed_or_was_canceled_since_then(self, office):
        uid = self.given_up(office)
        rows = office.new(uid)
        with unit_of_work() as session:
            session.get_one(Delivery, rows[0].id).created_at -= timedelta(days=2)
        office.tell(1)
        office.do(deliveries.cancel_pending, uid, SYSTEM)
        assert office.do(deliveries.recover_failed, uid, SYSTEM, utc_now() - timedelta(days=1)) == 3
        assert office.states(uid) == ["failed", "pending", "pending", "pending"]

    def test_nothing_is_sent_again_to_what_is_off_or_gone(self, office):
        uid = self.given_up(office, 1)
        (row,) = office.new(uid)
        office.do(service.disable, uid, SYSTEM)
        with pytest.raises(Conflict):
            office.do(deliveries.resend, row.uid, SYSTEM)
        assert office.do(deliveries.resend_selected, [row.uid], SYSTEM) == 0
        office.do(service.delete_endpoint, uid, SYSTEM)
        with pytest.raises(NotFound):
            office.do(deliveries.resend, row.uid, SYSTEM)

    def test_what_waits_can_be_canceled_all_or_some(self, office):
        uid = office.endpoint()
        office.tell(3)
        rows = office.new(uid)
        assert office.do(deliveries.cancel_pending, uid, SYSTEM, [rows[1].uid]) == 1
        assert office.states(uid) == ["pending", "canceled", "pending"]
        assert office.do(deliveries.cancel_pending, uid, SYSTEM) == 2
        assert office.claim() == [] and office.get(uid).next_due_at is None

"""Messages leave once, in the organization's name, and not before what they tell has been kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Fault, Invalid
from portal.mail import service
from portal.mail.jobs import forget, send_due
from portal.mail.model import Mail
from portal.orgs.model import Organization
from tests.make import unique

CONTEXT = {"competition": "Autumn cup", "name": "Team Rocket", "url": "http://localhost/team/secret-token-1"}


@pytest.fixture
def nothing_due(app):
    """What other tests left behind is not sent by this one."""
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Mail).where(Mail.due_at.is_not(None)).values(due_at=utc_now() + timedelta(days=9)))


def queue(org, to, kind="registration_approved", **context):
    with unit_of_work() as session:
        mail = service.send(session, session.get_one(Organization, org.id), kind, to, CONTEXT | context, a_second_ago)
        return mail.id if mail else None


def row(mail_id):
    with unit_of_work() as session:
        mail = session.get_one(Mail, mail_id)
        session.expunge(mail)
        return mail


def a_second_ago():
    """Due for SQLite's clock too, which counts milliseconds."""
    return utc_now() - timedelta(seconds=1)


def make_due(mail_id):
    with unit_of_work() as session:
        session.execute(update(Mail).where(Mail.id == mail_id).values(due_at=a_second_ago(), lease_until=None))


def address():
    return f"{unique('player')}@example.com"


def test_a_message_arrives_with_its_words_its_sender_and_its_link(make, box, nothing_due):
    org, to = make.org("Riverside"), address()
    mail_id = queue(org, to, starts="Saturday 5 December 2026, 18:00 UTC")
    assert send_due() == 1
    [message] = box.to(to)
    text, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    assert message["Subject"] == "You take part in Autumn cup"
    assert message["From"] == f"{org.name} <play@tiltyard.example>"
    assert message["Message-ID"] == f"<{row(mail_id).uid}@tiltyard.example>"
    for part in (text, html):
        assert "Team Rocket is registered for Autumn cup." in part
        assert "It starts on Saturday 5 December 2026, 18:00 UTC." in part
        assert CONTEXT["url"] in part
        assert "The organizer writes" not in part  # there was no answer
        assert "iltyard" not in part  # white label: the vendor is not named


def test_what_was_sent_leaves_no_link_behind_and_is_not_sent_again(make, box, nothing_due):
    to = address()
    mail_id = queue(make.org(), to)
    assert row(mail_id).sealed and b"secret-token" not in row(mail_id).sealed
    send_due()
    assert send_due() == 0
    kept = row(mail_id)
    assert (kept.sealed, kept.due_at, kept.failed_at, kept.attempts) == (None, None, None, 1)
    assert kept.sent_at and len(box.to(to)) == 1


def test_a_change_that_fails_sends_nothing(make, box, app):
    org, to = make.org(), address()
    with pytest.raises(RuntimeError), unit_of_work() as session:
        service.send(session, session.get_one(Organization, org.id), "promoted", to, CONTEXT)
        raise RuntimeError
    with unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Mail).where(Mail.recipient == to)) == 0


def test_without_a_server_nothing_is_queued_and_callers_know(make, app):
    org = make.org()
    assert not service.can_send()
    assert queue(org, address()) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "alice", "a@b", "alice@example.com, bob@example.com", "alice@example.com\nBcc: x@example.com"),
        *("Alice <alice@example.com>", "a..b@example.com", ".a@example.com", "a.@example.com", "a@" + "x" * 260 + ".com"),
        *("alice@exämple..com", "<script>@example.com", "älice@example.com", "a" * 65 + "@example.com", "a@-x.com"),
    ],
)
def test_only_one_plain_address_is_taken(make, box, wrong):
    with pytest.raises(Invalid):
        queue(make.org(), wrong)


def test_a_host_in_another_script_is_written_as_mail_servers_know_it(app):
    assert service.plain_address("alice@bücher.example") == "alice@xn--bcher-kva.example"


def test_names_cannot_add_headers_or_markup(make, box, nothing_due):
    org, to = make.org('Sly"\n <b>& Co'), address()
    queue(org, to, competition="Cup\r\nBcc: everybody@example.com", name="<script>alert(1)</script>")
    assert send_due() == 1
    [message] = box.to(to)
    assert message["Bcc"] is None
    assert message["Subject"] == "You take part in Cup Bcc: everybody@example.com"
    html = message.get_body(("html",)).get_content()
    assert "<script" not in html and "&lt;script&gt;" in html
    assert box.envelopes[-1][1] == [to]


def test_a_very_long_title_is_shortened_in_the_subject_alone(make, box, nothing_due):
    to, title = address(), "🏆" * 200
    queue(make.org(), to, competition=title)
    send_due()
    [message] = box.to(to)
    assert message["Subject"].endswith("…") and len(message["Subject"]) == 200
    assert title in message.get_body(("plain",)).get_content()


def test_a_message_without_what_it_tells_is_a_fault_of_the_program(make, box):
    with pytest.raises(Fault):
        queue(make.org(), address(), url="")
    with pytest.raises(Fault):
        queue(make.org(), address(), kind="greeting")


def test_a_server_with_trouble_is_asked_again_and_given_up_after_six_tries(make, box, nothing_due):
    to = address()
    box.refuse[to] = "451 try later"
    mail_id, waits = queue(make.org(), to), []
    for _ in range(6):
        assert send_due() == 0
        kept = row(mail_id)
        waits.append(round((kept.due_at - utc_now()).total_seconds() / 60) if kept.due_at else None)
        if kept.due_at:
            make_due(mail_id)
    assert waits == [1, 5, 30, 120, 720, None]
    assert kept.sealed is not None and kept.sent_at is None  # an organizer may have it sent again
    assert kept.failed_at and kept.error == "451 try later"


def test_an_address_that_is_not_there_is_given_up_at_once_and_others_arrive(make, box, nothing_due):
    org, gone, there = make.org(), address(), address()
    box.refuse[gone] = "550 no such person"
    lost, good = queue(org, gone), queue(org, there)
    assert send_due() == 1
    assert row(lost).failed_at and row(lost).error == "550 no such person"
    assert row(good).sent_at and box.to(there)


def test_a_message_that_is_refused_as_such_is_given_up(make, box, nothing_due):
    box.refuse[""] = "554 looks like spam"
    mail_id = queue(make.org(), address())
    send_due()
    assert row(mail_id).failed_at


def test_a_server_that_is_away_keeps_everything_for_later(make, box, app, nothing_due):
    first, second = queue(make.org(), address()), queue(make.org(), address())
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1")
    assert send_due() == 0
    for mail_id in (first, second):
        assert row(mail_id).due_at > utc_now() and row(mail_id).attempts == 1 and "refused" in row(mail_id).error


def test_two_workers_never_send_the_same_message(make, box, nothing_due):
    queue(make.org(), address())
    with unit_of_work() as session:
        assert len(service.claim(session, 10)) == 1
    with unit_of_work() as session:
        assert service.claim(session, 10) == []


def test_a_worker_that_lost_its_lease_changes_nothing(make, box, nothing_due):
    mail_id = queue(make.org(), address())
    with unit_of_work() as session:
        [late] = service.claim(session, 10)
    make_due(mail_id)
    with unit_of_work() as session:
        [now] = service.claim(session, 10)
    with unit_of_work() as session:
        assert not service.note_failed(session, late, "too late", for_good=True)
        assert service.note_sent(session, now)


def test_an_organization_over_its_hour_waits_and_others_do_not(make, box, monkeypatch, nothing_due):
    monkeypatch.setattr(service, "HOURLY", 2)
    busy, calm = make.org(), make.org()
    mails = [queue(busy, address()) for _ in range(4)]
    other = queue(calm, address())
    assert send_due() == 3
    assert row(other).sent_at
    waiting = [row(mail_id) for mail_id in mails if not row(mail_id).sent_at]
    assert len(waiting) == 2 and all(mail.due_at > utc_now() and mail.attempts == 0 for mail in waiting)


def test_what_another_secret_key_sealed_waits_and_does_not_stop_the_rest(make, box, app, nothing_due):
    """Another worker may be able to open it; one with the right key sends it when it is due again."""
    org, to = make.org(), address()
    mine = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(mine, secret_key="another key of the tests, as long as it has to be")
    strange = queue(org, late := address())
    other = app.config["SETTINGS"]
    app.config["SETTINGS"] = mine
    queue(org, to)
    assert send_due() == 1
    assert row(strange).error == "It was sealed with another TILTYARD_SECRET_KEY." and box.to(to)
    assert row(strange).failed_at is None and row(strange).due_at > utc_now()
    app.config["SETTINGS"] = replace(mine, secret_key=other.secret_key + "and newer", secret_key_before=other.secret_key)
    make_due(strange)
    assert send_due() == 1 and box.to(late)


def test_what_opens_with_no_key_is_given_up_after_the_last_try(make, box, app, nothing_due):
    mine = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(mine, secret_key="another key of the tests, as long as it has to be")
    lost = queue(make.org(), address())
    app.config["SETTINGS"] = mine
    for number in range(6):
        assert row(lost).failed_at is None, number
        make_due(lost)
        assert send_due() == 0
    assert row(lost).failed_at and row(lost).attempts == 6


def test_rows_of_old_messages_go_and_waiting_ones_stay(make, box, nothing_due):
    old, waiting = queue(make.org(), address()), queue(make.org(), address())
    with unit_of_work() as session:
        month = utc_now() - timedelta(days=31)
        session.execute(update(Mail).where(Mail.id.in_((old, waiting))).values(created_at=month))
        session.execute(update(Mail).where(Mail.id == old).values(due_at=None))
    forget()
    with unit_of_work() as session:
        assert session.get(Mail, old) is None and session.get(Mail, waiting)

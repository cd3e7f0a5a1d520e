"""What was mailed, as an organization's admins see it, and sending again what was given up."""

from dataclasses import replace

import pytest

from portal.kernel.db import unit_of_work
from portal.mail import service
from portal.mail.model import Mail
from portal.orgs.model import Organization
from tests.make import post

CONTEXT = {"competition": "Friday night cup", "url": "https://play.example.com/p/secret-of-ayra", "name": "Ayra"}


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def with_mail(app, monkeypatch):
    settings = replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1", mail_from="cup@example.com")
    monkeypatch.setitem(app.config, "SETTINGS", settings)


@pytest.fixture
def lost(org, with_mail) -> str:
    """The id of a message that the server refused for good."""
    with unit_of_work() as session:
        mail = service.send(session, session.get_one(Organization, org.id), "promoted", "ayra@example.com", CONTEXT)
        uid = mail.uid
    assert refuse(org, uid)
    return uid


def refuse(org, uid: str) -> bool:
    with unit_of_work() as session:
        (mine,) = [one for one in service.claim(session, 1000) if one.uid == uid]
        return service.note_failed(session, mine, "550 no such person", for_good=True)


def row(uid: str) -> Mail:
    with unit_of_work() as session:
        mail = session.query(Mail).filter_by(uid=uid).one()
        session.expunge(mail)
        return mail


def test_what_was_given_up_is_listed_with_its_reason_and_without_its_content(make, org, lost):
    alice, home = make.signed_in(org.alice), f"/o/{org.slug}/mail"
    page = alice.get(f"{home}?state=failed").text
    assert "ayra@example.com" in page and "Given up" in page and "550 no such person" in page and "Send again" in page
    assert "secret-of-ayra" not in page and "secret-of-ayra" not in alice.get(f"{home}?format=csv").text
    assert "ayra@example.com" not in alice.get(f"{home}?state=sent").text
    assert home in alice.get(f"/o/{org.slug}/").text


def test_it_is_sent_again_once_and_given_up_again_where_it_fails_again(make, org, lost):
    alice, again = make.signed_in(org.alice), f"/o/{org.slug}/mail/again"
    assert post(alice, again, {"id": lost}).status_code == 303
    assert row(lost).due_at and row(lost).failed_at is None
    assert post(alice, again, {"id": lost}).status_code == 409
    with unit_of_work() as session:
        (mine,) = [one for one in service.claim(session, 1000) if one.uid == lost]
        assert mine.attempt == 2 and mine.context["url"] == CONTEXT["url"]
        service.note_sent(session, mine)
    assert row(lost).sealed is None
    assert post(alice, again, {"id": lost}).status_code == 409


def test_another_organization_has_no_such_message(make, lost):
    other = make.org()
    assert post(make.signed_in(other.alice), f"/o/{other.slug}/mail/again", {"id": lost}).status_code == 404


def test_without_a_server_the_page_says_so_and_is_in_no_menu(make, org):
    alice = make.signed_in(org.alice)
    assert "no server for outgoing mail" in alice.get(f"/o/{org.slug}/mail").text
    assert f"/o/{org.slug}/mail" not in alice.get(f"/o/{org.slug}/").text

"""Members get their password links by mail where there is a server, and by hand where there is none."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.kernel.db import unit_of_work
from portal.mail.jobs import send_due
from portal.mail.model import Mail
from tests.mail.test_sending import nothing_due
from tests.make import post, unique

__all__ = ["nothing_due"]


@pytest.fixture
def add(make):
    """alice adds somebody; the answer, and their address."""

    def adding(org, email="", **headers):
        email = email or f"{unique('dora')}@example.com"
        sent = {"email": email, "name": "Dora", "role": "member"}
        return post(make.signed_in(org.alice), f"/o/{org.slug}/members/new", sent, headers=headers), email

    return adding


def test_an_invitation_is_mailed_with_the_link_that_is_shown(make, box, add, nothing_due):
    org = make.org("Riverside")
    answer, email = add(org)
    assert answer.status_code == 200 and f"It was mailed to {email}" in answer.text
    shown = re.search(r'id="secret-value"[^>]*>([^<]+)<', answer.text)[1]
    assert send_due() == 1
    [message] = box.to(email)
    text = message.get_body(("plain",)).get_content()
    assert message["Subject"] == f"You were added to {org.name}" and shown in text and "for 72 hours" in text


def test_the_mailed_link_never_has_the_host_that_a_request_was_sent_to(make, app, box, add, nothing_due):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], base_url="https://play.example.com")
    _, email = add(make.org())  # by the name localhost
    send_due()
    [message] = box.to(email)
    text = message.get_body(("plain",)).get_content()
    assert "localhost" not in text and "https://play.example.com/join/" in text


def test_without_a_server_the_link_is_handed_over(make, add):
    answer, email = add(make.org())
    assert "Hand this link to Dora" in answer.text and "mailed" not in answer.text
    with unit_of_work() as session:
        assert session.scalar(select(Mail).where(Mail.recipient == email)) is None


def test_an_address_that_no_server_takes_is_still_a_member(make, box, add):
    answer, _ = add(make.org(), f"dörte-{unique('x')}@example.com")
    assert answer.status_code == 200 and "Hand this link to Dora" in answer.text

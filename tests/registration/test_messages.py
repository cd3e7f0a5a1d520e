"""What players who left an address are told by e-mail, and that nothing is sent where there is no server for it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions.amending import set_places
from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.mail.model import Mail
from portal.mail.service import claim
from tests.make import post
from tests.public.test_registering import link_in, send
from tests.registration.test_pages import asked_in


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def with_mail(app, monkeypatch):
    monkeypatch.setitem(
        app.config, "SETTINGS", replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1", mail_from="cup@example.com")
    )


def sent(org) -> list[tuple[str, str]]:
    with unit_of_work() as session:
        query = select(Mail.kind, Mail.recipient).where(Mail.org_id == org.id).order_by(Mail.id)
        return [tuple(row) for row in session.execute(query)]


def links(org) -> list[str]:
    """The address in each message that was not sent yet."""
    with unit_of_work() as session:
        mine = [mail for mail in claim(session, 1000) if mail.org_id == org.id]
        return [mail.context["url"] for mail in mine]


def test_whoever_registers_gets_the_link_by_mail_once(client, make, org, with_mail):
    cup = make.competition(org, status="registration")
    url = make.registration_page(org, cup, asks_contact=True)
    page = client.get(url).text
    first, _ = (send(client, url, page, name="Ayra", contact="ayra@example.com") for _ in range(2))
    assert "we have mailed it to you" in first.text
    assert sent(org) == [("registration_approved", "ayra@example.com")]
    assert [link[-len(link_in(first)) :] for link in links(org)] == [link_in(first)]


def test_the_answer_to_a_request_comes_with_a_link_that_works(client, make, org, with_mail):
    cup = make.competition(org, status="registration")
    url = make.registration_page(org, cup, asks_contact=True, approval=True)
    for name in ("Ayra", "Bea"):
        send(client, url, name=name, contact=f"{name.lower()}@example.com")
    alice, office = make.signed_in(org.alice), f"/o/{org.slug}/competitions/{cup}/registration"
    (ayra, _, _), (bea, _, _) = asked_in(org)
    post(alice, f"{office}/requests/approve", {"id": ayra})
    post(alice, f"{office}/requests/decline", {"id": bea, "answer": "Next time."})
    assert sent(org)[2:] == [("registration_approved", "ayra@example.com"), ("registration_declined", "bea@example.com")]
    approved = links(org)[2]
    assert "Registered" in client.get(approved[approved.index("/p/") :]).text


def test_whoever_moves_up_from_the_waiting_list_is_told(client, make, org, with_mail):
    cup = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=1)
    url = make.registration_page(org, cup, asks_contact=True)
    first = link_in(send(client, url, name="Ayra", contact="ayra@example.com"))
    send(client, url, name="Bea", contact="bea@example.com")
    client.post(f"{first}/leave/{cup}")
    assert [kind for kind, _ in sent(org)] == ["registration_approved", "registration_waiting", "promoted"]
    assert sent(org)[-1][1] == "bea@example.com"


def test_those_who_get_a_new_place_are_told(client, make, org, with_mail):
    cup = make.competition(org, status="registration", max_participants=2, waiting_list=True, entrants=1)
    url = make.registration_page(org, cup, asks_contact=True)
    for name in ("Ayra", "Bea", "Cleo", "Dora"):
        send(client, url, name=name, contact=f"{name.lower()}@example.com")
    with unit_of_work() as session:
        set_places(session, competition_by_uid(session, org.id, cup), SYSTEM, 4, True)
    assert sent(org)[4:] == [("promoted", "bea@example.com"), ("promoted", "cleo@example.com")]


def test_without_a_server_nothing_is_queued(client, make, org):
    cup = make.competition(org, status="registration")
    url = make.registration_page(org, cup, asks_contact=True)
    answer = send(client, url, name="Ayra", contact="ayra@example.com")
    assert answer.status_code == 200 and "mailed" not in answer.text and sent(org) == []


@pytest.mark.parametrize(
    "contact", ["a@b", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com", "<a@example.com>"]
)
def test_what_is_not_one_plain_address_is_refused_beside_its_field(client, make, org, contact):
    url = make.registration_page(org, make.competition(org, status="registration"), asks_contact=True)
    answer = send(client, url, name="Ayra", contact=contact)
    assert answer.status_code == 422 and 'id="contact-error"' in answer.text

"""The reminder to check in: whom it reaches, when, and that it is sent once whatever happens."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.audit.service import SYSTEM
from portal.competitions.model import competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Invalid
from portal.mail.service import claim
from portal.registration.jobs import remind_due
from portal.registration.model import page_of
from portal.registration.service import change_page
from tests.make import post
from tests.public.test_registering import link_in, send
from tests.registration.test_messages import sent, with_mail  # noqa: F401

STARTS = utc_now().replace(microsecond=0) + timedelta(days=2)


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def cup(client, make, org, with_mail):  # noqa: F811
    """Two places, taken by Ayra, who is there, and Bea; Cleo waits. Reminded three hours before the start."""
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True, starts_at=STARTS)
    url = make.registration_page(org, uid, asks_contact=True, remind_hours=3)
    pages = [link_in(send(client, url, name=name, contact=f"{name.lower()}@example.com")) for name in ("Ayra", "Bea", "Cleo")]
    assert client.post(f"{pages[0]}/check-in/{uid}").status_code == 303
    return uid


def reminded(org) -> list[str]:
    return [address for kind, address in sent(org) if kind == "check_in_reminder"]


def at(**before: float):
    return lambda: STARTS - timedelta(**before)


def test_only_who_has_a_place_and_is_not_there_is_reminded_at_the_hour_and_once(org, cup):
    remind_due(at(hours=3, seconds=1))
    assert reminded(org) == []
    remind_due(at(hours=3))
    remind_due(at(hours=2))
    assert reminded(org) == ["bea@example.com"]


def test_the_message_says_until_when_and_its_link_checks_in(client, org, cup):
    remind_due(at(hours=1))
    with unit_of_work() as session:
        (mail,) = [one for one in claim(session, 1000) if one.org_id == org.id and one.kind == "check_in_reminder"]
    assert mail.context["check_in_closes"] == STARTS.strftime("%d %b %Y, %H:%M UTC")
    path = mail.context["url"][mail.context["url"].index("/p/") :]
    assert client.post(f"{path}/check-in/{cup}").status_code == 303
    assert "Checked in" in client.get(path).text


def test_two_clocks_at_once_remind_once(app, org, cup):
    def one(_: int) -> None:
        with app.app_context():
            remind_due(at(hours=2))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert reminded(org) == ["bea@example.com"]


@pytest.mark.parametrize("case", ["none", "over", "no server"])
def test_nobody_is_reminded_where_nobody_should_be(app, org, cup, monkeypatch, case):
    if case == "none":
        with unit_of_work() as session:
            change_page(session, competition_by_uid(session, org.id, cup), SYSTEM, {"remind_hours": None})
    elif case == "no server":
        monkeypatch.undo()
    remind_due(at(hours=-1 if case == "over" else 2))
    assert reminded(org) == []


def test_the_hours_are_chosen_on_the_registration_page(make, org, cup):
    alice, here = make.signed_in(org.alice), f"/o/{org.slug}/competitions/{cup}/registration"
    assert re.search(r'<option[^>]*value="3"[^>]*selected|<option selected[^>]*value="3"', alice.get(here).text)
    chosen = {"access": "open", "entrants": "players", "remind_hours": "24"}
    assert post(alice, here, chosen).status_code == 303
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, cup)
        assert page_of(session, competition).remind_hours == 24
        with pytest.raises(Invalid):
            change_page(session, competition, SYSTEM, {"remind_hours": 5})
    refused = post(alice, here, chosen | {"remind_hours": "5"})
    assert refused.status_code == 422

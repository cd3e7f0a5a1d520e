"""Fifty at once: one gets the last place, one gets in by an invitation, one answer counts. The naive twin is seen to fail."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.audit.service import SYSTEM, Actor
from portal.competitions.model import Entry, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from portal.orgs.model import Organization
from portal.players.model import Team
from portal.registration import applications, invitations, service
from portal.registration.model import Application, Invitation
from portal.registration.service import Wish
from portal.registration.tokens import new_attempt
from tests.conftest import SECRET

MANY = 50
HERE = Actor("player", "", "", "192.0.2.1", "r")


@pytest.fixture
def org(make):
    return make.org()


def at_once(app, act: Callable[[int], Any], number: int = MANY) -> list[Any]:
    """What each of so many threads got, or the name of what it was refused with. A busy database is asked again, as a
    browser's answer of 503 says."""
    got: list[Any] = [None] * number
    start = threading.Barrier(number)

    def run(index: int) -> None:
        start.wait()
        for left in reversed(range(20)):
            try:
                with app.app_context():
                    got[index] = act(index)
                return
            except PortalError as error:
                got[index] = type(error).__name__
                return
            except Exception as error:
                got[index] = repr(error)
                if not left:
                    return
                time.sleep(0.2)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def entering(org, uid: str, attempt: str | None = None, invitation: str | None = None) -> Callable[[int], str]:
    """Registers `Player <index>`, each with a form of its own unless all send the same one."""

    def enter(index: int) -> str:
        with unit_of_work() as session:
            found, owner = competition_by_uid(session, org.id, uid), session.get_one(Organization, org.id)
            wish, form = Wish("player", f"Player {index}"), attempt or new_attempt()
            given = {"master": SECRET, "attempt": form, "invitation": invitation}
            return service.enter(session, found, owner, wish, HERE, **given).token

    return enter


def entries_of(org, uid: str) -> int:
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        return session.scalar(select(func.count(Entry.id)).where(Entry.competition_id == found.id, Entry.status == "registered"))


def test_of_fifty_who_want_the_last_place_one_gets_it(app, make, org):
    uid = make.competition(org, status="registration", max_participants=4, entrants=3)
    make.registration_page(org, uid)
    got = Counter("in" if len(each) == 43 else each for each in at_once(app, entering(org, uid)))
    assert got == {"in": 1, "Conflict": MANY - 1}
    assert entries_of(org, uid) == 4
    with unit_of_work() as session:
        assert session.scalar(select(func.count(Team.id)).where(Team.org_id == org.id)) == 1, "nothing of the refused is left"


def test_of_fifty_with_one_invitation_one_gets_in(app, make, org):
    uid = make.competition(org, status="registration", max_participants=100)
    make.registration_page(org, uid, access="invited")
    (token,) = make.invitations(org, uid)
    got = Counter("in" if len(each) == 43 else each for each in at_once(app, entering(org, uid, invitation=token)))
    assert got == {"in": 1, "Gone": MANY - 1}
    assert entries_of(org, uid) == 1


def test_one_form_sent_fifty_times_registers_once_and_shows_one_link(app, make, org):
    uid = make.competition(org, status="registration", max_participants=100)
    make.registration_page(org, uid)
    got = set(at_once(app, entering(org, uid, attempt=new_attempt())))
    assert len(got) == 1 and len(got.pop()) == 43
    assert entries_of(org, uid) == 1


def test_the_race_finds_an_invitation_that_is_looked_at_and_then_used(app, make, org, database_url):
    """The naive twin: SELECT, then UPDATE. SQLite's one writer hides it when both are in one unit of work, as they would be;
    so the look is made before, as `is_good` does for the page."""
    uid = make.competition(org, status="registration", max_participants=100)
    make.registration_page(org, uid, access="invited")
    (token,) = make.invitations(org, uid)
    both_looked = threading.Barrier(2)

    def naive(_index: int) -> str:
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, uid)
            good = invitations.is_good(session, found, token)
        both_looked.wait(10)
        with unit_of_work() as session:
            invitation = session.scalars(select(Invitation).where(Invitation.digest == digest(token))).one()
            if good:
                invitation.used_at = utc_now()
        return "in" if good else "Gone"

    assert Counter(at_once(app, naive, 2)) == {"in": 2}, "the wrong code lets two in, so the race can find it"


def test_a_request_approved_by_ten_at_once_registers_once(app, make, org):
    uid = make.competition(org, status="registration", max_participants=100)
    make.registration_page(org, uid, approval=True)
    with app.app_context():
        entering(org, uid)(1)
    with unit_of_work() as session:
        asked = session.scalars(select(Application.uid).where(Application.org_id == org.id)).one()

    def approve(_index: int) -> str:
        with unit_of_work() as session:
            applications.approve(session, competition_by_uid(session, org.id, uid), SYSTEM, asked)
            return "approved"

    def decline(_index: int) -> str:
        with unit_of_work() as session:
            applications.decline(session, competition_by_uid(session, org.id, uid), SYSTEM, asked)
            return "declined"

    got = Counter(at_once(app, lambda index: (approve if index % 2 else decline)(index), 10))
    assert got["Conflict"] == 9 and got["approved"] + got["declined"] == 1
    assert entries_of(org, uid) == got["approved"]

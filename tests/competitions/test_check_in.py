"""Saying that one is there, and taking it back."""

import pytest
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions import entries
from portal.competitions.entries import By
from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, Forbidden, NotFound
from portal.outbox.model import Event
from tests.make import address

ORGANIZER = By(SYSTEM)


def checking(org, uid: str, wallet: str | None = None, team: str | None = None, by: By = ORGANIZER):
    """The moment of the check-in."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        return entries.check_in(session, found, by, entries.participant(session, found, wallet, team)).checked_in_at


def undoing(org, uid: str, registration: str, by: By = ORGANIZER):
    with unit_of_work() as session:
        return entries.undo_check_in(session, competition_by_uid(session, org.id, uid), by, registration).checked_in_at


def told(org) -> list[str]:
    with unit_of_work() as session:
        names = session.scalars(select(Event.type).where(Event.org_id == org.id).order_by(Event.id))
        return [name for name in names if "check" in name]


def test_the_first_check_in_counts_and_another_changes_nothing(make):
    org = make.org()
    uid = make.competition(org, status="registration")
    (registration,) = make.enter(org, uid, [1], checked_in=False)
    first = checking(org, uid, address(1))
    assert first is not None and checking(org, uid, address(1)) == first
    assert told(org) == ["registration.checked_in"]
    assert undoing(org, uid, registration) is None and undoing(org, uid, registration) is None
    assert checking(org, uid, address(1)) > first
    assert told(org) == ["registration.checked_in", "registration.check_in_undone", "registration.checked_in"]


def test_somebody_who_did_not_register_or_who_left_is_not_there(make):
    org = make.org()
    uid, team = make.competition(org, status="registration"), make.team(org)
    (registration,) = make.enter(org, uid, [1])
    with unit_of_work() as session:
        entries.leave(session, competition_by_uid(session, org.id, uid), ORGANIZER, registration)
    for wallet, named in ((address(1), None), (address(2), None), (None, team)):
        with pytest.raises(NotFound):
            checking(org, uid, wallet, named)
    with pytest.raises(NotFound):
        undoing(org, uid, registration)


def test_on_the_waiting_list_there_is_nothing_to_check_in_for(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True)
    make.enter(org, uid, [1, 2, 3], checked_in=False)
    with pytest.raises(Conflict, match="waiting list"):
        checking(org, uid, address(3))


@pytest.mark.parametrize("status", ["draft", "active", "completed", "canceled"])
def test_check_in_is_before_the_start_only(make, status):
    org = make.org()
    uid = make.competition(org, status="registration")
    registration, _ = make.enter(org, uid, [1, 2])
    with unit_of_work() as session:
        competition_by_uid(session, org.id, uid).status = status
    with pytest.raises(Conflict):
        checking(org, uid, address(1))
    with pytest.raises(Conflict):
        undoing(org, uid, registration)


def test_each_for_itself_the_captain_for_the_team_the_organizer_for_all(make):
    org = make.org()
    uid = make.competition(org, status="registration")
    team = make.team(org, captain=address(0xCA), players=1)
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        ours = entries.register(session, found, ORGANIZER, entries.participant(session, found, None, team)).uid
    make.enter(org, uid, [1, 2], checked_in=False)
    player, captain = By(SYSTEM, False, address(1)), By(SYSTEM, False, address(0xCA))
    for by, wallet, named in ((player, address(2), None), (player, None, team), (captain, address(1), None)):
        with pytest.raises(Forbidden):
            checking(org, uid, wallet, named, by)
    assert checking(org, uid, address(1), by=player) and checking(org, uid, team=team, by=captain)
    with pytest.raises(Forbidden):
        undoing(org, uid, ours, player)
    assert undoing(org, uid, ours, captain) is None

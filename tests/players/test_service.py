"""Teams and rosters when two act at once: a team that plays is never deleted, a roster never overflows."""

import threading

import pytest
from sqlalchemy import func, select

from portal.audit.service import SYSTEM
from portal.competitions import entries
from portal.competitions.entries import By
from portal.competitions.model import Entry, competition_by_uid
from portal.competitions.team_entries import is_entered
from portal.kernel.clock import utc_now
from portal.kernel.db import db, reading, unit_of_work
from portal.kernel.errors import Conflict, NotFound
from portal.orgs.model import Organization
from portal.players import service
from portal.players.model import RosterEntry, Team, team_by_uid
from tests.admission.racing import at_once
from tests.make import address


@pytest.fixture
def org(make):
    return make.org()


class Moment:
    """Between the look at a team's competitions and its deletion: somebody registers it right then."""

    def __init__(self, app, org, team, cup):
        self.looked, self.registered = threading.Event(), threading.Event()
        self.outcome = ""
        self._thread = threading.Thread(target=self._run, args=(app, org, team, cup))
        self._thread.start()

    def _run(self, app, org, team, cup):
        assert self.looked.wait(10)
        with app.app_context():
            try:
                with unit_of_work() as session:
                    found = competition_by_uid(session, org.id, cup)
                    entries.register(session, found, By(SYSTEM), entries.participant(session, found, None, team))
                self.outcome = "registered"
            except NotFound:
                self.outcome = "not there"
            finally:
                self.registered.set()
                db.session.remove()

    def over(self) -> str:
        self._thread.join(30)
        return self.outcome


def state(team: str) -> tuple[bool, int]:
    """Is it deleted, and how many registrations has it?"""
    with reading() as connection:
        number, deleted_at = connection.execute(select(Team.id, Team.deleted_at).where(Team.uid == team)).one()
        return deleted_at is not None, connection.scalar(select(func.count(Entry.id)).where(Entry.team_id == number))


def test_a_team_that_is_registered_while_it_is_deleted_is_not_there(app, make, org):
    team, cup = make.team(org), make.competition(org, status="registration")
    moment = Moment(app, org, team, cup)

    def slowly(session, found):
        entered = is_entered(session, found)
        moment.looked.set()
        moment.registered.wait(1)  # it cannot: it waits for us
        return entered

    with unit_of_work() as session:
        place = session.get_one(Organization, org.id)
        service.delete_team(session, place, team_by_uid(session, org.id, team), SYSTEM, is_entered=slowly)
    assert moment.over() == "not there"
    assert state(team) == (True, 0)


def test_a_look_in_one_transaction_and_a_deletion_in_the_next_would_tear_it_out(app, make, org):
    team, cup = make.team(org), make.competition(org, status="registration")
    moment = Moment(app, org, team, cup)
    with unit_of_work() as session:
        assert not is_entered(session, team_by_uid(session, org.id, team))
    moment.looked.set()
    assert moment.registered.wait(10)
    with unit_of_work() as session:
        team_by_uid(session, org.id, team).deleted_at = utc_now()
    assert moment.over() == "registered"
    assert state(team) == (True, 1)


def test_a_team_deleted_twice_is_deleted_once(make, org):
    uid = make.team(org, players=3)
    with unit_of_work() as session:
        place, team = session.get_one(Organization, org.id), team_by_uid(session, org.id, uid)
        service.delete_team(session, place, team, SYSTEM, is_entered=is_entered)
        for call in (service.hold_team, lambda *_: service.put_player(session, place, team, address(1), "player", SYSTEM)):
            with pytest.raises(NotFound):
                call(session, team)
        with pytest.raises(NotFound):
            team_by_uid(session, org.id, uid)
        assert session.scalar(select(func.count()).where(RosterEntry.team_id == team.id)) == 0


def adding(org, team, headers, number):
    body = {"wallet": address(7000 + number)}
    return lambda client: client.post(f"/api/v1/teams/{team}/roster", json=body, headers=headers)


def test_the_last_place_of_a_roster_goes_to_one_of_many(app, make, org):
    team = make.team(org, players=service.MOST_PLAYERS - 1)
    headers = {"Authorization": f"Bearer {make.key(org, 'competition')}"}
    answers = at_once(app, [adding(org, team, headers, number) for number in range(5)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert players(team) == service.MOST_PLAYERS


def test_the_same_player_put_twice_at_once_is_one(app, make, org):
    team = make.team(org)
    headers = {"Authorization": f"Bearer {make.key(org, 'competition')}"}
    answers = at_once(app, [adding(org, team, headers, 1)] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["data"]["id"] for answer in answers}) == 1 and players(team) == 1


def test_without_the_lock_two_would_get_the_last_place(app, make, org, monkeypatch):
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer: there is no naive way to fail")
    team = make.team(org, players=service.MOST_PLAYERS - 1)
    headers, both = {"Authorization": f"Bearer {make.key(org, 'competition')}"}, threading.Barrier(2)
    monkeypatch.setattr(service, "_lock", lambda *_: None)
    monkeypatch.setattr(service, "_add", naive(both))
    answers = at_once(app, [adding(org, team, headers, number) for number in range(2)])
    assert [answer.status_code for answer in answers] == [201, 201]
    assert players(team) == service.MOST_PLAYERS + 1


def naive(both: threading.Barrier):
    """Count, and only then, when everybody has counted, add."""

    def add(session, _org, team, wallet, role, _actor):
        if session.scalar(select(func.count()).where(RosterEntry.team_id == team.id)) >= service.MOST_PLAYERS:
            raise Conflict("full")
        both.wait(10)
        entry = RosterEntry(team_id=team.id, wallet=wallet, wallet_key=wallet.lower(), role=role)
        session.add(entry)
        session.flush()
        return entry

    return add


def players(team: str) -> int:
    with reading() as connection:
        query = select(func.count(RosterEntry.id)).join(Team, Team.id == RosterEntry.team_id).where(Team.uid == team)
        return connection.scalar(query)

"""Who gets a place, who waits, who may act for whom; exact when many come at once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.service import SYSTEM
from portal.competitions import entries
from portal.competitions.entries import By
from portal.competitions.model import Competition, Entry, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PortalError, Unprocessable
from portal.kernel.ids import new_uid
from portal.outbox.model import Event
from tests.make import address

ORGANIZER = By(SYSTEM)
HOUR = timedelta(hours=1)


def registering(
    org, uid: str, wallet: str | None = None, team: str | None = None, *, by: By = ORGANIZER, **more
) -> tuple[str, str]:
    """(uid, status) of the new registration."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        who = entries.participant(session, found, wallet, team)
        entry = entries.register(session, found, by, who, **more)
        return entry.uid, entry.status


def leaving(org, uid: str, registration: str, by: By = ORGANIZER) -> str | None:
    """The uid of who was promoted."""
    with unit_of_work() as session:
        promoted = entries.leave(session, competition_by_uid(session, org.id, uid), by, registration)
        return promoted.uid if promoted else None


def states(org, uid: str) -> Counter[str]:
    with unit_of_work() as session:
        return Counter(session.scalars(select(Entry.status).join(Competition).where(Competition.uid == uid)))


def events(org, name: str) -> list[dict]:
    with unit_of_work() as session:
        return list(session.scalars(select(Event.data).where(Event.org_id == org.id, Event.type == name).order_by(Event.id)))


def test_a_wallet_and_a_team_register_and_it_is_told(make):
    org = make.org()
    uid, team = make.competition(org, status="registration"), make.team(org)
    first, _ = registering(org, uid, address(0xABC))
    second, _ = registering(org, uid, team=team)
    told = events(org, "registration.created")
    assert [event["id"] for event in told] == [first, second]
    assert [(event["wallet"], event["team_id"], event["status"]) for event in told] == [
        (address(0xABC), None, "registered"),
        (None, team, "registered"),
    ]


def test_exactly_one_of_wallet_and_team_is_asked_for(make):
    org = make.org()
    uid, team = make.competition(org, status="registration"), make.team(org)
    for wallet, named in ((None, None), (address(1), team)):
        with pytest.raises(Invalid, match="either wallet or team_id"):
            registering(org, uid, wallet, named)


def test_nobody_registers_twice_however_the_address_is_spelled(make):
    org = make.org()
    uid, team = make.competition(org, status="registration"), make.team(org)
    registering(org, uid, address(0xABC))
    registering(org, uid, team=team)
    for wallet, named in ((address(0xABC).upper().replace("0X", "0x"), None), (None, team)):
        with pytest.raises(Conflict, match="registered already"):
            registering(org, uid, wallet, named)
    assert states(org, uid) == {"registered": 2}


def test_a_team_of_another_organization_or_one_that_was_deleted_is_not_there(make):
    org, other = make.org(), make.org()
    uid, gone = make.competition(org, status="registration"), make.team(org)
    with unit_of_work() as session:
        from portal.players.model import team_by_uid

        team_by_uid(session, org.id, gone).deleted_at = utc_now()
    for team in (make.team(other), gone, new_uid()):
        with pytest.raises(NotFound, match="Team"):
            registering(org, uid, team=team)


@pytest.mark.parametrize(("players", "fits"), [(0, False), (3, False), (4, True), (5, True)])
def test_a_roster_below_the_least_is_refused(make, players, fits):
    org = make.org()
    uid = make.competition(org, status="registration", rules={"min_roster": 5})
    team = make.team(org, captain=address(99), players=players)
    if fits:
        assert registering(org, uid, team=team)[1] == "registered"
        return
    with pytest.raises(Unprocessable, match=f"has {players + 1} on its roster") as refused:
        registering(org, uid, team=team)
    assert refused.value.field == "team_id"


def test_a_lone_wallet_is_a_roster_of_one(make):
    org = make.org()
    with pytest.raises(Unprocessable, match="for teams"):
        registering(org, make.competition(org, status="registration", rules={"min_roster": 2}), address(1))
    registering(org, make.competition(org, status="registration", rules={"min_roster": 1}), address(1))


def test_before_and_after_the_window_nobody_registers(make):
    org, now = make.org(), utc_now()
    draft = make.competition(org, registration_opens=now + HOUR)
    with pytest.raises(Conflict, match=r"not open yet\. It opens at"):
        registering(org, draft, address(1))
    with pytest.raises(Conflict, match="organizer has to open"):
        registering(org, make.competition(org), address(1))
    closing = make.competition(org, status="registration", registration_closes=now + HOUR)
    registering(org, closing, address(1), clock=lambda: now + HOUR - timedelta(microseconds=1))
    with pytest.raises(Conflict, match="Registration closed at"):
        registering(org, closing, address(2), clock=lambda: now + HOUR)


@pytest.mark.parametrize(("status", "words"), [("active", "has started"), ("completed", "completed"), ("canceled", "canceled")])
def test_once_it_is_no_longer_in_registration_nobody_joins_or_leaves(make, status, words):
    org = make.org()
    uid = make.competition(org, status="registration")
    registration = make.enter(org, uid, [1, 2])[0]
    with unit_of_work() as session:
        competition_by_uid(session, org.id, uid).status = status
    for act in (lambda: registering(org, uid, address(3)), lambda: leaving(org, uid, registration)):
        with pytest.raises(Conflict, match=words):
            act()


def test_when_it_is_full_nobody_else_gets_in(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2)
    make.enter(org, uid, [1, 2])
    with pytest.raises(Conflict, match="full: all 2 places"):
        registering(org, uid, address(3))


def test_the_waiting_list_is_promoted_in_order_and_only_by_those_who_had_a_place(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True)
    first, second = make.enter(org, uid, [1, 2])
    third, fourth, fifth = (registering(org, uid, address(number))[0] for number in (3, 4, 5))
    assert states(org, uid) == {"registered": 2, "waiting": 3}
    assert leaving(org, uid, fourth) is None
    assert leaving(org, uid, first) == third
    assert leaving(org, uid, third) == fifth
    assert leaving(org, uid, second) is None
    assert states(org, uid) == {"registered": 1, "withdrawn": 4}
    assert [event["id"] for event in events(org, "registration.promoted")] == [third, fifth]
    assert [event["id"] for event in events(org, "registration.canceled")] == [fourth, first, third, second]


def test_who_left_may_come_back_at_the_end_of_the_line(make):
    org = make.org()
    uid = make.competition(org, "challenge", status="registration", max_participants=1, waiting_list=True)
    (first,) = make.enter(org, uid, [1])
    second, _ = registering(org, uid, address(2))
    assert leaving(org, uid, first) == second
    with pytest.raises(NotFound, match="Registration"):
        leaving(org, uid, first)
    again, status = registering(org, uid, address(1))
    assert status == "waiting" and again != first
    assert states(org, uid) == {"registered": 1, "waiting": 1, "withdrawn": 1}
    assert leaving(org, uid, second) == again


def test_a_wallet_acts_for_itself_only_and_a_captain_for_the_team(make):
    org = make.org()
    uid = make.competition(org, status="registration")
    captain, player = address(0xCA), address(1)
    team, other = make.team(org, captain=captain, players=1), make.team(org, captain=address(0xCB))
    as_captain, as_player = By(SYSTEM, False, captain.upper().replace("0X", "0x")), By(SYSTEM, False, player)
    for by, wallet, named in ((as_player, captain, None), (as_player, None, team), (as_captain, None, other)):
        with pytest.raises(Forbidden):
            registering(org, uid, wallet, named, by=by)
    mine, _ = registering(org, uid, player, by=as_player)
    ours, _ = registering(org, uid, team=team, by=as_captain)
    for registration, by in ((mine, as_captain), (ours, as_player)):
        with pytest.raises(Forbidden):
            leaving(org, uid, registration, by)
    assert (leaving(org, uid, mine, as_player), leaving(org, uid, ours, as_captain)) == (None, None)


def test_seeds_are_for_organizers_and_each_is_given_once(make):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=4)
    with pytest.raises(Forbidden, match="seed"):
        registering(org, uid, address(1), by=By(SYSTEM, False, address(1)), seed=1)
    first, _ = registering(org, uid, address(1), seed=4)
    for seed, words in ((4, "somebody else"), (0, "from 1 to 4"), (5, "from 1 to 4"), (-1, "from 1"), (2**70, "from 1")):
        with pytest.raises(Unprocessable, match=words):
            registering(org, uid, address(2), seed=seed)
    leaving(org, uid, first)
    registering(org, uid, address(2), seed=4)


def test_a_registration_of_another_competition_is_not_there(make):
    org = make.org()
    mine, other = (make.competition(org, status="registration") for _ in range(2))
    (registration,) = make.enter(org, other, [1])
    with pytest.raises(NotFound):
        leaving(org, mine, registration)


@pytest.mark.parametrize("waiting", [False, True])
def test_fifty_who_register_at_once_fill_exactly_the_places_there_are(make, app, waiting):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=16, waiting_list=waiting)
    key = {"Authorization": f"Bearer {make.key(org, 'competition')}"}

    def one(number: int) -> int:
        answer = app.test_client().post(f"/api/v1/competitions/{uid}/register", json={"wallet": address(number)}, headers=key)
        return answer.status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = Counter(pool.map(one, range(50)))
    assert statuses == ({201: 50} if waiting else {201: 16, 409: 34})
    assert states(org, uid) == ({"registered": 16, "waiting": 34} if waiting else {"registered": 16})


def test_counting_first_and_inserting_afterwards_overfills(make, app):
    """The naive twin, kept to show that the test above can fail: whoever counts without holding the competition's row
    counts what others are about to add."""
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=4)
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, uid)
        competition_id, most = competition.id, competition.max_participants
    counted = threading.Barrier(8)

    def naive(number: int) -> bool:
        with app.app_context():
            with reading() as connection:
                taken = connection.scalar(select(func.count()).where(Entry.competition_id == competition_id))
            counted.wait()
            if taken >= most:
                return False
            with unit_of_work() as session:
                wallet = address(number)
                session.add(Entry(competition_id=competition_id, org_id=org.id, wallet=wallet, entrant_key=wallet))
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(naive, range(8))) == 8
    assert states(org, uid) == {"registered": 8}


def test_one_who_registers_twice_at_once_is_registered_once(make, app):
    org = make.org()
    uid = make.competition(org, status="registration")

    def one(_number: int) -> str:
        with app.app_context():
            try:
                return registering(org, uid, address(7))[1]
            except PortalError as error:
                return type(error).__name__

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(one, range(6))) == {"registered": 1, "Conflict": 5}


def test_two_places_that_become_free_at_once_go_to_two(make, app):
    org = make.org()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True)
    having = make.enter(org, uid, [1, 2])
    for number in (3, 4, 5):
        registering(org, uid, address(number))

    def one(registration: str) -> str | None:
        with app.app_context():
            return leaving(org, uid, registration)

    with ThreadPoolExecutor(2) as pool:
        promoted = set(pool.map(one, having))
    assert len(promoted) == 2 and None not in promoted
    assert states(org, uid) == {"registered": 2, "waiting": 1, "withdrawn": 2}

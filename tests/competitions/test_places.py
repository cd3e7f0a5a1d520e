"""Places and the waiting list while registration is open: raised, lowered, filled from the waiting list in order."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.competitions import amending
from portal.competitions.model import Competition, Entry, competition_by_uid
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from tests.competitions.test_create_pages import home, plain
from tests.competitions.test_life_pages import HTMX, row, toasts, told
from tests.competitions.test_registration import events, registering, states
from tests.make import address, post


def setting(org, uid: str, most: int | None, waiting: bool = True) -> tuple[bool, int]:
    with unit_of_work() as session:
        return amending.set_places(session, competition_by_uid(session, org.id, uid), SYSTEM, most, waiting)


def in_line(org, uid: str) -> list[tuple[str, str]]:
    """(wallet, status) in the order of registration."""
    with unit_of_work() as session:
        query = select(Entry.wallet, Entry.status).join(Competition).where(Competition.uid == uid).order_by(Entry.id)
        return [(wallet, status) for wallet, status in session.execute(query)]


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def full(make, org):
    """Two places, taken; three wait."""
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True)
    for number in range(1, 6):
        registering(org, uid, address(number))
    return uid


def test_new_places_go_to_those_who_wait_in_their_order_and_it_is_told(org, full):
    assert setting(org, full, 4) == (True, 2)
    assert [status for _, status in in_line(org, full)] == ["registered"] * 4 + ["waiting"]
    assert [event["wallet"] for event in events(org, "registration.promoted")] == [address(3), address(4)]
    assert told(org, full)[-1] == "competition.updated"
    with unit_of_work() as session:
        noted = session.scalars(select(AuditRow.action).where(AuditRow.org_id == org.id)).all()
    assert noted.count("registration.promoted") == 2 and "competition.updated" in noted
    assert setting(org, full, 4) == (False, 0)


def test_without_a_limit_everybody_who_waits_gets_a_place(org, full):
    assert setting(org, full, None) == (True, 3)
    assert states(org, full) == {"registered": 5}


@pytest.mark.parametrize(
    ("most", "seed", "said"),
    [(2, None, "3 are registered already. Choose 3 or more"), (3, 4, "Seed 4 is given to somebody. Choose 4 or more")],
)
def test_places_never_fall_below_what_is_given(make, org, most, seed, said):
    uid = make.competition(org, status="registration", max_participants=8)
    make.enter(org, uid, [1, 2])
    registering(org, uid, address(3), seed=seed)
    with pytest.raises(PortalError) as refused:
        setting(org, uid, most)
    assert refused.value.field == "max_participants" and refused.value.message.startswith(said)
    assert row(org, uid).max_participants == 8


def test_without_a_waiting_list_those_in_line_stay_and_nobody_joins_them(org, full):
    assert setting(org, full, 2, waiting=False) == (True, 0)
    with pytest.raises(PortalError, match="full"):
        registering(org, full, address(9))
    assert setting(org, full, 3, waiting=False) == (True, 1)
    assert states(org, full) == {"registered": 3, "waiting": 2}


def test_the_form_says_what_changed_and_refuses_what_does_not_fit(make, org, full):
    alice, here = make.signed_in(org.alice), f"{home(org)}/{full}/places"
    assert "2 have a place" in plain(alice.get(here))
    answer = post(alice, here, {"max_participants": "4", "waiting_list": "y"}, headers=HTMX)
    assert [item["message"] for item in toasts(answer)] == ["The places are changed. 2 from the waiting list have a place now."]
    refused = post(alice, here, {"max_participants": "3", "waiting_list": "y"})
    assert refused.status_code == 422 and "4 are registered already. Choose 4 or more" in plain(refused)
    running = make.competition(org, status="active", entrants=2)
    answer = post(alice, f"{home(org)}/{running}/places", {"max_participants": "9"})
    assert answer.status_code == 409 and "Places change before the start" in plain(answer)


def test_places_raised_while_twenty_register_go_to_those_who_came_first(make, app, org):
    uid = make.competition(org, status="registration", max_participants=4, waiting_list=True)

    def one(number: int) -> None:
        with app.app_context():
            if number == 10:
                setting(org, uid, 12)
            else:
                registering(org, uid, address(number + 1))

    with ThreadPoolExecutor(21) as pool:
        list(pool.map(one, range(21)))
    assert [status for _, status in in_line(org, uid)] == ["registered"] * 12 + ["waiting"] * 8

"""Whatever players do before the start, in any order: places never run over, and the line keeps its order."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions import entries
from portal.competitions.entries import By
from portal.competitions.model import Entry, competition_by_uid
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from tests.make import address

PLACES = 3
PLAYERS = 7
STEPS = st.lists(st.tuples(st.sampled_from(["join", "leave", "check_in", "undo"]), st.integers(1, PLAYERS)), max_size=40)
ORGANIZER = By(SYSTEM)


class Line:
    """What should be: players in the order in which they came, and who of them is checked in."""

    def __init__(self) -> None:
        self.players: list[int] = []
        self.present: set[int] = set()

    def may(self, step: str, player: int) -> bool:
        """Do it, if it is possible."""
        if step == "join":
            possible = player not in self.players
            self.players += [player] if possible else []
            return possible
        place = self.players.index(player) if player in self.players else None
        if step == "check_in" and (place is None or place >= PLACES):
            return False
        if place is None:
            return False
        if step == "leave":
            self.players.remove(player)
        self.present = self.present | {player} if step == "check_in" else self.present - {player}
        return True


def act(session, competition, step: str, player: int) -> None:
    """Raises PortalError where it is not possible."""
    who = entries.participant(session, competition, address(player), None)
    if step == "join":
        entries.register(session, competition, ORGANIZER, who)
    elif step == "check_in":
        entries.check_in(session, competition, ORGANIZER, who)
    else:
        mine = (Entry.competition_id == competition.id, Entry.entrant_key == address(player))
        uid = session.scalar(select(Entry.uid).where(*mine)) or "nobody"
        (entries.leave if step == "leave" else entries.undo_check_in)(session, competition, ORGANIZER, uid)


def test_places_and_the_line_are_what_the_steps_make_them(make):
    org = make.org()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def any_steps(steps):
        uid, line = make.competition(org, status="registration", max_participants=PLACES, waiting_list=True), Line()
        with unit_of_work() as session:
            competition = competition_by_uid(session, org.id, uid)
            for step, player in steps:
                expected = line.may(step, player)
                try:
                    act(session, competition, step, player)
                    assert expected, (step, player)
                except PortalError:
                    assert not expected, (step, player)
            query = select(Entry).where(Entry.competition_id == competition.id, Entry.entrant_key.is_not(None)).order_by(Entry.id)
            found = list(session.scalars(query))
            session.expunge_all()
        places = [address(player) for player in line.players[:PLACES]]
        assert [row.wallet for row in found] == [address(player) for player in line.players]
        assert [row.wallet for row in found if row.status == "registered"] == places
        assert {row.wallet for row in found if row.checked_in_at} == {address(player) for player in line.present}

    any_steps()

"""What two do to seasons at the same moment."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from portal.audit.service import SYSTEM
from portal.competitions.model import competition_by_uid
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import PortalError
from portal.seasons.model import SeasonCompetition, season_by_uid
from portal.seasons.service import add_competition


def adding(app, org, season, competition):
    """What came of it: `added`, or the name of the error."""
    with app.app_context():
        try:
            with unit_of_work() as session:
                found = season_by_uid(session, org.id, season), competition_by_uid(session, org.id, competition)
                add_competition(session, *found, SYSTEM, 1.0)
        except PortalError as error:
            return type(error).__name__
        return "added"


def lines(org, competition):
    with unit_of_work() as session:
        mine = SeasonCompetition.competition_id == competition_by_uid(session, org.id, competition).id
        return session.scalar(select(func.count()).select_from(SeasonCompetition).where(mine))


def test_a_competition_that_is_added_by_several_at_once_is_there_once(make, app):
    org = make.org()
    season, competition = make.season(org), make.competition(org)
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _number: adding(app, org, season, competition), range(6))
    assert Counter(answers) == {"added": 1, "Conflict": 5}
    assert lines(org, competition) == 1


def test_a_circuit_that_several_seasons_take_at_once_is_in_one(make, app):
    org = make.org()
    seasons, circuit = [make.season(org) for _ in range(6)], make.competition(org, "circuit")
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda season: adding(app, org, season, circuit), seasons)
    assert Counter(answers) == {"added": 1, "Conflict": 5}
    assert lines(org, circuit) == 1


def test_looking_first_and_adding_afterwards_gives_a_circuit_to_several(make, app):
    """The naive twin, kept to show that the test above can fail: whoever looks without holding the circuit's row does not
    see what others are about to add."""
    org = make.org()
    seasons, circuit = [make.season(org) for _ in range(4)], make.competition(org, "circuit")
    with unit_of_work() as session:
        circuit_id = competition_by_uid(session, org.id, circuit).id
        ids = [season_by_uid(session, org.id, season).id for season in seasons]
    looked = threading.Barrier(4)

    def naive(season_id):
        with app.app_context():
            with reading() as connection:
                held = connection.scalar(select(SeasonCompetition.id).where(SeasonCompetition.competition_id == circuit_id))
            looked.wait()
            if held is None:
                with unit_of_work() as session:
                    session.add(SeasonCompetition(season_id=season_id, competition_id=circuit_id))
            return held is None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(naive, ids)) == 4
    assert lines(org, circuit) == 4

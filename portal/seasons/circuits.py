"""Circuits: a competition without matches of its own, scored by the places reached in the other competitions of its season."""

from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from portal.competitions.credits import identity
from portal.competitions.model import Competition, Entry
from portal.competitions.participants import TAKING_PART, Earned
from portal.competitions.rules import rules_of
from portal.seasons.model import SeasonCompetition
from portal.seasons.table import Participant, Ranked, by_places, collected, rows_of


def scores(session: Session, circuit: Competition) -> dict[int, Earned]:
    """What each entry of the circuit has, by its `place_points`, best first: three statements, two where no season holds it.

    Only those who registered for the circuit are ranked; whoever has not played yet stands last. All competitions of the
    season count, private ones too: the places of a circuit are the same for every reader.
    """
    entered = {row.key: row for row in session.execute(_entries(circuit))}
    season_id = session.scalar(select(SeasonCompetition.season_id).where(SeasonCompetition.competition_id == circuit.id))
    rows = [] if season_id is None else [row for row in rows_of(session, season_id, true()) if row.key in entered]
    people = collected(rows)
    for key, entry in entered.items():
        people.setdefault(key, Participant(key, entry.id, entry.wallet, None, None))
    ranked = by_places(people, rows, rules_of(circuit.type, circuit.rules))
    return {entered[line.participant.key].id: _earned(line) for line in ranked}


def _earned(line: Ranked) -> Earned:
    who = line.participant
    return Earned(line.rank, who.total, who.wins, who.draws, who.losses)


def _entries(circuit: Competition) -> Any:
    query = select(Entry.id, Entry.wallet, identity().label("key"))
    return query.where(Entry.competition_id == circuit.id, Entry.status.in_(TAKING_PART)).order_by(Entry.id)

"""The standings of a season: what each participant got in each competition, times its weight, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from portal.competitions.credits import identity, records
from portal.competitions.model import Competition, Entry
from portal.competitions.participants import TAKING_PART
from portal.formats import leaderboard
from portal.formats.plan import Entrant
from portal.formats.rules import Rules
from portal.players.model import Team
from portal.seasons.model import Season, SeasonCompetition
from portal.seasons.scoring import exactly, place_rules, points_of


@dataclass(frozen=True, slots=True)
class Line:
    """What one competition brought."""

    competition_uid: str
    title: str
    points: Decimal
    weight: Decimal

    @property
    def weighted(self) -> Decimal:
        return self.points * self.weight


@dataclass(slots=True)
class Participant:
    """One wallet, as it was spelt first, or one team, over all competitions. `first` is its first entry."""

    key: str
    first: int
    wallet: str | None
    team_uid: str | None
    team_name: str | None
    wins: int = 0
    draws: int = 0
    losses: int = 0
    entered: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((line.weighted for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Ranked:
    """`rank` starts at 1 and is shared by those whose points are equal."""

    rank: int
    participant: Participant


@dataclass(slots=True)
class Event:
    """One competition as places score it."""

    id: int
    uid: str
    title: str
    weight: Decimal
    places: dict[int, int] = field(default_factory=dict)


def standings(session: Session, season: Season, seen: ColumnElement[bool]) -> list[Ranked]:
    """Everybody who took part in a competition of the season that has started, the best first: one statement.

    Competitions that `seen` does not pick, drafts, and canceled ones bring nothing. With `place_points` in the season's
    scoring, places of completed competitions count, ranked as a circuit is; otherwise wins, draws and losses.
    """
    return ranked(rows_of(session, season.id, seen), season.scoring_config)


def standings_of(session: Session, scoring: Mapping[int, Mapping[str, Any]]) -> dict[int, list[Ranked]]:
    """The standings of several seasons, by their ids, from all of their competitions: one statement. `scoring` has the
    configuration of each."""
    found: dict[int, list[Any]] = {number: [] for number in scoring}
    for row in session.execute(_rows(SeasonCompetition.season_id.in_(scoring), true())):
        found[row.season_id].append(row)
    return {number: ranked(rows, scoring[number]) for number, rows in found.items()}


def ranked(rows: Sequence[Any], config: Mapping[str, Any]) -> list[Ranked]:
    """The rows of one season as its scoring ranks them."""
    rules = place_rules(config)
    return by_matches(rows, config) if rules is None else by_places(collected(rows), rows, rules)


def by_places(people: Mapping[str, Participant], rows: Sequence[Any], rules: Rules) -> list[Ranked]:
    """Points for the place in each competition that is over; level on points, the better places decide. Rows of others
    than `people` bring nothing."""
    ids = {key: number for number, key in enumerate(people, 1)}
    events: dict[int, Event] = {}
    for row in rows:
        if row.status == "completed" and row.place is not None and row.key in people:
            event = events.setdefault(row.competition_id, Event(row.competition_id, row.uid, row.title, exactly(row.weight)))
            event.places[ids[row.key]] = row.place
    order = list(people.values())
    scored = leaderboard.score(
        [leaderboard.Event(event.id, event.places, event.weight) for event in events.values()],
        [Entrant(number, number) for number in ids.values()],
        rules,
    )
    for line in scored:
        order[line.entrant - 1].lines = [
            Line(events[each.event].uid, events[each.event].title, Decimal(each.points), each.weight) for each in line.breakdown
        ]
    return [Ranked(line.rank, order[line.entrant - 1]) for line in scored]


def by_matches(rows: Sequence[Any], config: Mapping[str, Any]) -> list[Ranked]:
    """Points for wins, draws and losses. Level on points they share the rank; more wins stand first among them, then
    fewer losses, then who registered first."""
    people = collected(rows)
    for row in rows:
        points = points_of(config, row.wins, row.draws, row.losses)
        people[row.key].lines.append(Line(row.uid, row.title, points, exactly(row.weight)))
    order = sorted(people.values(), key=lambda person: (-person.total, -person.wins, person.losses, person.first))
    ranked: list[Ranked] = []
    for position, person in enumerate(order, 1):
        shared = bool(ranked) and ranked[-1].participant.total == person.total
        ranked.append(Ranked(ranked[-1].rank if shared else position, person))
    return ranked


def collected(rows: Sequence[Any]) -> dict[str, Participant]:
    """The participants with their matches counted, in the order in which they first registered."""
    people: dict[str, Participant] = {}
    for row in sorted(rows, key=lambda row: row.entry_id):
        person = people.setdefault(row.key, Participant(row.key, row.entry_id, row.wallet, row.team_uid, row.team_name))
        person.wins += row.wins
        person.draws += row.draws
        person.losses += row.losses
        person.entered += 1
    return people


def rows_of(session: Session, season_id: int, seen: ColumnElement[bool]) -> Sequence[Any]:
    """One row for each entry of each competition that counts and that `seen` picks, in the order in which these were added."""
    return session.execute(_rows(SeasonCompetition.season_id == season_id, seen)).all()


def _rows(seasons: ColumnElement[bool], seen: ColumnElement[bool]) -> Any:
    of = seen & Competition.id.in_(select(SeasonCompetition.competition_id).where(seasons))
    sums = records(of)
    return (
        select(
            SeasonCompetition.season_id,
            Competition.id.label("competition_id"),
            Competition.uid,
            Competition.title,
            Competition.status,
            SeasonCompetition.weight,
            Entry.id.label("entry_id"),
            identity().label("key"),
            Entry.wallet,
            Team.uid.label("team_uid"),
            Team.name.label("team_name"),
            Entry.place,
            *(func.coalesce(sums.c[name], 0).label(name) for name in ("wins", "draws", "losses")),
        )
        .join(SeasonCompetition, SeasonCompetition.competition_id == Competition.id)
        .join(Entry, Entry.competition_id == Competition.id)
        .outerjoin(Team, Team.id == Entry.team_id)
        .outerjoin(sums, sums.c.entry_id == Entry.id)
        .where(of, seasons, Entry.status.in_(TAKING_PART))
        .where(Competition.status.in_(("active", "completed")), Competition.format != "leaderboard")
        .order_by(SeasonCompetition.id, Entry.id)
    )

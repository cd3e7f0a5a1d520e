"""What the demo tenant has played: a league and a cup as they really went, a tournament in play, and a season over them.

The results are those of `demo_data`; everything goes through the services, so that it looks as if people had done it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions import decisions, entries, seeding, service, starting
from portal.competitions.entries import By
from portal.competitions.model import Competition, Entry, Match, entries_of, matches_of
from portal.competitions.results import Report, record_result
from portal.formats.plan import Winner
from portal.formats.seeding import positions
from portal.kernel.clock import Clock, utc_now
from portal.orgs.model import Organization
from portal.players.model import Team
from portal.players.service import create_team
from portal.registration.applications import apply, approve
from portal.registration.service import change_page
from portal.seasons import service as seasons

DATA = Path(__file__).parent / "demo_data"
KNOCK_OUT = ("Final", "Semi-finals", "Quarter-finals", "Round of 16")
# The tournament in play: four teams are through, the other half of the first round comes tonight.
ROSTER = (
    "Northern Lights",
    "Paper Tigers",
    "Last Call",
    "Copper Foxes",
    "Night Shift",
    "Salt & Iron",
    "Blue Hour",
    "Quiet Storm",
)
PLAYERS = ("Ayra", "nightjar", "Tomasz K.", "Lumen", "quiet_fox", "Mira", "0xDelta", "Sanna")
PRIZE_POOL = str(2 * 10**18)


@dataclass(frozen=True)
class Organizer:
    """Whose demo it is and who acts."""

    session: Session
    org: Organization
    actor: Actor


def competitions(session: Session, org: Organization, actor: Actor) -> None:
    """All of them, with the season."""
    organizer = Organizer(session, org, actor)
    league = _premier_league(organizer)
    groups, cup = _world_cup(organizer)
    running = _in_play(organizer)
    _in_registration(organizer)
    terms = {"name": "Great tournaments", "description": "A league counts once, a cup twice.", "starts_at": _day("2018-06-01")}
    season = seasons.create_season(session, org, actor, terms)
    for competition, weight in ((groups, 1.0), (cup, 2.0), (league, 1.0), (running, 1.5)):
        seasons.add_competition(session, season, competition, actor, weight)


def _premier_league(organizer: Organizer) -> Competition:
    played = _real("premier-league-2022-23.json")
    results = {(match["team1"], match["team2"]): match for match in played}
    clubs = sorted({home for home, _away in results})
    terms = {"rules": {"legs": 2}, "category": "football", "prize_pool_wei": PRIZE_POOL}
    league = _opened(organizer, "league", "Premier League 2022/23", terms, clubs, _day("2022-07-25"))
    starting.start(organizer.session, league, organizer.actor, clock=_at(_day("2022-08-05")))
    _report_all(organizer, league, lambda home, away: results[home, away])
    return league


def _world_cup(organizer: Organizer) -> tuple[Competition, Competition]:
    """The eight groups and the knock-out of sixteen."""
    played = _real("world-cup-2018.json")
    groups = _groups(organizer, [match for match in played if "group" in match])
    return groups, _knock_out(organizer, [match for match in played if "group" not in match])


def _groups(organizer: Organizer, played: Sequence[Mapping[str, Any]]) -> Competition:
    group_of = {match[side]: match["group"].removeprefix("Group ") for match in played for side in ("team1", "team2")}
    teams = sorted(group_of)
    terms = {"rules": {"groups": 8}, "category": "football"}
    cup = _opened(organizer, "league", "World Cup 2018, groups", terms, teams, _day("2018-06-01"))
    _seed(organizer, cup, {team: (seed, group_of[team]) for seed, team in enumerate(teams, 1)})
    starting.start(organizer.session, cup, organizer.actor, "manual", _at(_day("2018-06-14")))
    results = _either_way(played)
    _report_all(organizer, cup, lambda home, away: results[frozenset((home, away))])
    uids = {name: entry.uid for entry, name in _entrants(organizer.session, cup)}
    reason = "Fair play: four yellow cards against six."
    decisions.decide(organizer.session, cup, organizer.actor, uids["Japan"], uids["Senegal"], reason, _at(_day("2018-06-29")))
    return cup


def _knock_out(organizer: Organizer, played: Sequence[Mapping[str, Any]]) -> Competition:
    """The teams get the seeds that place them where they really stood."""
    order = _from_top_to_bottom(played)
    terms = {"rules": {"third_place_match": True}, "category": "football", "prize_pool_wei": PRIZE_POOL}
    cup = _opened(organizer, "bracket", "World Cup 2018", terms, order, _day("2018-06-29"))
    _seed(organizer, cup, {team: (seed, None) for team, seed in zip(order, positions(len(order)), strict=True)})
    starting.start(organizer.session, cup, organizer.actor, "manual", _at(_day("2018-06-30")))
    results = _either_way(played)
    _report_all(organizer, cup, lambda home, away: results[frozenset((home, away))])
    return cup


def _in_play(organizer: Organizer) -> Competition:
    now = utc_now()
    terms = {
        "description": "Eight teams, best of three. Two defeats and you are out.",
        "rules": {"format": "double_elimination", "best_of": 3},
        "category": "cs2",
        "max_participants": 8,
        "prize_pool_wei": PRIZE_POOL,
    }
    cup = _opened(organizer, "bracket", "Arena Five Invitational", terms, ROSTER, now - timedelta(days=6))
    starting.start(organizer.session, cup, organizer.actor, clock=_at(now - timedelta(hours=26)))
    for number, match in enumerate(_ready(organizer.session, cup)[: len(_FIRST_RESULTS)]):
        at = _at(now - timedelta(hours=20 - 2 * number))
        record_result(organizer.session, cup, organizer.actor, match.uid, _FIRST_RESULTS[number], at)
    return cup


def _in_registration(organizer: Organizer) -> None:
    """Players register by themselves; three of their requests wait for an answer, and most of the others are there."""
    session, org, actor, now = organizer.session, organizer.org, organizer.actor, utc_now()
    terms = {
        "description": "One on one, best of three. Everybody may enter.",
        "rules": {"best_of": 3},
        "category": "cs2",
        "max_participants": 16,
        "waiting_list": True,
        "starts_at": now + timedelta(days=9),
    }
    cup = _opened(organizer, "bracket", "Friday Night Cup", terms, (), now - timedelta(days=2))
    welcome = "Doors open at six. Bring your own headset."
    change_page(session, cup, actor, {"access": "open", "entrants": "players", "approval": True, "welcome": welcome})
    for number, name in enumerate(PLAYERS):
        team = create_team(session, org, actor, name, None, None, solo=True)
        own, at = Actor("player", team.uid, team.name), _at(now - timedelta(hours=40 - 4 * number))
        asked = apply(session, cup, team, own, clock=at)
        if number < len(PLAYERS) - 3:
            approve(session, cup, actor, asked.uid, clock=at)
        if number < len(PLAYERS) - 4:
            entries.check_in(session, cup, By(own), entries.participant(session, cup, None, team.uid))


_FIRST_RESULTS = (Report("a", 2, 0), Report("b", 1, 2), Report("a", 2, 1))


def _opened(
    organizer: Organizer, kind: str, title: str, terms: Mapping[str, Any], teams: Iterable[str], at: datetime
) -> Competition:
    """A competition in registration since `at`, with these teams registered and checked in."""
    session, org, actor = organizer.session, organizer.org, organizer.actor
    made = service.create_competition(session, org, actor, kind, {"title": title, **terms})
    made.created_at = at
    service.open_registration(session, made, actor, _at(at))
    known = {team.name: team for team in session.scalars(select(Team).where(Team.org_id == org.id))}
    for number, name in enumerate(teams):
        team = known.get(name) or create_team(session, org, actor, name, None, None)
        who = entries.participant(session, made, None, team.uid)
        clock = _at(at + timedelta(minutes=11 * number))
        entries.register(session, made, By(actor), who, clock=clock)
        entries.check_in(session, made, By(actor), who, clock)
    return made


def _seed(organizer: Organizer, competition: Competition, wanted: Mapping[str, tuple[int, str | None]]) -> None:
    lines = [seeding.Seed(entry.uid, *wanted[name]) for entry, name in _entrants(organizer.session, competition)]
    seeding.set_seeds(organizer.session, competition, organizer.actor, lines)


def _report_all(organizer: Organizer, competition: Competition, real: Callable[[str, str], Mapping[str, Any]]) -> None:
    """Report every match as it really ended, day by day; each round opens the next."""
    session = organizer.session
    names = {entry.id: name for entry, name in _entrants(session, competition)}
    while ready := _ready(session, competition):
        found = [(real(names[match.a_id or 0], names[match.b_id or 0]), match) for match in ready]
        for result, match in sorted(found, key=lambda pair: pair[0]["date"]):
            report = _report(result, turned=names[match.a_id or 0] != result["team1"])
            at = _at(_day(result["date"]) + timedelta(hours=22))
            record_result(session, competition, organizer.actor, match.uid, report, at)


def _report(result: Mapping[str, Any], *, turned: bool) -> Report:
    """The score after extra time. After a shoot-out it is level, and the notes say who won it how."""
    score = result["score"].get("et") or result["score"]["ft"]
    shoot_out = result["score"].get("p")
    first, second = shoot_out or score
    winner: Winner = "draw" if first == second else "a" if (first > second) != turned else "b"
    a, b = reversed(score) if turned else score
    kicks = sorted(shoot_out or (), reverse=True)
    return Report(winner, a, b, notes=f"Shoot-out: {kicks[0]}-{kicks[1]}." if kicks else None)


def _from_top_to_bottom(played: Sequence[Mapping[str, Any]]) -> list[str]:
    """The teams in the order of the bracket, read back from who met whom, the final first."""
    (final,) = [match for match in played if match["round"] == KNOCK_OUT[0]]
    teams = [final["team1"], final["team2"]]
    for name in KNOCK_OUT[1:]:
        pairs = [(match["team1"], match["team2"]) for match in played if match["round"] == name]
        opponents = dict(pairs) | {second: first for first, second in pairs}
        teams = [each for team in teams for each in (team, opponents[team])]
    return teams


def _ready(session: Session, competition: Competition) -> Sequence[Match]:
    both = (Match.a_id.is_not(None), Match.b_id.is_not(None), Match.status == "pending")
    return session.scalars(matches_of(competition).where(*both)).all()


def _entrants(session: Session, competition: Competition) -> list[tuple[Entry, str]]:
    """Each registration with its team's name."""
    query = entries_of(competition).add_columns(Team.name).join(Team, Team.id == Entry.team_id)
    return [(entry, name) for entry, name in session.execute(query)]


def _either_way(played: Iterable[Mapping[str, Any]]) -> dict[frozenset[str], Mapping[str, Any]]:
    return {frozenset((match["team1"], match["team2"])): match for match in played}


def _real(name: str) -> list[dict[str, Any]]:
    matches: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))["matches"]
    return matches


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _at(moment: datetime) -> Clock:
    return lambda: moment

"""Competitions with named teams on their way, for tests of what the public sees."""

from collections.abc import Sequence
from typing import Any

from portal.audit.service import SYSTEM
from portal.competitions import entries, starting
from portal.competitions.entries import By
from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization
from portal.players.model import Team, team_by_uid
from tests.make import Make, Org

NAMES = (
    "Northgate Foxes", "Harbour Lights", "Iron Quarter", "Grünau United", "The Cartographers", "Velvet Hammer", "Red Kites",
    "Static Bloom", "Old Mill Rovers", "Paper Tigers", "Lowland Giants", "Night Shift", "Saltworks", "Kingfisher Court",
    "Second Wind", "Marble Arch",
)  # fmt: skip


def team_cup(make: Make, org: Org, names: Sequence[str] = NAMES, kind: str = "bracket", start: bool = True, **terms: Any) -> str:
    """The uid of a competition between teams of these names, seeded in their order; started unless told otherwise."""
    uid = make.competition(org, kind, status="registration", **({"title": "Spring Invitational"} | terms))
    teams = [make.team(org) for _ in names]
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        for seed, (team_uid, name) in enumerate(zip(teams, names, strict=True), 1):
            team: Team = team_by_uid(session, org.id, team_uid)
            team.name = name[:100]
            who = entries.participant(session, found, None, team_uid)
            entries.register(session, found, By(SYSTEM, manages=True), who, seed=seed)
            entries.check_in(session, found, By(SYSTEM, manages=True), who)
        if start:
            starting.start(session, found, SYSTEM, "manual")
    return uid


def change(org: Org, **values: Any) -> None:
    """Set columns of the organization."""
    with unit_of_work() as session:
        owner = session.get_one(Organization, org.id)
        for name, value in values.items():
            setattr(owner, name, value)

"""Verbs on teams and their rosters. Every one writes its audit row and its event."""

from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.admission.wallet import is_address
from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.players.model import ROSTER_ROLES, RosterEntry, Team, teams_of
from portal.web.texts import one_line, web_address

NAME, TAG = (2, 100), (2, 6)
MOST_TEAMS, MOST_PLAYERS = 10_000, 100


def create_team(session: Session, org: Organization, actor: Actor, name: str, tag: str | None, logo_url: str | None) -> Team:
    """A team without players. Two may have the same name. Raises Invalid naming the field, Conflict for too many teams."""
    team = Team(
        org_id=org.id,
        name=one_line("name", name, *NAME),
        tag=None if tag is None else one_line("tag", tag, *TAG),
        logo_url=None if logo_url is None else web_address("logo_url", logo_url),
    )
    if (session.scalar(select(func.count()).select_from(teams_of(org.id).subquery())) or 0) >= MOST_TEAMS:
        raise Conflict(f"The organization has {MOST_TEAMS:,} teams, the most there can be. Delete some that nobody needs.")
    session.add(team)
    session.flush()
    record(session, org.id, actor, "team.created", _subject(team), after={"name": team.name, "tag": team.tag})
    emit(session, org.id, "team.created", team.uid, {"team_id": team.uid, "name": team.name, "tag": team.tag})
    return team


def delete_team(
    session: Session,
    org: Organization,
    team: Team,
    actor: Actor,
    *,
    is_entered: Callable[[Session, Team], bool],
    clock: Clock = utc_now,
) -> None:
    """The roster goes, the team's row stays for the results of the past. Raises Conflict while `is_entered` says that the
    team has a place in a competition that is not over, NotFound for a team that was deleted at the same moment."""
    _lock(session, team)
    if is_entered(session, team):
        raise Conflict(f"{team.name} is registered in a competition that is not over. Take it out there first, or wait.")
    session.execute(delete(RosterEntry).where(RosterEntry.team_id == team.id))
    team.deleted_at = clock()
    session.flush()
    record(session, org.id, actor, "team.deleted", _subject(team), before={"name": team.name, "tag": team.tag})
    emit(session, org.id, "team.deleted", team.uid, {"team_id": team.uid, "name": team.name})


def hold_team(session: Session, team: Team) -> None:
    """Keep the team from being deleted until this unit of work ends. Raises NotFound where it just was."""
    query = select(Team.id).where(Team.id == team.id, Team.deleted_at.is_(None)).with_for_update(read=True, key_share=True)
    if session.scalar(query) is None:
        raise NotFound("Team not found.")


def put_player(session: Session, org: Organization, team: Team, wallet: str, role: str, actor: Actor) -> RosterEntry:
    """Put the wallet on the roster, or give the player that it is the role. Raises Invalid, Conflict for a full roster."""
    if not is_address(wallet):
        raise Invalid("wallet", "wallet must be 0x and 40 hex digits, in lower case or with its checksum.")
    if role not in ROSTER_ROLES:
        raise Invalid("role", f"role must be one of {', '.join(ROSTER_ROLES)}.")
    _lock(session, team)
    entry = session.scalar(select(RosterEntry).where(RosterEntry.team_id == team.id, RosterEntry.wallet_key == wallet.lower()))
    if entry is None:
        return _add(session, org, team, wallet, role, actor)
    if entry.role != role:
        before, entry.role = {"role": entry.role}, role
        session.flush()
        record(session, org.id, actor, "team.player_changed", _subject(team), before | {"wallet": wallet}, _said(entry))
        _tell(session, org, team, entry, "roster.player_updated")
    return entry


def remove_player(session: Session, org: Organization, team: Team, uid: str, actor: Actor) -> None:
    """Take the player with this uid off the roster. Raises NotFound."""
    _lock(session, team)
    entry = session.scalar(select(RosterEntry).where(RosterEntry.team_id == team.id, RosterEntry.uid == uid))
    if entry is None:
        raise NotFound("Player not found.")
    record(session, org.id, actor, "team.player_removed", _subject(team), before=_said(entry))
    _tell(session, org, team, entry, "roster.player_removed")
    session.delete(entry)
    session.flush()


def _add(session: Session, org: Organization, team: Team, wallet: str, role: str, actor: Actor) -> RosterEntry:
    if (session.scalar(select(func.count()).where(RosterEntry.team_id == team.id)) or 0) >= MOST_PLAYERS:
        raise Conflict(f"{team.name} has {MOST_PLAYERS} players, the most there can be. Take somebody off the roster first.")
    entry = RosterEntry(team_id=team.id, wallet=wallet, wallet_key=wallet.lower(), role=role)
    session.add(entry)
    session.flush()
    record(session, org.id, actor, "team.player_added", _subject(team), after=_said(entry))
    _tell(session, org, team, entry, "roster.player_added")
    return entry


def _lock(session: Session, team: Team) -> None:
    """One change of a team at a time; raises NotFound where it was deleted meanwhile."""
    session.refresh(team, with_for_update=True)
    if team.deleted_at is not None:
        raise NotFound("Team not found.")


def _said(entry: RosterEntry) -> dict[str, str]:
    return {"wallet": entry.wallet, "role": entry.role}


def _subject(team: Team) -> tuple[str, object, str]:
    return ("team", team.uid, team.name)


def _tell(session: Session, org: Organization, team: Team, entry: RosterEntry, name: str) -> None:
    emit(session, org.id, name, entry.uid, {"id": entry.uid, "team_id": team.uid} | _said(entry))

"""Verbs on teams and their rosters. Every one writes its audit row and its event."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from portal.admission.wallet import is_address
from portal.audit.service import Actor, Note, record, record_all
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.emit import emit, emit_all
from portal.players.model import ROSTER_ROLES, RosterEntry, Team, teams_of
from portal.web.texts import one_line, web_address

NAME, TAG = (2, 100), (2, 6)
MOST_TEAMS, MOST_PLAYERS = 10_000, 100


LONGEST_CONTACT = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TOO_MANY = f"The organization has {MOST_TEAMS:,} teams, the most there can be. Delete some that nobody needs."


@dataclass(frozen=True, slots=True)
class NewTeam:
    """A team to be made with the wallets of its roster, its captain's first."""

    name: str
    tag: str | None = None
    solo: bool = False
    wallets: tuple[str, ...] = ()


def create_team(
    session: Session,
    org: Organization,
    actor: Actor,
    name: str,
    tag: str | None,
    logo_url: str | None,
    *,
    solo: bool = False,
    contact: str | None = None,
    uid: str | None = None,
) -> Team:
    """A team without players, or one person under a name (`solo`). Two may have the same name. `contact` is an e-mail address
    that nobody is shown; `uid` the public id where the caller knows it before. Raises Invalid naming the field, Conflict for
    too many teams."""
    team = Team(
        org_id=org.id,
        name=checked_name(name),
        tag=None if tag is None else checked_tag(tag),
        logo_url=None if logo_url is None else web_address("logo_url", logo_url),
        solo=solo,
        contact=None if contact is None else checked_contact(contact),
        uid=uid or new_uid(),
    )
    if count_teams(session, org) >= MOST_TEAMS:
        raise Conflict(TOO_MANY)
    session.add(team)
    session.flush()
    record(session, org.id, actor, *_created(team))
    emit(session, org.id, "team.created", team.uid, {"team_id": team.uid, "name": team.name, "tag": team.tag})
    return team


def create_teams(session: Session, org: Organization, actor: Actor, wanted: Sequence[NewTeam]) -> list[Team]:
    """Many teams with their rosters, in a number of statements that does not grow with them. In the order of `wanted`.
    Raises as `create_team` and `put_player` do."""
    for wallet in (wallet for one in wanted for wallet in one.wallets):
        check_wallet(wallet)
    uids = [new_uid() for _ in wanted]
    names = [(checked_name(one.name), None if one.tag is None else checked_tag(one.tag)) for one in wanted]
    if wanted and count_teams(session, org) + len(wanted) > MOST_TEAMS:
        raise Conflict(TOO_MANY)
    rows = [
        {"uid": uid, "org_id": org.id, "name": name, "tag": tag, "solo": one.solo}
        for uid, (name, tag), one in zip(uids, names, wanted, strict=True)
    ]
    if not rows:
        return []
    session.execute(insert(Team), rows)
    made = {team.uid: team for team in session.scalars(teams_of(org.id).where(Team.uid.in_(uids)))}
    teams = [made[uid] for uid in uids]
    record_all(session, org.id, actor, [_created(team) for team in teams])
    told = [("team.created", team.uid, {"team_id": team.uid, "name": team.name, "tag": team.tag}) for team in teams]
    emit_all(session, org.id, told)
    rosters = [
        (team, wallet, "player" if at else "captain")
        for team, one in zip(teams, wanted, strict=True)
        for at, wallet in enumerate(one.wallets)
    ]
    add_players(session, org, actor, rosters)
    return teams


def count_teams(session: Session, org: Organization) -> int:
    """How many teams the organization has."""
    return session.scalar(select(func.count()).select_from(teams_of(org.id).subquery())) or 0


def checked_name(name: str) -> str:
    """A team's name without blanks around it. Raises Invalid."""
    return one_line("name", name, *NAME)


def checked_tag(tag: str) -> str:
    """A team's tag without blanks around it. Raises Invalid."""
    return one_line("tag", tag, *TAG)


def checked_contact(contact: str) -> str:
    """An e-mail address. Raises Invalid."""
    contact = contact.strip()
    if len(contact) > LONGEST_CONTACT or not _EMAIL.fullmatch(contact):
        raise Invalid("contact", "contact must be an e-mail address such as ayra@example.com.")
    return contact


def check_wallet(wallet: str) -> None:
    """Raises Invalid for what is no address."""
    if not is_address(wallet):
        raise Invalid("wallet", "wallet must be 0x and 40 hex digits, in lower case or with its checksum.")


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
    check_wallet(wallet)
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


def add_players(session: Session, org: Organization, actor: Actor, players: Sequence[tuple[Team, str, str]]) -> None:
    """Put many (team, wallet, role) on rosters in a number of statements that does not grow with them. The caller holds the
    teams, and has seen that nobody stands there yet, that there is room, and that wallets and roles are well-formed."""
    rows = [
        (team, {"uid": new_uid(), "team_id": team.id, "wallet": wallet, "wallet_key": wallet.lower(), "role": role})
        for team, wallet, role in players
    ]
    if not rows:
        return
    session.execute(insert(RosterEntry), [row for _, row in rows])
    said = [(team, row["uid"], {"wallet": row["wallet"], "role": row["role"]}) for team, row in rows]
    notes: list[Note] = [("team.player_added", _subject(team), None, one) for team, _, one in said]
    record_all(session, org.id, actor, notes)
    told = [("roster.player_added", str(uid), {"id": uid, "team_id": team.uid} | one) for team, uid, one in said]
    emit_all(session, org.id, told)


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


def _created(team: Team) -> Note:
    return ("team.created", _subject(team), None, {"name": team.name, "tag": team.tag})


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

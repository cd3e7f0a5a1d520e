"""Teams and players of an organization with what they have played: one row each, worked out in SQL, so that lists can be
searched, sorted and cut into pages there."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    Subquery,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from portal.competitions.credits import records
from portal.competitions.model import Competition, Entry
from portal.competitions.participants import TAKING_PART
from portal.kernel.errors import NotFound
from portal.players.model import RosterEntry, Team

SEPARATOR = "\x1f"  # no name can hold it


def teams(org_id: int) -> Select[Any]:
    """uid, name, tag, logo_url, solo, created_at, players, competitions, wins, draws, losses, last_played of each team."""
    sums = records(Competition.org_id == org_id)
    counted = (Entry.org_id == org_id, Entry.team_id.is_not(None), Entry.status.in_(TAKING_PART))
    entered = select(Entry.team_id, *_figures(sums)).outerjoin(sums, sums.c.entry_id == Entry.id).where(*counted)
    played = entered.group_by(Entry.team_id).subquery("played")
    rosters = select(RosterEntry.team_id, func.count().label("players")).join(Team).where(Team.org_id == org_id)
    players = rosters.group_by(RosterEntry.team_id).subquery("rosters")
    named = (Team.id, Team.uid, Team.name, Team.tag, Team.logo_url, Team.solo, Team.created_at)
    query = select(*named, func.coalesce(players.c.players, 0).label("players"), *_none_as_zero(played))
    query = query.outerjoin(played, played.c.team_id == Team.id).outerjoin(players, players.c.team_id == Team.id)
    return select(query.where(Team.org_id == org_id, Team.deleted_at.is_(None)).subquery("listed"))


def players(org_id: int) -> Select[Any]:
    """key, wallet, name, teams, team_count, competitions, wins, draws, losses, rate, last_seen of each player.

    A player is a wallet that took part or stands on a roster, or somebody who takes part under a name alone (a solo team
    without a wallet); `key` is the wallet in lower case or that team's uid. What a team plays counts for everybody who
    stands on its roster now. `teams` are names, parted by SEPARATOR.
    """
    links, sums, known = _links(org_id), records(Competition.org_id == org_id), _known(org_id)
    taking = Entry.status.in_(TAKING_PART)
    seen = case((sums.c.last_at > Entry.registered_at, sums.c.last_at), else_=Entry.registered_at)
    figures = _figures(sums, only=taking)
    entered = select(links.c.key, *figures, func.max(seen).label("seen")).select_from(links)
    entered = entered.outerjoin(Entry, Entry.id == links.c.entry_id)
    played = entered.outerjoin(sums, sums.c.entry_id == Entry.id).group_by(links.c.key).subquery("played")
    wins, losses = func.coalesce(played.c.wins, 0), func.coalesce(played.c.losses, 0)
    query = select(
        played.c.key,
        case((played.c.key.like("0x%"), played.c.key)).label("wallet"),
        known.c.name,
        known.c.teams,
        func.coalesce(known.c.team_count, 0).label("team_count"),
        *_none_as_zero(played),
        case((wins + losses > 0, cast(wins, Float) / (wins + losses))).label("rate"),
        func.coalesce(played.c.seen, known.c.since).label("last_seen"),
    )
    return select(query.select_from(played).outerjoin(known, known.c.key == played.c.key).subquery("listed"))


def entries_of_team(team: Team) -> Select[int]:
    """The ids of everything that the team ever entered."""
    return select(Entry.id).where(Entry.org_id == team.org_id, Entry.team_id == team.id)


def entries_of_player(org_id: int, key: str) -> Select[int]:
    """The ids of what the player with this key entered, by itself and in the teams on whose roster it stands."""
    mine = func.lower(Entry.wallet) == key
    rosters = select(RosterEntry.team_id).join(Team).where(Team.org_id == org_id, RosterEntry.wallet_key == key)
    alone = select(Team.id).where(Team.org_id == org_id, Team.uid == key)
    return select(Entry.id).where(Entry.org_id == org_id, mine | Entry.team_id.in_(rosters) | Entry.team_id.in_(alone))


def player_by_key(session: Session, org_id: int, key: str) -> Any:
    """The player's row of `players`. Raises NotFound for a key that nobody has, and for that of a team of several."""
    query = players(org_id)
    listed = query.selected_columns
    row = session.execute(query.where(listed.key == key.lower())).first()
    if row is None:
        raise NotFound("Player not found.")
    return row


def teams_of_player(session: Session, org_id: int, key: str) -> list[tuple[Team, str]]:
    """The teams on whose roster the player stands, with its role there; one's own solo team too."""
    query = select(Team, RosterEntry.role).join(RosterEntry, RosterEntry.team_id == Team.id)
    mine = (Team.org_id == org_id, Team.deleted_at.is_(None), RosterEntry.wallet_key == key)
    return [(team, role) for team, role in session.execute(query.where(*mine).order_by(Team.name, Team.id))]


def _figures(sums: Subquery, only: ColumnElement[bool] | None = None) -> list[ColumnElement[Any]]:
    """competitions, wins, draws, losses, last_played over a group of entries."""
    entered = Entry.competition_id if only is None else case((only, Entry.competition_id))
    counted = [cast(func.coalesce(func.sum(sums.c[name]), 0), Integer).label(name) for name in ("wins", "draws", "losses")]
    return [func.count(distinct(entered)).label("competitions"), *counted, func.max(sums.c.last_at).label("last_played")]


def _none_as_zero(played: Subquery) -> list[ColumnElement[Any]]:
    names = ("competitions", "wins", "draws", "losses")
    return [*(func.coalesce(played.c[name], 0).label(name) for name in names), played.c.last_played]


def _links(org_id: int) -> Subquery:
    """(key, entry) of everybody; the entry is empty for those who have entered nothing."""
    there = (Team.org_id == org_id, Team.deleted_at.is_(None))
    by_wallet = select(func.lower(Entry.wallet).label("key"), Entry.id.label("entry_id"))
    by_roster = select(RosterEntry.wallet_key, Entry.id).select_from(RosterEntry).join(Team)
    by_roster = by_roster.outerjoin(Entry, Entry.team_id == Team.id)
    by_name = select(Team.uid, Entry.id).select_from(Team).outerjoin(Entry, Entry.team_id == Team.id)
    wallets = by_wallet.where(Entry.org_id == org_id, Entry.wallet.is_not(None))
    return union_all(wallets, by_roster.where(*there), by_name.where(*there, _alone())).subquery("links")


def _known(org_id: int) -> Subquery:
    """(key, name, teams, team_count, since) of everybody who stands on a roster or takes part under a name."""
    there = (Team.org_id == org_id, Team.deleted_at.is_(None))
    several = case((~Team.solo, Team.name))
    rosters = select(
        RosterEntry.wallet_key.label("key"),
        func.max(case((Team.solo, Team.name))).label("name"),
        func.aggregate_strings(several, SEPARATOR).label("teams"),
        func.count(several).label("team_count"),
        func.max(RosterEntry.joined_at).label("since"),
    ).join(Team, Team.id == RosterEntry.team_id)
    alone = select(Team.uid, Team.name, null(), literal(0), Team.created_at).where(*there, _alone())
    return union_all(rosters.where(*there).group_by(RosterEntry.wallet_key), alone).subquery("known")


def _alone() -> ColumnElement[bool]:
    """Somebody who takes part under a name and has no wallet."""
    return Team.solo & ~select(RosterEntry.id).where(RosterEntry.team_id == Team.id).exists()

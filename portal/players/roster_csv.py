"""Rosters as CSV: `wallet` and `role` for one team, `team` and `tag` before them for many. What the export writes, the
import reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.kernel.errors import Invalid, PortalError
from portal.orgs.model import Organization
from portal.players.model import ROSTER_ROLES, RosterEntry, Team, teams_of
from portal.players.service import (
    MOST_PLAYERS,
    NewTeam,
    add_players,
    check_wallet,
    checked_name,
    checked_tag,
    create_teams,
    put_player,
)
from portal.web.csv_files import Line, lines_of, unquoted

MOST_BYTES, MOST_ROWS, SHOWN = 1_000_000, 1_000, 10
COLUMNS = ("team", "tag", "wallet", "role")
LEFT_OUT = ("joined", "id", "number")  # columns that an export has and no import needs


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `team` is empty where the team is known; `wallet` is empty for a team without players."""

    line: int
    team: str
    tag: str | None
    wallet: str
    role: str


@dataclass(slots=True)
class Outcome:
    """What an import did, in numbers; `teams` are those that were made."""

    added: int = 0
    changed: int = 0
    same: int = 0
    teams: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        parts = [f"{len(self.teams)} teams are new"] if len(self.teams) > 1 else ["1 team is new"] if self.teams else []
        parts += [f"{self.added} {'player is' if self.added == 1 else 'players are'} on a roster now"] if self.added else []
        parts += [f"{self.changed} {'role is' if self.changed == 1 else 'roles are'} changed"] if self.changed else []
        parts += [f"{self.same} stood there already"] if self.same else []
        return f"{', '.join(parts)}." if parts else "There was nothing to do."


def read_rows(name: str, data: bytes, *, many: bool) -> list[Row]:
    """Every line; `many` where each names its team. Raises Invalid for the field `name`, naming every bad line (the first
    ten of them), so that nothing is imported by half."""
    lines = lines_of(name, data, MOST_BYTES)
    columns, lines = _columns(name, lines, many)
    if not lines:
        raise Invalid(name, "The list has no rows. Write one player per line.")
    if len(lines) > MOST_ROWS:
        raise Invalid(name, f"The list has {len(lines):,} rows. Use at most {MOST_ROWS:,}, or split it.")
    rows: list[Row] = []
    bad: list[str] = []
    for number, cells in lines:
        try:
            rows.append(_row(number, dict(zip(columns, map(unquoted, cells), strict=False)), len(cells) > len(columns), many))
        except PortalError as error:
            bad.append(f"Line {number}: {error.message}")
    if bad:
        more = f" {len(bad) - SHOWN} more lines have trouble too." if len(bad) > SHOWN else ""
        raise Invalid(name, f"{' '.join(bad[:SHOWN])}{more} Nothing was imported.")
    return rows


def import_roster(session: Session, org: Organization, team: Team, actor: Actor, rows: Sequence[Row]) -> Outcome:
    """Put everybody on the team's roster, or give those who stand there the role. Sending a list twice changes nothing.
    Raises as `put_player` does, naming the line."""
    return _placed(session, org, actor, [(row, team) for row in rows], Outcome())


def import_teams(session: Session, org: Organization, actor: Actor, rows: Sequence[Row]) -> Outcome:
    """The same for many teams, found by their names in any case; those that are not there are made. Raises Invalid for a
    name that several teams have."""
    known: dict[str, list[Team]] = {}
    for team in session.scalars(teams_of(org.id).where(Team.solo.is_(False)).order_by(Team.id)):
        known.setdefault(team.name.casefold(), []).append(team)
    for row in rows:
        if len(found := known.get(row.team.casefold(), [])) > 1:
            raise _refused(row, f"{len(found)} teams are called {row.team}. Import their rosters on their own pages.")
    missing: dict[str, NewTeam] = {}
    for row in rows:
        if row.team.casefold() not in known:
            missing.setdefault(row.team.casefold(), NewTeam(row.team, row.tag))
    for name, team in zip(missing, create_teams(session, org, actor, list(missing.values())), strict=True):
        known[name] = [team]
    lines = [(row, known[row.team.casefold()][0]) for row in rows if row.wallet]
    return _placed(session, org, actor, lines, Outcome(teams=[one.name for one in missing.values()]))


def _placed(session: Session, org: Organization, actor: Actor, lines: Sequence[tuple[Row, Team]], outcome: Outcome) -> Outcome:
    """Each line done: new players all at once, changed roles one by one."""
    held = _rosters(session, {team.id for _, team in lines})
    fresh: dict[tuple[int, str], tuple[Team, str, str]] = {}
    for row, team in lines:
        roster, key = held.setdefault(team.id, {}), row.wallet.lower()
        before = roster.get(key)
        if before is None and len(roster) >= MOST_PLAYERS:
            raise _refused(row, f"{team.name} has {MOST_PLAYERS} players, the most there can be.")
        if before == row.role:
            outcome.same += 1
        elif before is None:
            fresh[team.id, key] = (team, row.wallet, row.role)
            outcome.added += 1
        elif (team.id, key) in fresh:
            raise _refused(row, f"This wallet stands above as {before} of the same team. Keep one of the lines.")
        else:
            put_player(session, org, team, row.wallet, row.role, actor)
            outcome.changed += 1
        roster[key] = row.role
    add_players(session, org, actor, list(fresh.values()))
    return outcome


def _refused(row: Row, why: str) -> Invalid:
    return Invalid("file", f"Line {row.line}: {why} Nothing was imported.")


def _rosters(session: Session, teams: set[int]) -> dict[int, dict[str, str]]:
    """The wallets and roles of each team. The teams are held, in one order, so that nobody else changes their rosters."""
    session.execute(select(Team.id).where(Team.id.in_(teams)).order_by(Team.id).with_for_update()).all()
    rosters: dict[int, dict[str, str]] = {}
    query = select(RosterEntry.team_id, RosterEntry.wallet_key, RosterEntry.role).where(RosterEntry.team_id.in_(teams))
    for team, wallet, role in session.execute(query):
        rosters.setdefault(team, {})[wallet] = role
    return rosters


def _columns(name: str, lines: list[Line], many: bool) -> tuple[list[str], list[Line]]:
    """The names in the heading line, which may be left out, and the lines under it. Raises Invalid for an unknown column."""
    usual = list(COLUMNS if many else COLUMNS[2:])
    first = [cell.lower() for cell in lines[0][1]] if lines else []
    if not set(first) & set(COLUMNS):
        return usual, lines
    needed = "team" if many else "wallet"
    strange = [one for one in first if one not in (*COLUMNS, *LEFT_OUT)]
    if strange or needed not in first or len(set(first)) < len(first):
        raise Invalid(name, f"The heading line names {', '.join(first)[:120]}. Use {', '.join(usual)}, once each.")
    return first, lines[1:]


def _row(line: int, cells: Mapping[str, str], surplus: bool, many: bool) -> Row:
    if surplus:
        raise Invalid("wallet", "There are more cells than columns.")
    wallet, role = cells.get("wallet", ""), (cells.get("role") or "player").lower()
    if wallet or not many:
        check_wallet(wallet)
    if role not in ROSTER_ROLES:
        raise Invalid("role", f"“{role[:20]}” is no role. Use {', '.join(ROSTER_ROLES)}.")
    team = checked_name(cells.get("team", "")) if many else ""
    return Row(line, team, checked_tag(cells["tag"]) if cells.get("tag") else None, wallet, role)

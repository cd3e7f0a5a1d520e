"""Many entrants from a list: what it would make, said first, and then made in one unit of work.

The rules are those of `entries.register`. Sending the same list again adds nobody: who is there already is left as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions.entries import Participant, check_roster, check_seed, note_all, place_of, places, taken
from portal.competitions.entry_csv import Line, Sheet, Trouble
from portal.competitions.model import Competition, Entry
from portal.competitions.rules import rules_of
from portal.competitions.seeding import checked_group
from portal.competitions.service import lock
from portal.competitions.windows import check_registering
from portal.formats.rules import Rules
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Invalid, NotFound, PortalError, Unprocessable
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.players.model import RosterEntry, Team, teams_of
from portal.players.service import MOST_TEAMS, NewTeam, count_teams, create_teams


@dataclass(frozen=True, slots=True)
class Planned:
    """One who would be added. `kind` is wallet, team (there already), new player or new team; `status` registered or waiting."""

    line: Line
    kind: str
    status: str
    team: Team | None = None

    @property
    def checked_in(self) -> bool:
        return self.line.checked_in and self.status == "registered"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list comes to. `there` are those who are registered already."""

    new: list[Planned] = field(default_factory=list)
    there: list[Line] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def count(self, *kinds: str) -> int:
        return sum(one.kind in kinds for one in self.new)

    @property
    def waiting(self) -> int:
        return sum(one.status == "waiting" for one in self.new)


@dataclass(slots=True)
class _Known:
    """What the plan is held against: who is entered, which teams there are, and what is taken."""

    rules: Rules
    most: int
    taken: int
    wallets: set[str]
    entered: set[int]
    seeds: set[int]
    teams: dict[str, list[Team]]
    rosters: dict[int, set[str]]
    seen: dict[tuple[str, str], int] = field(default_factory=dict)


def plan_import(session: Session, org: Organization, competition: Competition, sheet: Sheet, clock: Clock = utc_now) -> Plan:
    """What the list would make; nothing is written. Six statements whatever its length. Raises Conflict outside the window."""
    check_registering(competition, clock())
    known, plan = _known(session, competition, sheet.lines), Plan(troubles=list(sheet.troubles))
    for line in sheet.lines:
        try:
            _add(competition, known, plan, line)
        except PortalError as error:
            named = error.field if isinstance(error, Invalid) else "line"
            plan.troubles.append(Trouble(line.number, "name" if named == "team_id" else named, error.message))
    made = plan.count("new player", "new team")
    if made and count_teams(session, org) + made > MOST_TEAMS:
        why = f"The organization may have {MOST_TEAMS:,} players and teams; this list adds {made:,}. Delete some first."
        plan.troubles.append(Trouble(0, "name", why))
    plan.troubles.sort(key=lambda trouble: trouble.line)
    return plan


def import_entrants(
    session: Session, org: Organization, competition: Competition, actor: Actor, sheet: Sheet, clock: Clock = utc_now
) -> Plan:
    """Register everybody on the list, check in those it says, all or nobody. What was done.

    Raises Unprocessable where a line is in trouble, Conflict outside the window, NotFound for a team deleted at this moment.
    """
    lock(session, competition)
    plan = plan_import(session, org, competition, sheet, clock)
    if plan.troubles:
        first = plan.troubles[0]
        raise Unprocessable("list", f"Line {first.line}: {first.why} Nobody was added.")
    _hold(session, [one.team for one in plan.new if one.team is not None])
    fresh = [one for one in plan.new if one.kind in ("new player", "new team")]
    wanted = [NewTeam(one.line.name, one.line.tag, one.kind == "new player", one.line.wallets) for one in fresh]
    made = create_teams(session, org, actor, wanted)
    team_of = {one.line.number: team for one, team in zip(fresh, made, strict=True)}
    team_of |= {one.line.number: one.team for one in plan.new if one.team is not None}
    _enter(session, competition, actor, [(one, team_of.get(one.line.number)) for one in plan.new], clock)
    return plan


def _add(competition: Competition, known: _Known, plan: Plan, line: Line) -> None:
    """Put the line where it belongs in the plan. Raises PortalError for what is wrong with it."""
    earlier = known.seen.setdefault(line.key, line.number)
    if earlier != line.number:
        raise Invalid("name", f"{line.shown} is on line {earlier} too. Write each entrant once, or tell them apart by wallet.")
    found = _found(known, line)
    if found == "there":
        plan.there.append(line)
        return
    team = found if isinstance(found, Team) else None
    many = known.rules.min_roster > 1 or len(line.wallets) > 1
    kind = "team" if team else "wallet" if not line.name else "new team" if many else "new player"
    size = len(known.rosters.get(team.id, ())) if team else len(line.wallets)
    check_roster(known.rules.min_roster, kind != "wallet", line.shown, size)
    if line.seed is not None:
        check_seed(line.seed, known.most, line.seed in known.seeds)
        known.seeds.add(line.seed)
    if line.group:
        checked_group(line.group, known.rules.groups)
    status = place_of(competition, known.taken)
    known.taken += status == "registered"
    plan.new.append(Planned(line, kind, status, team))


def _found(known: _Known, line: Line) -> Team | str | None:
    """`there` for somebody registered already, the team that the line names, or None for somebody new."""
    if not line.name:
        return "there" if line.wallets[0].lower() in known.wallets else None
    named = known.teams.get(line.name.casefold(), [])
    if line.wallets:
        named = [team for team in named if line.wallets[0].lower() in known.rosters.get(team.id, ())]
    if any(team.id in known.entered for team in named):
        return "there"
    if len(named) > 1:
        raise Invalid("name", f"{len(named)} teams are called {line.name}. Write a wallet of its roster, or add it by search.")
    return named[0] if named else None


def _known(session: Session, competition: Competition, lines: Sequence[Line]) -> _Known:
    live = select(Entry.wallet, Entry.team_id, Entry.seed).where(
        Entry.competition_id == competition.id, Entry.entrant_key.is_not(None)
    )
    entered = session.execute(live).all()
    names = {line.name.casefold() for line in lines if line.name} | {line.name.lower() for line in lines if line.name}
    teams: dict[str, list[Team]] = {}
    for team in session.scalars(
        teams_of(competition.org_id).where(func.lower(Team.name).in_(names) | Team.name.in_(_names(lines)))
    ):
        teams.setdefault(team.name.casefold(), []).append(team)
    return _Known(
        rules_of(competition.type, competition.rules),
        places(competition),
        taken(session, competition),
        {row.wallet.lower() for row in entered if row.wallet},
        {row.team_id for row in entered if row.team_id},
        {row.seed for row in entered if row.seed},
        teams,
        _rosters(session, [team.id for group in teams.values() for team in group]),
    )


def _names(lines: Iterable[Line]) -> set[str]:
    return {line.name for line in lines if line.name}


def _rosters(session: Session, teams: Sequence[int]) -> dict[int, set[str]]:
    rosters: dict[int, set[str]] = {}
    for team, wallet in session.execute(
        select(RosterEntry.team_id, RosterEntry.wallet_key).where(RosterEntry.team_id.in_(teams))
    ):
        rosters.setdefault(team, set()).add(wallet)
    return rosters


def _hold(session: Session, teams: Sequence[Team]) -> None:
    """Keep the teams from being deleted until this unit of work ends."""
    query = select(Team.id).where(Team.id.in_([team.id for team in teams]), Team.deleted_at.is_(None))
    held = set(session.scalars(query.with_for_update(read=True, key_share=True)))
    gone = [team.name for team in teams if team.id not in held]
    if gone:
        raise NotFound(f"{gone[0]} was deleted at this moment. Send the list again.")


def _enter(
    session: Session, competition: Competition, actor: Actor, chosen: Sequence[tuple[Planned, Team | None]], clock: Clock
) -> None:
    now = clock()
    rows, whose = [], {}
    for one, team in chosen:
        wallet = None if team else one.line.wallets[0]
        key = team.uid if team else str(wallet).lower()
        who = Participant(key, one.line.shown, wallet, team)
        row = {"uid": new_uid(), "competition_id": competition.id, "org_id": competition.org_id, "registered_at": now}
        row |= {"wallet": wallet, "team_id": team.id if team else None, "entrant_key": key, "status": one.status}
        rows.append(row | {"seed": one.line.seed, "group": one.line.group})
        whose[row["uid"]] = (who, one.checked_in)
    if not rows:
        return
    session.execute(insert(Entry), rows)
    made = session.scalars(select(Entry).where(Entry.uid.in_(list(whose))).order_by(Entry.id)).all()
    note_all(session, competition, actor, "registration.created", [(entry, whose[entry.uid][0]) for entry in made])
    there = [(entry, whose[entry.uid][0]) for entry in made if whose[entry.uid][1]]
    for entry, _ in there:
        entry.checked_in_at = now
    session.flush()
    note_all(session, competition, actor, "registration.checked_in", there)


def said(plan: Plan) -> str:
    """What was done, in one sentence or two."""
    added = len(plan.new)
    words = f"{added:,} {'entrant is' if added == 1 else 'entrants are'} added." if added else "Nobody was added."
    if plan.waiting:
        words += f" {plan.waiting:,} of them wait for a place."
    if plan.there:
        words += f" {len(plan.there):,} {'was' if len(plan.there) == 1 else 'were'} there already."
    return words

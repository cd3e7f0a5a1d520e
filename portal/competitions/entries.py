"""Who takes part: register, leave, check in. The competition's row is held, so its places are counted exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, Note, record_all
from portal.competitions.model import Competition, Entry, entries_of
from portal.competitions.rules import most_entrants, rules_of
from portal.competitions.service import lock
from portal.competitions.windows import check_before_start, check_registering
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable
from portal.outbox.emit import emit_all
from portal.players.model import RosterEntry, Team, team_by_uid
from portal.players.service import hold_team

FULL = "This competition is full: all {} places are taken."


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: `manages` for every participant, others only for `wallet` and the teams whose captain it is."""

    actor: Actor
    manages: bool = True
    wallet: str = ""


@dataclass(frozen=True, slots=True)
class Participant:
    """A wallet or a team; `key` is what makes the same one the same."""

    key: str
    name: str
    wallet: str | None = None
    team: Team | None = None


def participant(session: Session, competition: Competition, wallet: str | None, team_uid: str | None) -> Participant:
    """The participant meant. Raises Invalid unless exactly one of the two is given, NotFound for a foreign team."""
    if (wallet is None) == (team_uid is None):
        raise Invalid("wallet", "Provide either wallet or team_id: one of the two, not both.")
    if wallet is not None:
        return Participant(wallet.lower(), wallet, wallet=wallet)
    team = team_by_uid(session, competition.org_id, str(team_uid))
    return Participant(team.uid, team.name, team=team)


def register(
    session: Session, competition: Competition, by: By, who: Participant, seed: int | None = None, clock: Clock = utc_now
) -> Entry:
    """Give the participant a place, or one on the waiting list where there is one and no place is left.

    Raises Forbidden for somebody else's participant and for a seed by anybody but an organizer; Conflict outside the
    window, when registered already or full; Unprocessable for a roster that is too small or a seed that is taken; NotFound
    for a team that was deleted at the same moment.
    """
    lock(session, competition)
    now = clock()
    check_registering(competition, now)
    _allowed(session, by, who)
    if seed is not None and not by.manages:
        raise Forbidden("Only an organizer may set a seed. Register without one.")
    if _entry_of(session, competition, who) is not None:
        raise Conflict(f"{who.name} is registered already.")
    if who.team is not None:
        hold_team(session, who.team)
    _check_roster(session, competition, who)
    if seed is not None:
        _check_seed(session, competition, seed)
    entry = Entry(
        competition_id=competition.id,
        org_id=competition.org_id,
        wallet=who.wallet,
        team_id=who.team.id if who.team else None,
        entrant_key=who.key,
        status=_place(session, competition),
        seed=seed,
        registered_at=now,
    )
    session.add(entry)
    session.flush()
    _note(session, competition, by.actor, entry, who, "registration.created")
    return entry


def leave(session: Session, competition: Competition, by: By, uid: str, clock: Clock = utc_now) -> Entry | None:
    """End a registration before the start; whoever waits longest gets the place and is returned.

    Raises NotFound, Forbidden for somebody else's, Conflict once it has started.
    """
    lock(session, competition)
    entry, who = entry_by_uid(session, competition, uid)
    _allowed(session, by, who)
    check_before_start(competition)
    freed = entry.status == "registered"
    entry.status, entry.entrant_key, entry.ended_at, entry.seed = "withdrawn", None, clock(), None
    session.flush()
    _note(session, competition, by.actor, entry, who, "registration.canceled")
    return _promote(session, competition, by.actor) if freed else None


def check_in(session: Session, competition: Competition, by: By, who: Participant, clock: Clock = utc_now) -> Entry:
    """Note that the participant is there. Doing it twice changes nothing.

    Raises NotFound when not registered, Forbidden for somebody else's, Conflict on the waiting list or outside registration.
    """
    lock(session, competition)
    _allowed(session, by, who)
    entry = _entry_of(session, competition, who)
    if entry is None:
        raise NotFound("This participant is not registered.")
    check_before_start(competition)
    if entry.status != "registered":
        raise Conflict("This participant is on the waiting list and has no place yet.")
    if entry.checked_in_at is None:
        entry.checked_in_at = clock()
        session.flush()
        _note(session, competition, by.actor, entry, who, "registration.checked_in")
    return entry


def undo_check_in(session: Session, competition: Competition, by: By, uid: str) -> Entry:
    """Take a check-in back before the start. Raises as `check_in` does."""
    lock(session, competition)
    entry, who = entry_by_uid(session, competition, uid)
    _allowed(session, by, who)
    check_before_start(competition)
    if entry.checked_in_at is not None:
        entry.checked_in_at = None
        session.flush()
        _note(session, competition, by.actor, entry, who, "registration.check_in_undone")
    return entry


def restore(session: Session, competition: Competition, by: By, uid: str) -> Entry:
    """Take back that somebody was taken out before the start: they get a place again, or the front of the waiting list where
    theirs is gone. Their seed is not given back. Doing it twice changes nothing.

    Raises NotFound, Conflict once it has started, when the same is registered anew, or full without a waiting list.
    """
    lock(session, competition)
    mine = (Entry.competition_id == competition.id, Entry.uid == uid)
    row = session.execute(select(Entry, Team).outerjoin(Team, Team.id == Entry.team_id).where(*mine)).first()
    if row is None or (row[1] is not None and row[1].deleted_at is not None):
        raise NotFound("Registration not found.")
    entry, team = row
    check_before_start(competition)
    if entry.status != "withdrawn":
        return entry
    key = team.uid if team else str(entry.wallet).lower()
    who = Participant(key, team.name if team else str(entry.wallet), entry.wallet, team)
    if _entry_of(session, competition, who) is not None:
        raise Conflict(f"{who.name} is registered already.")
    entry.status, entry.entrant_key, entry.ended_at = _place(session, competition), key, None
    session.flush()
    _note(session, competition, by.actor, entry, who, "registration.created")
    return entry


def promote(session: Session, competition: Competition, by: By, uid: str) -> Entry:
    """Give somebody on the waiting list a place that is free, past those who wait longer. Doing it twice changes nothing.

    Raises NotFound, Forbidden for anybody but an organizer, Conflict once it has started or where no place is free.
    """
    lock(session, competition)
    entry, who = entry_by_uid(session, competition, uid)
    if not by.manages:
        raise Forbidden("Only an organizer may give a place to somebody who waits.")
    check_before_start(competition)
    if entry.status == "waiting":
        most = places(competition)
        if taken(session, competition) >= most:
            raise Conflict(f"{FULL.format(f'{most:,}')} Take somebody out first.")
        entry.status = "registered"
        session.flush()
        _note(session, competition, by.actor, entry, who, "registration.promoted")
    return entry


def fill_places(session: Session, competition: Competition, actor: Actor) -> int:
    """Give the places that are free to those who wait, the longest waiting first; how many got one.

    The competition's row is held by the caller.
    """
    free = places(competition) - taken(session, competition)
    waiting = select(Entry, Team).outerjoin(Team, Team.id == Entry.team_id)
    waiting = waiting.where(Entry.competition_id == competition.id, Entry.status == "waiting").order_by(Entry.id)
    found = session.execute(waiting.limit(max(free, 0))).all()
    promoted = [(entry, _participant_of(entry, team)) for entry, team in found]
    for entry, _ in promoted:
        entry.status = "registered"
    session.flush()
    if promoted:
        note_all(session, competition, actor, "registration.promoted", promoted)
    return len(promoted)


def entry_by_uid(session: Session, competition: Competition, uid: str) -> tuple[Entry, Participant]:
    """A registration that did not end before the start, and whose it is. Raises NotFound."""
    query = select(Entry, Team).outerjoin(Team, Team.id == Entry.team_id)
    mine = (Entry.competition_id == competition.id, Entry.uid == uid, Entry.entrant_key.is_not(None))
    found = session.execute(query.where(*mine)).first()
    if found is None:
        raise NotFound("Registration not found.")
    entry, team = found
    return entry, _participant_of(entry, team)


def _participant_of(entry: Entry, team: Team | None) -> Participant:
    return Participant(str(entry.entrant_key), team.name if team else str(entry.wallet), entry.wallet, team)


def with_places(competition: Competition) -> Select[Entry]:
    """Those who have a place, in the order in which they registered."""
    return entries_of(competition).where(Entry.status == "registered").order_by(Entry.id)


def _allowed(session: Session, by: By, who: Participant) -> None:
    if by.manages:
        return
    if who.team is None:
        if who.key != by.wallet.lower():
            raise Forbidden("A wallet may act for itself only. An organizer may act for everybody.")
        return
    captain = (RosterEntry.wallet_key == by.wallet.lower(), RosterEntry.role == "captain")
    if session.scalar(select(RosterEntry.id).where(RosterEntry.team_id == who.team.id, *captain)) is None:
        raise Forbidden("Only a captain of the team, or an organizer, may act for it.")


def _entry_of(session: Session, competition: Competition, who: Participant) -> Entry | None:
    return session.scalar(entries_of(competition).where(Entry.entrant_key == who.key))


def _check_roster(session: Session, competition: Competition, who: Participant) -> None:
    least = rules_of(competition.type, competition.rules).min_roster
    count = 0
    if who.team is not None and least:
        count = session.scalar(select(func.count()).where(RosterEntry.team_id == who.team.id)) or 0
    check_roster(least, who.team is not None, who.name, count)


def check_roster(least: int, is_team: bool, name: str, count: int) -> None:
    """`least` (the rule min_roster) counts everybody on the roster; a wallet by itself is a roster of one. Raises
    Unprocessable."""
    if not is_team and least > 1:
        raise Unprocessable("wallet", f"This competition is for teams of at least {least}. Register a team with team_id.")
    if is_team and count < least:
        raise Unprocessable("team_id", f"{name} has {count} on its roster; this competition asks for at least {least}.")


def _check_seed(session: Session, competition: Competition, seed: int) -> None:
    most = places(competition)
    held = entries_of(competition).where(Entry.seed == seed, Entry.entrant_key.is_not(None))
    # One beyond the places is not looked for: no column holds a number of any size.
    check_seed(seed, most, is_held=1 <= seed <= most and session.scalar(held) is not None)


def check_seed(seed: int, most: int, is_held: bool) -> None:
    """Raises Unprocessable for a seed beyond the places, or one that somebody else holds."""
    if not 1 <= seed <= most:
        raise Unprocessable("seed", f"seed must be a whole number from 1 to {most:,}.")
    if is_held:
        raise Unprocessable("seed", f"Seed {seed} is given to somebody else already. Choose another.")


def places(competition: Competition) -> int:
    """How many may take part: what the organizer set, or what the format can hold."""
    return competition.max_participants or most_entrants(rules_of(competition.type, competition.rules))


def taken(session: Session, competition: Competition) -> int:
    """How many have a place."""
    held = (Entry.competition_id == competition.id, Entry.status == "registered")
    return session.scalar(select(func.count()).where(*held)) or 0


def place_of(competition: Competition, taken: int) -> str:
    """`registered` or `waiting` for whoever comes when `taken` places are gone. Raises Conflict where it is full."""
    most = places(competition)
    if taken < most:
        return "registered"
    if not competition.waiting_list:
        raise Conflict(FULL.format(f"{most:,}"))
    return "waiting"


def _place(session: Session, competition: Competition) -> str:
    """Counting is safe because the competition's row is held until the unit of work ends."""
    return place_of(competition, taken(session, competition))


def _promote(session: Session, competition: Competition, actor: Actor) -> Entry | None:
    """The longest waiting gets the place that became free."""
    first = entries_of(competition).where(Entry.status == "waiting").order_by(Entry.id).limit(1)
    uid = session.scalar(first.with_only_columns(Entry.uid))
    if uid is None:
        return None
    entry, who = entry_by_uid(session, competition, uid)
    entry.status = "registered"
    session.flush()
    _note(session, competition, actor, entry, who, "registration.promoted")
    return entry


def _note(session: Session, competition: Competition, actor: Actor, entry: Entry, who: Participant, action: str) -> None:
    """The audit row and the event of one registration."""
    note_all(session, competition, actor, action, [(entry, who)])


def note_all(
    session: Session, competition: Competition, actor: Actor, action: str, changed: Sequence[tuple[Entry, Participant]]
) -> None:
    """The audit rows and the events of registrations with which the same happened, in one statement each."""
    told = [(entry.uid, who.name, told_of(competition, entry, who)) for entry, who in changed]
    notes: list[Note] = [(action, ("registration", uid, name), None, data) for uid, name, data in told]
    record_all(session, competition.org_id, actor, notes)
    emit_all(session, competition.org_id, [(action, uid, data) for uid, _, data in told])
    if action == "registration.promoted":
        for tell in current_app.extensions.get("on_promoted", ()):
            tell(session, competition, changed)


def told_of(competition: Competition, entry: Entry, who: Participant) -> dict[str, Any]:
    """What every event about a registration carries."""
    told: dict[str, Any] = {"id": entry.uid, "competition_id": competition.uid, "wallet": entry.wallet}
    told |= {"team_id": who.team.uid if who.team else None, "status": entry.status, "seed": entry.seed}
    return told | {"checked_in": entry.checked_in_at is not None, "registered_at": iso(entry.registered_at)}

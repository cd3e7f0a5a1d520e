"""Who plays as which seed: set by hand before the start, or drawn by lot from the competition's stored number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.audit.service import Actor, record
from portal.competitions.model import Competition, Entry, entries_of
from portal.competitions.rules import rules_of
from portal.competitions.service import lock, subject_of, tell
from portal.formats.plan import Entrant
from portal.formats.round_robin import group_name
from portal.formats.seeding import drawn, given
from portal.kernel.errors import Conflict, Invalid, NotFound, Unprocessable

ORDERS = ("random", "manual")
_ENTRIES = cast(Table, Entry.__table__)
_SET_SEED = update(_ENTRIES).where(_ENTRIES.c.id == bindparam("row")).values(seed=bindparam("new_seed"))


@dataclass(frozen=True, slots=True)
class Seed:
    """One line of what an organizer sent; `group` is "A", "B", … or None to leave it as it is."""

    registration: str
    seed: int
    group: str | None = None


def set_seeds(session: Session, competition: Competition, actor: Actor, seeds: Sequence[Seed]) -> int:
    """Give these registrations these seeds, the others keep theirs. How many were set.

    Raises Conflict once it has started, NotFound for an unknown registration, Unprocessable for a registration or a seed
    given twice, one out of range, and a group that the rules do not have.
    """
    lock(session, competition)
    check_seedable(competition)
    mine = entries_of(competition).where(Entry.status.in_(("registered", "waiting")))
    everybody = session.scalars(mine.order_by(Entry.id)).all()  # who waits may carry a seed into the place that becomes free
    rows = {entry.uid: entry for entry in everybody if entry.status == "registered"}
    _check_lines(seeds, rows.keys())
    before = {uid: entry.seed for uid, entry in rows.items()}
    groups = rules_of(competition.type, competition.rules).groups
    for line in seeds:
        entry = rows[line.registration]
        entry.seed, entry.group = line.seed, entry.group if line.group is None else checked_group(line.group, groups)
    _check_all(everybody)
    session.flush()
    after = {uid: entry.seed for uid, entry in rows.items()}
    record(session, competition.org_id, actor, "registration.seeded", subject_of(competition), before, after)
    tell(session, competition, "registration.seeded", {"seeded": len(seeds)})
    return len(seeds)


def check_seedable(competition: Competition) -> None:
    """Raises Conflict once it has started."""
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"Seeds are set before the start; this competition is {competition.status}.")


def in_order(competition: Competition, entries: Sequence[Entry], order: str) -> list[Entry]:
    """The entries, best seed first, by lot or by the seeds that were set; seeds of those who are not there close up.

    Raises Invalid for what is no order, Unprocessable where a seed is missing, or there twice.
    """
    if order not in ORDERS:
        raise Invalid("seed_order", "seed_order must be random or manual.")
    rows = {entry.id: entry for entry in entries}
    entrants = [Entrant(entry.id, entry.seed or 0) for entry in entries]
    if order == "manual":
        missing = sum(entry.seed is None for entry in entries)
        if missing:
            raise Unprocessable(
                "seed_order", f"{missing} of {len(entries)} checked in have no seed. Set them all or draw by lot."
            )
        return [rows[entrant.id] for entrant in given(entrants)]
    return [rows[entrant.id] for entrant in drawn(entrants, Random(competition.draw_seed))]  # noqa: S311 - a draw to be repeated


def number(session: Session, order: Sequence[Entry]) -> None:
    """Store seeds 1 to n in that order: one statement for all whose seed is another now."""
    changed = [{"row": entry.id, "new_seed": seed} for seed, entry in enumerate(order, 1) if entry.seed != seed]
    if changed:
        session.connection().execute(_SET_SEED, changed)
    for seed, entry in enumerate(order, 1):
        set_committed_value(entry, "seed", seed)  # the object says what the row says now, and is not written again


def _check_lines(seeds: Sequence[Seed], known: Any) -> None:
    for line in seeds:
        if line.registration not in known:
            raise NotFound(f"Registration {line.registration[:60]} not found among those who have a place.")
    twice = [uid for uid, times in Counter(line.registration for line in seeds).items() if times > 1]
    if twice:
        raise Unprocessable("seeds", f"Registration {twice[0]} is there more than once. Give it one seed.")
    for line in seeds:
        if not 1 <= line.seed <= len(known):
            raise Unprocessable("seeds", f"Seed {line.seed} is out of range: use 1 to {len(known)}, one for each place taken.")


def _check_all(entries: Sequence[Entry]) -> None:
    """No seed twice, with those that were set before."""
    counted = Counter(entry.seed for entry in entries if entry.seed is not None)
    twice = [seed for seed, times in counted.items() if times > 1]
    if twice:
        raise Unprocessable("seeds", f"Seed {min(twice)} would be given more than once. Give each registration its own.")


def checked_group(name: str, groups: int) -> str:
    """`name` itself. Raises Unprocessable where the rules have no such group."""
    allowed = [group_name(index) for index in range(groups)]
    if groups == 1 or name not in allowed:
        which = f"is one of {allowed[0]} to {allowed[-1]}" if groups > 1 else "needs rules.groups of 2 or more"
        raise Unprocessable("seeds", f"A group {which}; {name[:10]} is not one of this competition's.")
    return name

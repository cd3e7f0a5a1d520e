"""Seeding the whole field at once: orders to begin with, an order from a file, saving it as one change, taking that back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.model import AuditRow
from portal.audit.service import Actor, record, rows_of
from portal.competitions.model import Competition, Entry, entries_of
from portal.competitions.rules import rules_of
from portal.competitions.seeding import check_seedable, checked_group
from portal.competitions.service import lock, subject_of, tell
from portal.formats.plan import Entrant
from portal.formats.round_robin import in_groups
from portal.formats.seeding import drawn
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.players.model import Team
from portal.web.csv_files import Line, lines_of, unquoted

MOST_BYTES = 1_000_000
COLUMNS = ("seed", "name", "wallet", "group", "registration")
SEEDED = "registration.seeded"
CHANGED = "{} came or left since this page was opened. Your order is kept here: look it over and save again."


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody with a place. `id` joins rows, `uid` is the registration."""

    id: int
    uid: str
    name: str
    wallet: str | None
    seed: int | None
    group: str
    rating: int
    registered_at: datetime
    checked_in_at: datetime | None


def field_of(session: Session, competition: Competition) -> list[Row]:
    """Everybody with a place, in order of registration. One statement."""
    names = func.coalesce(Team.name, Entry.wallet)
    columns = (Entry.id, Entry.uid, names, Entry.wallet, Entry.seed, Entry.group, Entry.rating)
    query = select(*columns, Entry.registered_at, Entry.checked_in_at).outerjoin(Team, Team.id == Entry.team_id)
    here = (Entry.competition_id == competition.id, Entry.status == "registered")
    return [Row(*row) for row in session.execute(query.where(*here).order_by(Entry.id))]


def in_order(competition: Competition, rows: Sequence[Row], order: str) -> list[Row]:
    """The rows, best seed first, in one of the orders of ORDERS; in that of their seeds for anything else."""
    return ORDERS.get(order, _by_seed)(competition, rows)


def spread(rows: Sequence[Row], groups: int) -> list[Row]:
    """The rows with groups filled in snake order: A B C, C B A, …"""
    if groups < 2:
        return list(rows)
    placed = in_groups([Entrant(row.id, seed) for seed, row in enumerate(rows, 1)], groups)
    return [replace(row, group=entrant.group) for row, entrant in zip(rows, placed, strict=True)]


def from_csv(where: str, rows: Sequence[Row], data: bytes) -> list[Row]:
    """The rows as a file orders them: by its column seed, else by its lines; who is not in it follows in the order of `rows`.

    Raises Invalid for the field `where`, naming the line: a column we do not have, somebody who is not there, or twice.
    """
    lines = lines_of(where, data, MOST_BYTES)
    columns = _heading(where, lines)
    known = _known(rows)
    found: dict[str, tuple[float, Row]] = {}
    for number, cells in lines[1:]:
        said = {name: unquoted(cell) for name, cell in zip(columns, cells, strict=False)}
        row = _meant(where, number, said, known)
        if row.uid in found:
            raise Invalid(where, f"Line {number}: {row.name} is there twice. Write everybody once.")
        group = said["group"].upper() if "group" in said else row.group
        found[row.uid] = (_seed(where, number, said.get("seed", ""), number), replace(row, group=group))
    first = [row for _, row in sorted(found.values(), key=lambda pair: pair[0])]
    return first + [row for row in rows if row.uid not in found]


def save_order(session: Session, competition: Competition, actor: Actor, order: Sequence[tuple[str, str]]) -> int:
    """Seeds 1 to n in the order of these (registration, group) pairs; "" is no group. The number of the change, with which
    it can be taken back; 0 where nothing was different. Whoever waits loses a seed, since all of them are given.

    Raises Conflict once it has started, and unless exactly those with a place are named; Unprocessable for a strange group.
    """
    lock(session, competition)
    check_seedable(competition)
    everybody = _held(session, competition)
    rows = {entry.uid: entry for entry in everybody if entry.status == "registered"}
    strange = rows.keys() ^ {uid for uid, _ in order}
    if strange or len(order) != len(rows):
        raise Conflict(CHANGED.format(max(1, len(strange))))
    groups = rules_of(competition.type, competition.rules).groups
    before = _said(everybody)
    for entry in everybody:
        entry.seed = None
    for seed, (uid, group) in enumerate(order, 1):
        rows[uid].seed, rows[uid].group = seed, checked_group(group, groups) if group else ""
    return _kept(session, competition, actor, everybody, before)


def undo_order(session: Session, competition: Competition, actor: Actor, change: int) -> None:
    """Put the seeds back as they were before that change. Raises NotFound for a strange change, Conflict once it has started
    or where they were changed since."""
    lock(session, competition)
    check_seedable(competition)
    mine = rows_of(competition.org_id, ("competition", competition.uid))
    row = session.scalar(mine.where(AuditRow.id == change, AuditRow.action == SEEDED))
    if row is None:
        raise NotFound("There is no such change of the seeds.")
    everybody = _held(session, competition)
    now = _said(everybody)
    if any(now.get(name) != value for name, value in (row.after or {}).items()):
        raise Conflict("The seeds were changed again since. Set them anew.")
    back = now | (row.before or {})
    seeds = [back[entry.uid] for entry in everybody if back[entry.uid] is not None]
    if len(set(seeds)) < len(seeds):  # somebody came with a seed meanwhile
        raise Conflict("The seeds were changed again since. Set them anew.")
    for entry in everybody:
        entry.seed, entry.group = back[entry.uid], back[f"{entry.uid} group"]
    _kept(session, competition, actor, everybody, now)


def _kept(session: Session, competition: Competition, actor: Actor, entries: Sequence[Entry], before: dict[str, Any]) -> int:
    after = _said(entries)
    if after == before:
        return 0
    session.flush()
    record(session, competition.org_id, actor, SEEDED, subject_of(competition), before, after)
    tell(session, competition, SEEDED, {"seeded": sum(entry.seed is not None for entry in entries)})
    mine = rows_of(competition.org_id, ("competition", competition.uid)).with_only_columns(func.max(AuditRow.id))
    return int(session.scalar(mine) or 0)


def _held(session: Session, competition: Competition) -> Sequence[Entry]:
    mine = entries_of(competition).where(Entry.status.in_(("registered", "waiting"))).order_by(Entry.id)
    return session.scalars(mine.execution_options(populate_existing=True)).all()


def _said(entries: Sequence[Entry]) -> dict[str, Any]:
    return {entry.uid: entry.seed for entry in entries} | {f"{entry.uid} group": entry.group for entry in entries}


def _by_seed(_competition: Competition, rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.seed is None, row.seed or 0, row.id))


def _by_lot(competition: Competition, rows: Sequence[Row]) -> list[Row]:
    at = {row.id: row for row in rows}
    lots = drawn([Entrant(row.id, 0) for row in rows], Random(competition.draw_seed))  # noqa: S311 - to be repeated
    return [at[entrant.id] for entrant in lots]


# What an order is called in the address, and how it comes about.
ORDERS: dict[str, Callable[[Competition, Sequence[Row]], list[Row]]] = {
    "lot": _by_lot,
    "rating": lambda _, rows: sorted(rows, key=lambda row: (-row.rating, row.id)),
    "registered": lambda _, rows: sorted(rows, key=lambda row: row.id),
    "name": lambda _, rows: sorted(rows, key=lambda row: (row.name.casefold(), row.id)),
}


def _heading(where: str, lines: Sequence[Line]) -> list[str]:
    names = [cell.lower() for cell in lines[0][1]] if lines else []
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not {"name", "wallet", "registration"} & set(names) or len(set(names)) < len(names):
        what = f"There is no column “{unknown[0][:40]}”." if unknown else "The first line must name the columns, each once."
        raise Invalid(where, f"{what} Use {', '.join(COLUMNS)}, of which registration, wallet or name says who is meant.")
    if len(lines) < 2:
        raise Invalid(where, "The file names nobody under its heading. Write one entrant a line.")
    return names


def _known(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    known: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        keys = (("registration", row.uid), ("wallet", (row.wallet or "").lower()), ("name", row.name.casefold()))
        for key in keys:
            known.setdefault(key, []).append(row)
    return known


def _meant(where: str, number: int, said: dict[str, str], known: dict[tuple[str, str], list[Row]]) -> Row:
    for column in ("registration", "wallet", "name"):
        text = said.get(column, "")
        if not text:
            continue
        found = known.get((column, text.casefold()), [])
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise Invalid(where, f"Line {number}: {len(found)} are called {text[:60]}. Say which by registration or wallet.")
        raise Invalid(where, f"Line {number}: nobody with a place has the {column} {text[:60]}.")
    raise Invalid(where, f"Line {number} does not say who is meant. Write a registration, a wallet or a name.")


def _seed(where: str, number: int, text: str, otherwise: int) -> float:
    if not text:
        return 1_000_000 + otherwise
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
        raise Invalid(where, f"Line {number}: “{text[:20]}” is no seed. Write a whole number such as 4.")
    return int(text)

"""The only bridge between the rows of a competition and the rules in `formats`: build, load, save.

Everything goes through Core in a number of statements that does not depend on the size of the competition.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    Integer,
    ScalarSelect,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Entry
from portal.competitions.model import Match as MatchRow
from portal.competitions.participants import Field, Participant, field_of
from portal.competitions.rules import rules_of
from portal.formats import FORMATS, tiebreaks
from portal.formats.plan import NOBODY, Changes, Entrant, Link, Match, Outcome, Plan, Side, plan_of
from portal.kernel.clock import utc_now
from portal.kernel.db import UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

MATCHES: Any = MatchRow.__table__
ENTRIES: Any = Entry.__table__
# A result of these needs the other matches too; of the others only what its links reach.
NEED_ALL = frozenset({"swiss"})
# With so few matches open a result may be the last one: the whole is loaded at once, for the places.
NEARLY_OVER = 3


@dataclass(frozen=True, slots=True)
class Built:
    """`matches` are to be played; `byes` went through at once."""

    matches: int
    byes: int


@dataclass(frozen=True, slots=True)
class Slot:
    """What a match has besides its rules: its row, its public id and its times."""

    id: int
    uid: str
    scheduled_at: datetime | None = None
    completed_at: datetime | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A competition's matches as plain values. `pending` counts the open ones of the whole competition, `whole` tells
    whether all of them and everybody are here."""

    plan: Plan
    slots: dict[int, Slot]
    field: Field
    pending: int
    whole: bool

    @property
    def people(self) -> dict[int, Participant]:
        return self.field.people

    @property
    def decisions(self) -> tuple[tiebreaks.Decision, ...]:
        return self.field.decisions

    def match(self, uid: str) -> Match:
        """Raises NotFound."""
        for number, slot in self.slots.items():
            if slot.uid == uid:
                return self.plan.matches[number]
        raise NotFound("Match not found.")

    def after(self, changes: Changes) -> Plan:
        """The plan as it will be; this one stays as it is."""
        plan = Plan(self.plan.entrants, self.plan.rules, dict(self.plan.matches))
        plan.apply(changes)
        return plan


def draw(competition: Competition, entries: Sequence[Entry]) -> Plan:
    """The matches for the entries, best seed first, as the competition's number draws them; nothing is written.

    Raises Invalid or Unprocessable naming what does not fit: too few entrants, groups that do not work.
    """
    rng = Random(competition.draw_seed)  # noqa: S311 - a draw that can be repeated and checked, no secret
    entrants = [Entrant(entry.id, seed, entry.group, entry.rating) for seed, entry in enumerate(entries, 1)]
    return FORMATS[competition.format].build(entrants, rules_of(competition.type, competition.rules), rng)


def keep(session: Session, competition: Competition, entries: Sequence[Entry], plan: Plan) -> Built:
    """Save the matches that were drawn, and the groups that were filled with them."""
    _save_groups(session, entries, plan.entrants)
    _insert(session, competition, plan.matches.values(), {}, utc_now())
    byes = sum(match.outcome is Outcome.BYE for match in plan.matches.values())
    return Built(sum(not match.over for match in plan.matches.values()), byes)


def load(session: Session, competition: Competition) -> Held:
    """All matches and everybody who takes part: two statements."""
    rows = session.execute(select(*_COLUMNS).where(MATCHES.c.competition_id == competition.id)).all()
    pending = sum(row.status == "pending" for row in rows)
    return _held(competition, rows, field_of(session, competition), pending, whole=True)


def load_for(session: Session, competition: Competition, uid: str) -> Held:
    """What a result of the match with that public id needs: two statements. Raises NotFound."""
    if competition.format in NEED_ALL:
        held = load(session, competition)
        held.match(uid)
        return held
    rows = session.execute(_REACHED, {"of": competition.id, "named": uid}).all()
    if all(row.uid != uid for row in rows):
        raise NotFound("Match not found.")
    whole = rows[0].pending <= NEARLY_OVER
    sides = None if whole else {side for row in rows for side in (row.a_id, row.b_id) if side}
    return _held(competition, rows, field_of(session, competition, sides), rows[0].pending, whole=whole)


def save(
    session: Session,
    competition: Competition,
    held: Held,
    changes: Changes,
    now: datetime,
    *,
    uids: Mapping[int, str] | None = None,
    notes: Mapping[int, str | None] | None = None,
) -> None:
    """Write the changes: at most one statement for each of removed, new and changed matches.

    `uids` are the public ids of new matches, `notes` those of matches reported now, both by number.
    """
    known = held.slots.keys() - set(changes.removed)
    if changes.removed:
        numbers = MATCHES.c.number.in_(changes.removed)
        session.execute(delete(MATCHES).where(MATCHES.c.competition_id == competition.id, numbers))
    _insert(session, competition, [match for match in changes.matches if match.number not in known], uids or {}, now)
    changed = [_changed(competition, match, notes or {}, now) for match in changes.matches if match.number in known]
    if changed:
        session.connection().execute(_UPDATE, changed)


def _changed(competition: Competition, match: Match, notes: Mapping[int, str | None], now: datetime) -> dict[str, Any]:
    values = {f"new_{name}": value for name, value in _values(match).items()}
    return values | {"of": competition.id, "at": match.number, "over": match.over, "now": now, "said": notes.get(match.number)}


def _save_groups(session: Session, before: Iterable[Entry], placed: Iterable[Entrant]) -> None:
    groups = {entrant.id: entrant.group for entrant in before}
    rows = [{"entry": entrant.id, "new_group": entrant.group} for entrant in placed if entrant.group != groups[entrant.id]]
    if rows:
        session.connection().execute(_GROUP, rows)


def _insert(
    session: Session, competition: Competition, matches: Collection[Match], uids: Mapping[int, str], now: datetime
) -> None:
    common = {"competition_id": competition.id, "notes": None, "scheduled_at": None}
    rows = [
        common
        | _values(match)
        | {
            "number": match.number,
            "uid": uids.get(match.number) or new_uid(),
            "completed_at": now if match.over else None,
        }
        for match in matches
    ]
    if rows:
        session.connection().execute(_INSERT, rows)


def _values(match: Match) -> dict[str, Any]:
    """The columns of a match that its rules decide."""
    return {
        "stage": match.stage,
        "grp": match.group,
        "round": match.round,
        "position": match.position,
        "a_id": match.a or None,
        "b_id": match.b or None,
        "a_empty": match.a == NOBODY,
        "b_empty": match.b == NOBODY,
        "winner_to": match.winner_to.number if match.winner_to else None,
        "winner_side": match.winner_to.side if match.winner_to else None,
        "loser_to": match.loser_to.number if match.loser_to else None,
        "loser_side": match.loser_to.side if match.loser_to else None,
        "score_a": match.score_a,
        "score_b": match.score_b,
        "winner": match.winner,
        "outcome": match.outcome.value if match.outcome else None,
        "status": "completed" if match.over else "pending",
        "why": match.why,
    }


def match_of(row: Any) -> Match:
    """The match of a row of `matches`."""
    return Match(
        number=row.number,
        stage=row.stage,
        round=row.round,
        position=row.position,
        a=NOBODY if row.a_empty else row.a_id,
        b=NOBODY if row.b_empty else row.b_id,
        group=row.grp,
        winner_to=_link(row.winner_to, row.winner_side),
        loser_to=_link(row.loser_to, row.loser_side),
        score_a=row.score_a,
        score_b=row.score_b,
        winner=row.winner,
        outcome=Outcome(row.outcome) if row.outcome else None,
        why=row.why,
    )


def slot_of(row: Any) -> Slot:
    """The rest of that row."""
    return Slot(row.id, row.uid, row.scheduled_at, row.completed_at, row.notes)


def _link(number: int | None, side: Side | None) -> Link | None:
    return Link(number, side) if number is not None and side is not None else None


def _held(competition: Competition, rows: Sequence[Any], field: Field, pending: int, *, whole: bool) -> Held:
    entrants = [person.entrant for person in field.people.values()]
    plan = plan_of(entrants, rules_of(competition.type, competition.rules), map(match_of, rows))
    return Held(plan, {row.number: slot_of(row) for row in rows}, field, pending, whole)


def _reached() -> Select[Any]:
    """The match and what its links reach, each row with the number of open matches; everything when these are few."""
    here = MATCHES.c.competition_id == bindparam("of", type_=Integer)
    open_ones = select(func.count()).select_from(MATCHES).where(here, MATCHES.c.status == "pending")
    pending: ScalarSelect[int] = open_ones.scalar_subquery()
    start = select(MATCHES.c.number).where(here, MATCHES.c.uid == bindparam("named", type_=MATCHES.c.uid.type))
    reach = _followed(start.cte("reach", recursive=True))
    wanted = MATCHES.c.number.in_(select(reach.c.number)) | (pending <= NEARLY_OVER)
    return select(*_COLUMNS, pending.label("pending")).where(here, wanted)


def _followed(reach: CTE) -> CTE:
    """The recursive half: where the winner and the loser of each match found so far go on."""
    match, ways = MATCHES.alias("m"), select(literal(1).label("way")).union_all(select(literal(2))).subquery("ways")
    onward = case((ways.c.way == 1, match.c.winner_to), else_=match.c.loser_to)
    found = reach.join(match, match.c.number == reach.c.number).join(ways, true())
    here = match.c.competition_id == bindparam("of", type_=Integer)
    return reach.union(select(onward).select_from(found).where(here, onward.is_not(None)))


_COLUMNS = tuple(column for column in MATCHES.c if column.name != "competition_id")
_REACHED = _reached()  # built once: putting it together takes longer than running it
_INSERT = insert(MATCHES)
_GROUP = update(ENTRIES).where(ENTRIES.c.id == bindparam("entry")).values(grp=bindparam("new_group"))
_OVER: Any = bindparam("over", type_=Boolean)
# Where a match stays over, its first moment stays; where it is open again, its moment and its notes go.
_UPDATE = (
    update(MATCHES)
    .where(MATCHES.c.competition_id == bindparam("of", type_=Integer), MATCHES.c.number == bindparam("at", type_=Integer))
    .values(
        {name: bindparam(f"new_{name}") for name in _values(Match(1, "", 1, 1, None, None))}
        | {
            "completed_at": case(
                (_OVER, func.coalesce(MATCHES.c.completed_at, bindparam("now", type_=UTCDateTime()))), else_=None
            ),
            "notes": case((_OVER, func.coalesce(bindparam("said", type_=MATCHES.c.notes.type), MATCHES.c.notes)), else_=None),
        }
    )
)

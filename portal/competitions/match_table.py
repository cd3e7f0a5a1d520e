"""The matches of a competition as the back office lists and draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.competitions.brackets import MATCHES
from portal.competitions.drawing import TREES, Shape, Tree, Window, trees
from portal.competitions.model import Competition
from portal.competitions.shown import MATCH_ROWS, Shown, shown
from portal.formats.labels import label
from portal.formats.plan import Outcome
from portal.formats.rules import ELIMINATION
from portal.kernel.errors import NotFound
from portal.web.tables import Badge, Choice, Column, Search, Table

OUTCOMES = {
    Outcome.PLAYED: "Played",
    Outcome.BYE: "Bye",
    Outcome.WALKOVER: "Walkover",
    Outcome.NO_SHOW: "No-show",
    Outcome.DOUBLE_NO_SHOW: "Neither came",
    Outcome.NOT_PLAYED: "Called off",
}
_C = MATCHES.c
# Both sides are known; a task that is passed or failed has one side only, and nobody will come to the other.
READY = and_(_C.status == "pending", _C.a_id.is_not(None), or_(_C.b_id.is_not(None), _C.b_empty))
WAITING = and_(_C.status == "pending", or_(_C.a_id.is_(None), and_(_C.b_id.is_(None), _C.b_empty.is_(False))))
OVER = _C.status == "completed"


@dataclass(frozen=True, slots=True)
class Rounds:
    """How many rounds each stage has, and the names of the groups: one statement for all that is called after them."""

    format: str
    stages: dict[str, int]
    groups: tuple[str, ...]

    def label(self, stage: str, round: int) -> str:
        return label(self.format, stage, round, self.stages.get(stage, round))


def rounds_of(session: Session, competition: Competition) -> Rounds:
    """One statement."""
    query = select(_C.stage, _C.grp, func.max(_C.round)).where(_C.competition_id == competition.id)
    stages: dict[str, int] = {}
    groups = set()
    for stage, group, rounds in session.execute(query.group_by(_C.stage, _C.grp)):
        stages[stage] = max(stages.get(stage, 0), rounds)
        groups.add(group)
    ordered = sorted((group for group in groups if group), key=lambda group: (len(group), group))
    return Rounds(competition.format, stages, tuple(ordered))


def query_of(competition: Competition) -> Select[Any]:
    """Every match but the byes."""
    return MATCH_ROWS.where(_C.competition_id == competition.id, or_(_C.outcome.is_(None), _C.outcome != Outcome.BYE.value))


def state_of(match: Shown) -> Badge:
    """Where it stands, in a word."""
    if match.match.outcome is not None:
        played = match.match.outcome is Outcome.PLAYED
        return Badge(OUTCOMES[match.match.outcome], "done" if played else "warning")
    return Badge("To play", "open") if playable(match) else Badge("Waiting", "draft")


def playable(match: Shown) -> bool:
    """A result can be reported now."""
    return not match.over and bool(match.match.a) and match.match.b is not None


def table_of(rounds: Rounds) -> Table:
    """The table of matches; what can be played now comes first."""
    named: dict[str, Any] = {name: MATCH_ROWS.selected_columns[name] for name in ("a_name", "b_name", "a_uid", "b_uid")}
    order = case((READY, 0), (_C.status == "pending", 1), else_=2)
    columns = [
        Column("number", "Match", sort=_C.number, pinned=True),
        Column("round", "Round", value=lambda row: rounds.label(row.stage, row.round), sort=_C.round),
        *([Column("group", "Group", value="grp", sort=_C.grp)] if rounds.groups else []),
        Column("side_a", "Side A", value="a_name", sort=named["a_name"], pinned=True),
        Column("score", "Score", value=_score, pinned=True),
        Column("side_b", "Side B", value="b_name", sort=named["b_name"], pinned=True),
        Column("status", "Status", value=lambda row: state_of(shown(row)), sort=order, kind="badge"),
        Column("scheduled_at", "Scheduled", sort=_C.scheduled_at, kind="time"),
        Column("completed_at", "Over since", sort=_C.completed_at, kind="time", shown=False),
        Column("winner", "Winner", sort=_C.winner, shown=False),
        Column("why", "Why this pairing", shown=False),
        Column("notes", "Notes", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ]
    return Table("matches", columns, filters=_filters(rounds, named), order="status", noun=("match", "matches"), unique=_C.number)


def _filters(rounds: Rounds, named: dict[str, Any]) -> list[Any]:
    by_round = {
        f"{stage}-{number}": and_(_C.stage == stage, _C.round == number)
        for stage, most in rounds.stages.items()
        for number in range(1, most + 1)
    }
    words = [(key, rounds.label(*_place(key))) for key in by_round]
    groups = [(group, f"Group {group}") for group in rounds.groups]
    states = {"ready": READY, "waiting": WAITING, "over": OVER}
    found: list[Any] = [
        Search([*named.values(), _C.uid], label="Entrant or id"),
        Choice("status", "Status", [("ready", "To play"), ("waiting", "Waiting"), ("over", "Over")], criteria_of=states),
        Choice("round", "Round", words, criteria_of=by_round),
    ]
    return found + ([Choice("group", "Group", groups, column=_C.grp)] if groups else [])


def _place(key: str) -> tuple[str, int]:
    stage, _, number = key.rpartition("-")
    return stage, int(number)


def _score(row: Any) -> str:
    return "" if row.score_a is None else f"{row.score_a}–{row.score_b}"


def match_shown(session: Session, competition: Competition, uid: object) -> Shown:
    """One match with who stands on its sides. One statement; raises NotFound."""
    row = session.execute(MATCH_ROWS.where(_C.competition_id == competition.id, _C.uid == str(uid))).one_or_none()
    if row is None:
        raise NotFound("Match not found.")
    return shown(row)


@dataclass(frozen=True, slots=True)
class Bracket:
    """What is drawn of a bracket. `branches`: in how many parts the stages are drawn that do not fit on one page."""

    trees: Sequence[Tree[Shown]]
    branches: dict[str, int]
    stage: str
    part: int


def bracket_of(session: Session, competition: Competition, rounds: Rounds, part: str) -> Bracket:
    """The bracket, or the part of it that the address names. One statement. Raises NotFound where the format has none."""
    if competition.format not in ELIMINATION:
        raise NotFound("This competition has no bracket.")
    shape = Shape(rounds.stages)
    stage, number = shape.part(part)
    windows = shape.windows(part)
    drawn = trees(competition.format, shape, windows, _in(session, competition, windows))
    branches = {name: shape.parts(name) for name in TREES if shape.parts(name) > 1}
    return Bracket(drawn, branches, stage, number)


def _in(session: Session, competition: Competition, windows: Sequence[Window]) -> list[Shown]:
    places = [and_(_C.stage == one.stage, _C.round == one.round, _C.position.between(one.first, one.last)) for one in windows]
    if not places:
        return []
    rows = session.execute(MATCH_ROWS.where(_C.competition_id == competition.id, or_(*places)))
    return [shown(row) for row in rows]

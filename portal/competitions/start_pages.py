"""The draw before the start: exactly what a start would make now, and the start of just that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from sqlalchemy import func, select
from wtforms import HiddenField, SelectField

from portal.competitions import starting
from portal.competitions.drawing import Shape, Tree, trees
from portal.competitions.entrant_pages import around
from portal.competitions.entry_lists import entrants_of
from portal.competitions.frame import competition_here, url_of
from portal.competitions.model import Competition, Entry
from portal.formats.plan import NOBODY, Match, Outcome
from portal.formats.rules import ELIMINATION
from portal.kernel.db import db
from portal.kernel.errors import Conflict, PortalError
from portal.orgs.access import Place, inside
from portal.players.names import shortened
from portal.web.forms import Form
from portal.web.render import redirect_to, render, toast

ORDERS = (("random", "By lot"), ("manual", "By seeds"))
MOST_ABSENT, MOST_PAIRS = 50, 64


class StartForm(Form):
    """`seen` is the digest of the draw that was looked at."""

    order = SelectField("Order", choices=list(ORDERS))
    seen = HiddenField()


@dataclass(frozen=True, slots=True)
class Side:
    """One of a pair as the page names it; `seed` is 0 where nobody is known."""

    name: str
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A match of the draw. `a` and `b` are None where the side is not known yet; `bye`: nobody comes against the one."""

    number: int
    stage: str
    round: int
    position: int
    a: Side | None
    b: Side | None
    group: str
    bye: bool
    why: str

    @property
    def blank(self) -> bool:
        return False

    @property
    def over(self) -> bool:
        return self.bye


@dataclass(frozen=True, slots=True)
class Preview:
    """What the page draws: the pairs of round one, the trees of a bracket, groups with their entrants, an order."""

    digest: str
    field: Sequence[Side]
    first: Sequence[Pair]
    trees: Sequence[Tree[Pair]]
    groups: dict[str, list[Side]]
    matches: int
    byes: int
    rounds: int
    parts: int = 1
    part: int = 0


@inside("member")
def start(place: Place, uid: UUID) -> Response:
    """The draw as it would be made now; nothing is written."""
    competition = competition_here(db.session(), place, uid)
    return _shown(place, competition, _order(competition, request.args.get("order", "")))


@inside("admin")
def start_now(place: Place, uid: UUID) -> Response:
    """Start with the draw that was looked at; another one is shown first."""
    competition = competition_here(db.session(), place, uid)
    form = StartForm()
    if form.validate_on_submit():
        try:
            order, seen = form.order.data, form.seen.data or "none"
            started = starting.start(db.session(), competition, place.actor, order, seen=seen)
            toast(_said(started))
            after = "play.matches" if started.matches and "play.matches" in current_app.view_functions else "competitions.show"
            return redirect_to(url_of(place, competition, after))
        except PortalError as error:
            form.refuse(error)
    if competition.status in ("active", "completed"):  # a second click: it was this one that started it
        toast("It has started already.", "info")
        return redirect_to(url_of(place, competition, "competitions.show"))
    return _shown(place, competition, _order(competition, form.order.data or ""), form)


def _shown(place: Place, competition: Competition, order: str, form: StartForm | None = None) -> Response:
    """The page of the draw, or of what stands in its way; 422 with a form that was refused."""
    context: dict[str, Any] = {"order": order, "orders": ORDERS, "form": form, "preview": None, "refused": "", "field": ""}
    try:
        draw = starting.foresee(db.session(), competition, order)
        context["preview"] = preview_of(competition, draw, _names(competition), request.args.get("part", ""))
    except PortalError as error:
        context |= {"refused": error.message, "field": getattr(error, "field", ""), "early": isinstance(error, Conflict)}
    absent, missing = _absent(competition)
    context |= {"absent": absent, "missing": missing}
    status = 422 if form is not None else 200
    return render("entrants/start.html", "entrants/_start.html", status, **around(place, competition) | context)


def preview_of(competition: Competition, draw: starting.Draw, names: dict[int, str], part: str = "") -> Preview:
    """The draw with names, as it is drawn."""
    seeds = {entry.id: seed for seed, entry in enumerate(draw.entries, 1)}
    side = {number: Side(shortened(names.get(number, "")), seed) for number, seed in seeds.items()}
    matches = list(draw.plan.in_order()) if draw.plan else []
    pairs = [_pair(match, side) for match in matches]
    rounds = {stage: max(match.round for match in matches if match.stage == stage) for stage in {one.stage for one in matches}}
    groups: dict[str, list[Side]] = {}
    for entrant in draw.plan.entrants if draw.plan else ():
        if entrant.group:
            groups.setdefault(entrant.group, []).append(side[entrant.id])
    bracket = competition.format in ELIMINATION
    shape = Shape(rounds if bracket else {})
    parts = shape.parts("winners") if bracket else 1
    number = shape.part(f"winners-{part}")[1] or (1 if parts > 1 else 0)  # in parts, the first rounds: they are what is drawn
    windows = shape.windows(f"winners-{number}" if number else "")
    drawn = trees(competition.format, shape, windows, pairs) if bracket else []
    byes = sum(match.outcome is Outcome.BYE for match in matches)
    first = [pair for pair in pairs if pair.round == 1 and pair.stage in ("winners", "rounds")]
    least = min((pair.round for pair in pairs), default=1)
    first = first or [pair for pair in pairs if pair.round == least]
    most = max((match.round for match in matches), default=0)
    figures = (len(matches) - byes, byes, most, parts, number)
    return Preview(draw.digest, list(side.values()), first, drawn, dict(sorted(groups.items())), *figures)


def _pair(match: Match, side: dict[int, Side]) -> Pair:
    a, b = (side.get(number) if number else None for number in (match.a, match.b))
    bye = match.outcome is Outcome.BYE or NOBODY in (match.a, match.b)
    return Pair(match.number, match.stage, match.round, match.position, a, b, match.group, bye, match.why)


def _names(competition: Competition) -> dict[int, str]:
    rows = db.session().execute(entrants_of(competition).where(Entry.status == "registered"))
    return {row.Entry.id: row.name for row in rows}


def _absent(competition: Competition) -> tuple[list[str], int]:
    """Names of those who would be left out because they are not checked in, the first of them, and how many there are."""
    away = (Entry.status == "registered", Entry.checked_in_at.is_(None))
    if competition.format == "leaderboard":
        return [], 0
    rows = db.session().execute(entrants_of(competition).where(*away).order_by(Entry.id)).all()
    return [shortened(row.name) for row in rows[:MOST_ABSENT]], len(rows)


def _order(competition: Competition, asked: str) -> str:
    """What was asked for; else by seeds where everybody who is there has one."""
    if asked in dict(ORDERS):
        return asked
    there = (Entry.competition_id == competition.id, Entry.status == "registered", Entry.checked_in_at.is_not(None))
    count, seeded = db.session().execute(select(func.count(), func.count(Entry.seed)).where(*there)).one()
    return "manual" if count and count == seeded else "random"


def _said(started: starting.Started) -> str:
    words = [f"It has started with {started.matches:,} {'match' if started.matches == 1 else 'matches'} to play."]
    if started.byes:
        words.append(f"{started.byes:,} {'goes' if started.byes == 1 else 'go'} on with a bye.")
    if started.dropped:
        words.append(f"{started.dropped:,} {'was' if started.dropped == 1 else 'were'} left out.")
    return " ".join(words)

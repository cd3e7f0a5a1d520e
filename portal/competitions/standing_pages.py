"""The standings with their reasons, and what an organizer decides about who takes part: rulings, challenges, disqualifying."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Response, request

from portal.competitions import decisions
from portal.competitions.finishing import decided_without, disqualify
from portal.competitions.frame import competition_here
from portal.competitions.ladders import Rung, challenge, rungs_of
from portal.competitions.play import around, drawer, pages, url
from portal.competitions.standing_forms import ChallengeForm, DecisionForm, DisqualifyForm
from portal.competitions.tables import standings_of
from portal.competitions.whys import Explained, explained
from portal.kernel.db import db
from portal.kernel.errors import Conflict, NotFound, PortalError
from portal.kernel.ids import parse_uid
from portal.orgs.access import Place, inside
from portal.players.names import shortened
from portal.web.forms import choices_of
from portal.web.render import as_csv, finish, render

LINES = 100  # on one page
HEADS = (
    *("rank", "group", "entrant", "played", "wins", "draws", "losses", "score_for", "score_against"),
    *("score_difference", "points", "why", "registration_id"),
)


@pages.get("/standings")
@inside("member")
def standings(place: Place, uid: UUID) -> Response:
    """By group and rank, each line with what set it apart; narrowed by name or group."""
    competition = competition_here(db.session(), place, uid)
    lines = explained(competition.format, standings_of(db.session(), competition))
    groups = sorted({line.row.group for line in lines if line.row.group}, key=lambda group: (len(group), group))
    found = _narrowed(lines, request.args)
    if request.args.get("format") == "csv":
        return as_csv("standings.csv", HEADS, map(_cells, found))
    page = _page(len(found))
    shown = found[(page - 1) * LINES : page * LINES]
    tables = [(group, list(rows)) for group, rows in groupby(shown, key=lambda line: line.row.group)]
    names = {line.uid: line.name for line in lines}
    context: dict[str, Any] = {"tables": tables, "groups": groups, "found": len(found), "total": len(lines), "names": names}
    context |= {"rulings": decisions.decisions_of(db.session(), competition), "number": page, "last": -(-len(found) // LINES)}
    context["tiebreaks"] = [name for name in (found[0].row.values if found else {}) if name not in _COLUMNS]
    return render("play/standings.html", "play/_standings.html", **around(place, competition), **context)


@pages.route("/standings/decide", methods=["GET", "POST"])
@inside("admin")
def decision_new(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    lines = explained(competition.format, standings_of(db.session(), competition))
    form = DecisionForm(data={name: request.args.get(name) for name in ("over", "under")})
    named = [(line.uid, f"{line.rank}. {line.full}" + (f" (group {line.row.group})" if line.row.group else "")) for line in lines]
    form.over.choices = form.under.choices = choices_of([("", "Choose"), *named])
    if form.validate_on_submit():
        try:
            sides = (form.over.data, form.under.data)
            ruling = decisions.decide(db.session(), competition, place.actor, *sides, form.reason.data)
            names = {line.uid: line.name for line in lines}
            undo = url(competition, "decision_take_back", did=ruling.uid)
            said = f"{names[ruling.over]} stands above {names[ruling.under]} where nothing else tells them apart."
            return finish(url(competition, "standings"), said, undo_url=undo)
        except PortalError as error:
            form.refuse(error)
    return drawer(competition, "decision", form, here=url(competition, "decision_new"))


@pages.post("/standings/decisions/<uuid:did>/take-back")
@inside("admin")
def decision_take_back(place: Place, uid: UUID, did: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    try:
        decisions.take_back(db.session(), competition, place.actor, str(did))
    except NotFound:  # a second click, or somebody else was quicker
        return finish(url(competition, "standings"), "There is no such decision any more.", "info")
    return finish(url(competition, "standings"), "The decision is taken back; the standings are worked out without it.")


@pages.route("/entrants/<uuid:rid>/disqualify", methods=["GET", "POST"], endpoint="disqualify")
@inside("admin")
def disqualify_entrant(place: Place, uid: UUID, rid: UUID) -> Response:
    """For good, after the name was typed; the matches that it decides are listed before."""
    competition = competition_here(db.session(), place, uid)
    person, decided = decided_without(db.session(), competition, str(rid))
    form = DisqualifyForm(data={"seen": _numbers(decided)})
    form.expected = shortened(person.name)
    if form.validate_on_submit():
        try:
            if form.seen.data != _numbers(decided):
                raise Conflict("Other matches than those you saw would be decided now. Look again, then confirm.")
            done = disqualify(db.session(), competition, place.actor, person.uid, form.reason.data)
            said = f"{form.expected} is disqualified. {_counted(done.walkovers)}"
            return finish(url(competition, "standings"), said + (" The competition is completed." if done.completed else ""))
        except PortalError as error:
            form.refuse(error)
    here = url(competition, "disqualify", rid=rid)
    form.seen.data = _numbers(decided)
    return drawer(competition, "disqualify", form, person=person, name=form.expected, decided=decided, here=here)


@pages.route("/matches/challenge", methods=["GET", "POST"])
@inside("admin")
def match_challenge(place: Place, uid: UUID) -> Response:
    """First who challenges, as a link each; then whom, of those that may be challenged from there."""
    competition = competition_here(db.session(), place, uid)
    who = request.args.get("challenger", "")
    who = parse_uid("challenger", who) if who else ""
    rungs = rungs_of(db.session(), competition, who) if competition.format == "ladder" else []
    form = ChallengeForm()
    form.opponent.choices = choices_of([("", "Choose"), *_reachable(rungs)])
    names = {rung.person.uid: shortened(rung.person.name) for rung in rungs}
    if form.validate_on_submit():
        try:
            made = challenge(db.session(), competition, place.actor, who, form.opponent.data)
            said = f"{names[who]} challenges {names[form.opponent.data]}: match {made.match.number}."
            return finish(url(competition, "matches"), said)
        except PortalError as error:
            form.refuse(error)
    here = url(competition, "match_challenge", challenger=who or None)
    return drawer(competition, "challenge", form, rungs=rungs, challenger=names.get(who), above=_above(rungs, who), here=here)


_COLUMNS = ("points", "score_difference", "score_for", "wins")  # tie-breaks that are columns anyway


def _narrowed(lines: Sequence[Explained], args: Any) -> list[Explained]:
    """The lines of the group and with the text that the address asks for."""
    text, group = args.get("q", "").strip().casefold()[:200], args.get("group", "")
    return [
        line for line in lines if (not group or line.row.group == group) and (text in line.full.casefold() or text == line.uid)
    ]


def _page(found: int) -> int:
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return max(1, min(number, -(-found // LINES)))


def _cells(line: Explained) -> list[Any]:
    row = line.row
    figures = [row.played, row.wins, row.draws, row.losses, row.score_for, row.score_against, row.score_difference, row.points]
    return [line.rank, row.group, line.full, *figures, line.why, line.uid]


def _numbers(decided: Iterable[Any]) -> str:
    return ",".join(str(each.match.number) for each in decided)


def _counted(walkovers: int) -> str:
    if not walkovers:
        return "No open match was decided by it."
    return "1 open match is decided by it." if walkovers == 1 else f"{walkovers} open matches are decided by it."


def _reachable(rungs: Sequence[Rung]) -> list[tuple[str, str]]:
    return [(rung.person.uid, f"{rung.position}. {rung.person.name}") for rung in rungs if rung.why_not == ""]


def _above(rungs: Sequence[Rung], challenger: str) -> list[Rung]:
    """Those above who cannot be challenged now, the nearest first."""
    places = [rung.position for rung in rungs if rung.person.uid == challenger]
    if not places:
        return []
    return [rung for rung in reversed(rungs) if rung.position < places[0] and rung.why_not]

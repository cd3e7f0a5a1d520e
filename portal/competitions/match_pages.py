"""The matches of a competition: as a table and as a bracket, and the result of one, reported where it stands."""

from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import Response, request
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.competitions.brackets import MATCHES
from portal.competitions.frame import competition_here
from portal.competitions.match_forms import ReportForm
from portal.competitions.match_table import (
    bracket_of,
    match_shown,
    playable,
    query_of,
    rounds_of,
    state_of,
    table_of,
)
from portal.competitions.model import Competition
from portal.competitions.model import Report as ReportRow
from portal.competitions.play import around, drawer, match_here, pages, rules_here, url, version_of
from portal.competitions.results import Recorded, Report, record_result
from portal.competitions.shown import Shown, shown
from portal.kernel.db import db
from portal.kernel.errors import Conflict, PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import errors_of
from portal.web.render import finish, redirect_to, render, toast, unless_seen, wants_fragment

LISTS = ("table", "bracket")


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {"shown": shown, "state_of": state_of, "playable": playable, "play_url": url}


@pages.get("/matches")
@inside("member")
def matches(place: Place, uid: UUID) -> Response:
    """As a table; asked with `seen`, 204 where that is how they still stand."""
    competition = competition_here(db.session(), place, uid)
    return unless_seen(version_of(competition)) or _table(place, competition, request.args)


@pages.get("/matches/bracket")
@inside("member")
def matches_bracket(place: Place, uid: UUID) -> Response:
    """As a bracket; asked with `seen` as the table is."""
    competition = competition_here(db.session(), place, uid)
    return unless_seen(version_of(competition)) or _bracket(place, competition, request.args)


@pages.route("/matches/<uuid:mid>/result", methods=["GET", "POST"])
@inside("admin")
def match_report(place: Place, uid: UUID, mid: UUID) -> Response:
    """In the drawer, or where the match stands in a list: then the list itself is the answer."""
    competition, match = match_here(place, uid, mid)
    rules = rules_here(competition)
    form = ReportForm(data={"side_a": match.a.uid if match.a else "", "side_b": match.b.uid if match.b else ""})
    form.about(match, rules)
    if form.validate_on_submit():
        report = None
        try:
            report = form.report(rules)
            recorded = record_result(db.session(), competition, place.actor, match.uid, report)
            message = told(competition, recorded)
            undo = url(competition, "match_reverse", mid=mid)
            if recorded.completed:  # the head of the page changes too
                return finish(_back(competition, form), message, undo_url=undo)
            return _reported(place, competition, form, message, undo=undo)
        except Conflict as error:
            if report is not None and _same(competition, match, report):
                return _reported(place, competition, form, f"Match {match.match.number} has this result already.", "info")
            form.refuse(_meanwhile(competition, match, report) or error)
        except PortalError as error:
            form.refuse(error)
    if form.is_submitted() and form.view.data in LISTS:
        return _listed(place, competition, form, 422, match)
    return drawer(competition, "report", form, match=match, here=url(competition, "match_report", mid=mid), **_facts(rules))


def _table(place: Place, competition: Competition, args: Any, status: int = 200, **context: Any) -> Response:
    rounds = rounds_of(db.session(), competition)
    path = url(competition, "matches")
    found = table_of(rounds).page(db.session(), query_of(competition), args, path)
    if found.wants_csv:
        return found.csv()
    found.notes.extend(_refusals(context.get("refused")))
    again = found.url(page=found.number, seen=version_of(competition))
    context |= {"matches": found, "rounds": rounds, "narrowed": _query(args), "view": "table", "again": again}
    return render("play/matches.html", "play/_matches.html", status, **around(place, competition), **context)


def _bracket(place: Place, competition: Competition, args: Any, status: int = 200, **context: Any) -> Response:
    rounds = rounds_of(db.session(), competition)
    part = args.get("part", "")[:12]
    drawn = bracket_of(db.session(), competition, rounds, part)
    again = url(competition, "matches_bracket", part=part or None, seen=version_of(competition))
    context |= {"bracket": drawn, "rounds": rounds, "narrowed": _query(args), "view": "bracket", "again": again}
    context["notes"] = _refusals(context.get("refused"))
    return render("play/bracket.html", "play/_bracket.html", status, **around(place, competition), **context)


def _refusals(form: ReportForm | None) -> list[str]:
    """What was wrong with a result that was sent from the list, for its head."""
    return [sentence for _, sentence in errors_of(form)] if form is not None else []


def _query(args: Any) -> str:
    """The list's own parameters, as the forms in it carry them along."""
    return urlencode([(name, value) for name, value in args.items(multi=True) if name not in ("format", "seen")])


def _listed(place: Place, competition: Competition, form: ReportForm, status: int, match: Shown | None = None) -> Response:
    """The list in which the form stands, as it is now; with the form in its place where it was refused."""
    draw = _bracket if form.view.data == "bracket" else _table
    args = MultiDict(parse_qsl((form.state.data or "")[:2_000]))
    args.pop("format", None)
    refused = {"refused": form, "refused_match": match} if match else {}
    return draw(place, competition, args, status, **refused)


def _reported(
    place: Place, competition: Competition, form: ReportForm, message: str, kind: str = "success", undo: str | None = None
) -> Response:
    """After a result: the list anew where it stands in one and htmx asked, else the page that it came from."""
    if form.view.data not in LISTS:
        return finish(_back(competition, form), message, kind, undo)
    toast(message, kind, undo)
    return _listed(place, competition, form, 200) if wants_fragment() else redirect_to(_back(competition, form))


def _back(competition: Competition, form: ReportForm) -> str:
    """The list from which the result was sent, as it was narrowed there."""
    here = url(competition, "matches_bracket" if form.view.data == "bracket" else "matches")
    state = urlencode(parse_qsl((form.state.data or "")[:2_000]))
    return f"{here}?{state}#matches" if state else f"{here}#matches"


def told(competition: Competition, recorded: Recorded) -> str:
    """What a result brought, in a sentence or two. Two statements at most."""
    session = db.session()
    now = match_shown(session, competition, recorded.uid)
    said = [f"Match {now.match.number}: {result_of(now)}."]
    if recorded.step is not None and now.match.winner in ("a", "b"):
        winner = now.a if now.match.winner == "a" else now.b
        number = now.match.winner_to.number if now.match.winner_to else 0
        label = rounds_of(session, competition).label(_stage_of(competition, recorded), recorded.step.round)
        said.append(f"{winner.name if winner else 'The winner'} goes on to the {label.lower()}, match {number}.")
    if recorded.completed:
        said.append("That was the last match: the competition is completed.")
    return " ".join(said)


def _stage_of(competition: Competition, recorded: Recorded) -> str:
    assert recorded.step is not None
    return match_shown(db.session(), competition, recorded.step.match_uid).stage


def result_of(match: Shown) -> str:
    """The result with names: "Foxes 2–1 Lights"; "walkover, Foxes goes on"."""
    a, b = (side.name if side else "nobody" for side in (match.a, match.b))
    if match.match.score_a is not None:
        return f"{a} {match.match.score_a}–{match.match.score_b} {b}"
    won = {"a": a, "b": b}.get(match.match.winner or "")
    how = state_of(match).word.lower()
    if match.b is None:
        return f"{a} {'passed' if match.match.winner == 'a' else 'failed' if match.match.winner else how}"
    return f"{a} against {b}: {how}{f', for {won}' if won else ''}"


def _same(competition: Competition, match: Shown, report: Report) -> bool:
    """Was this very result reported before: by a second click, a second tab, or somebody else?"""
    now = match_shown(db.session(), competition, match.uid).match
    sent = report.of(now.number)
    return now.over and (now.winner, now.score_a, now.score_b, now.outcome) == (
        sent.winner,
        sent.score_a,
        sent.score_b,
        sent.outcome,
    )


def _meanwhile(competition: Competition, match: Shown, report: Report | None) -> Conflict | None:
    """Somebody else was quicker: their result, who they are, and what was written here. None where nobody was."""
    session = db.session()
    now = match_shown(session, competition, match.uid)
    if not now.over:
        return None
    last = select(ReportRow.reported_by).join(MATCHES, MATCHES.c.id == ReportRow.match_id).where(MATCHES.c.uid == match.uid)
    who = session.scalar(last.order_by(ReportRow.id.desc()).limit(1)) or "somebody"
    yours = f" You wrote {_written(report)}; it is not saved." if report is not None else ""
    return Conflict(f"{who} reported match {now.match.number} meanwhile: {result_of(now)}.{yours} To replace it, correct it.")


def _written(report: Report) -> str:
    """A result as somebody typed it."""
    if report.score_a is not None and report.score_b is not None:
        return f"{report.score_a}–{report.score_b}"
    return report.outcome.value.replace("_", " ") + (f", winner {report.winner}" if report.winner else "")


def _facts(rules: Any) -> dict[str, Any]:
    return {"rules": rules, "alone": rules.format == "challenge" and rules.challenge == "pass_fail"}

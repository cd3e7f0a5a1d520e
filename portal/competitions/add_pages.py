"""The drawer that adds entrants: somebody new, a team that there is, or a list that is looked over first."""

from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import func, or_, select

from portal.competitions import entries
from portal.competitions.add_forms import ListForm, OneForm, sheet_of
from portal.competitions.entries import By
from portal.competitions.entry_csv import COLUMNS, MOST_LINES, Sheet
from portal.competitions.entry_import import import_entrants, plan_import, said
from portal.competitions.frame import competition_here, url_of
from portal.competitions.model import Competition, Entry
from portal.competitions.rules import rules_of
from portal.competitions.windows import check_registering
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import Conflict, Invalid, PortalError
from portal.orgs.access import Place, inside
from portal.players.model import Team, teams_with_counts
from portal.web.forms import Form
from portal.web.render import finish, render

WAYS = (("one", "Somebody new"), ("team", "Existing team"), ("list", "A list"))
MOST_HITS = 12
SAMPLE = "name,wallet,tag,seed,group,checked_in\nAyra Nightfall,,AYR,1,,yes\nFoxes,,FOX,2,,\n"


@inside("admin")
def add(place: Place, uid: UUID) -> Response:
    """Somebody new, or the search for a team, by `way`."""
    competition = competition_here(db.session(), place, uid)
    way = request.args.get("way", "one")
    if way == "team":
        return _teams(place, competition)
    form = ListForm() if way == "list" else OneForm()
    if way != "list" and form.validate_on_submit():
        try:
            return _added(place, competition, form.sheet())
        except PortalError as error:
            form.refuse(error)
    return _drawer(place, competition, "list" if way == "list" else "one", form)


@inside("admin")
def add_team(place: Place, uid: UUID) -> Response:
    """Register the organization's team that the form names."""
    competition = competition_here(db.session(), place, uid)
    team = request.form.get("team", "")
    if not team:
        raise Invalid("team", "The form does not say which team. Search for it and press Add beside it.")
    who = entries.participant(db.session(), competition, None, team[:36])
    entry = entries.register(db.session(), competition, By(place.actor), who)
    where = "is added" if entry.status == "registered" else "is on the waiting list"
    undo = url_of(place, competition, "entrants.remove", entry=entry.uid)
    return finish(url_of(place, competition, "entrants.index"), f"{who.name} {where}.", undo_url=undo)


@inside("admin")
def add_list(place: Place, uid: UUID) -> Response:
    """First what the list would make, with every line that is in trouble; then, sent again, everybody at once."""
    competition = competition_here(db.session(), place, uid)
    form = ListForm()
    if form.validate_on_submit():
        try:
            if form.text.data:
                return _added(place, competition, sheet_of(form.text.data))
            text = form.written()
            plan = plan_import(db.session(), place.organization, competition, sheet_of(text))
            form.pasted.data = text
            if not plan.troubles:
                return _part(place, competition, "list", "entrants/_preview.html", 200, form=form, plan=plan, text=text)
            return _drawer(place, competition, "list", form, plan=plan)
        except PortalError as error:
            form.refuse(error)
            form.pasted.data = form.pasted.data or form.text.data
    return _drawer(place, competition, "list", form)


def _added(place: Place, competition: Competition, sheet: Sheet) -> Response:
    plan = import_entrants(db.session(), place.organization, competition, place.actor, sheet)
    here = url_of(place, competition, "entrants.index")
    if len(plan.new) == 1 and not plan.there:
        one = plan.new[0]
        return finish(here, f"{one.line.shown} {'is added' if one.status == 'registered' else 'is on the waiting list'}.")
    return finish(here, said(plan), "success" if plan.new else "info")


def _teams(place: Place, competition: Competition) -> Response:
    """Teams by name, each with the button that adds it; those that are in already say so."""
    text = request.args.get("q", "").strip()[:100]
    query = teams_with_counts(competition.org_id)
    if text:
        query = query.where(or_(Team.name.icontains(text, autoescape=True), Team.tag.icontains(text, autoescape=True)))
    found = db.session().execute(query.order_by(None).order_by(func.lower(Team.name), Team.id).limit(MOST_HITS + 1)).all()
    mine = (Entry.competition_id == competition.id, Entry.entrant_key.is_not(None), Entry.team_id.is_not(None))
    here = set(db.session().scalars(select(Entry.team_id).where(*mine)))
    context = {"teams": found[:MOST_HITS], "more": len(found) > MOST_HITS, "here": here, "q": text}
    hits = request.headers.get("HX-Target", "").endswith("team-hits")
    part = "entrants/_hits.html" if hits else "entrants/_add.html"
    return _part(place, competition, "team", part, 200, form=None, **context)


def _drawer(place: Place, competition: Competition, way: str, form: Form, **context: Any) -> Response:
    sent = form.is_submitted()
    form_part = "entrants/_list_form.html" if way == "list" else "entrants/_one_form.html"
    return _part(place, competition, way, form_part if sent else "entrants/_add.html", 422 if sent else 200, form=form, **context)


def _part(place: Place, competition: Competition, way: str, part: str, status: int, **context: Any) -> Response:
    """A part to the drawer; a whole page with the drawer's content to everybody else."""
    shut = ""
    try:
        check_registering(competition, utc_now())
    except Conflict as error:
        shut = error.message
    here = {"competition": competition, "way": way, "ways": WAYS, "shut": shut, "sample": SAMPLE, "columns": COLUMNS}
    here |= {"most_lines": MOST_LINES, "rules": rules_of(competition.type, competition.rules), "content": part}
    here |= {"here_url": lambda endpoint, **more: url_of(place, competition, endpoint, **more)}
    return render("entrants/add.html", part, status, **here | context)

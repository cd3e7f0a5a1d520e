"""Seasons in the back office: the list, the standings of one with what brought the points, and what counts for it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import true
from sqlalchemy.orm import Session

from portal.audit.service import rows_of
from portal.competitions.model import competition_by_uid
from portal.competitions.words import FORMAT_WORDS
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import Invalid, NotFound, PortalError
from portal.orgs.access import Place, inside
from portal.seasons import lists, service
from portal.seasons.forms import AddForm, DeleteForm, SeasonForm, WeightForm, first_values, plain_number
from portal.seasons.model import Season, season_by_uid
from portal.seasons.showing import (
    ACTIVITY,
    LINES,
    SEASONS,
    STANDINGS,
    STATES,
    chart_of,
    competition_url,
    line_words,
    person_url,
    plain,
    scoring_words,
    url_of,
)
from portal.seasons.table import standings, standings_of
from portal.web.forms import Form
from portal.web.render import finish, redirect_to, render, toast

pages = Blueprint("seasons", __name__, url_prefix="/o/<org_slug>/seasons")

TABS = (("show", "Standings"), ("competitions", "Competitions"), ("activity", "Activity"))
OFFERED = 25


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {
        "plain": plain,
        "scoring_words": scoring_words,
        "line_words": line_words,
        "person_url": person_url,
        "season_url": url_of,
        "format_words": FORMAT_WORDS,
        "competition_url": competition_url,
    }


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    session = db.session()
    query = lists.listed(place.organization.id, utc_now())
    seasons = SEASONS.page(session, query, request.args)
    shown = session.execute(query).all() if seasons.wants_csv else seasons.rows
    g.season_leaders = standings_of(session, {row.id: row.scoring_config for row in shown}) if shown else {}
    return seasons.csv() if seasons.wants_csv else render("seasons/list.html", "seasons/_list.html", seasons=seasons)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    form = SeasonForm()
    if form.validate_on_submit():
        try:
            season = service.create_season(db.session(), place.organization, place.actor, form.terms())
            toast(f"{season.name} is created. Add the competitions that count for it.")
            return redirect_to(url_of("competitions", season.uid))
        except PortalError as error:
            form.refuse(error)
    here = url_for("seasons.new", org_slug=place.organization.slug)
    return _answer("seasons/_new.html", "seasons/_form.html", form, here=here, season=None)


@pages.get("/<uuid:uid>")
@inside("member")
def show(place: Place, uid: UUID) -> Response:
    """The standings, with what each competition brought."""
    session, season = db.session(), _season(place, uid)
    ranked = standings(session, season, true())
    table = STANDINGS.of(ranked, request.args)
    if table.wants_csv:
        return table.csv()
    counted = session.execute(lists.competitions_in(season)).all()
    context = _frame(session, season, counted)
    return render("seasons/show.html", "seasons/_standings.html", table=table, chart=chart_of(ranked, counted), **context)


@pages.get("/<uuid:uid>/competitions")
@inside("member")
def competitions(place: Place, uid: UUID) -> Response:
    """What counts, and how much."""
    session, season = db.session(), _season(place, uid)
    table = LINES.page(session, lists.competitions_in(season), request.args)
    if table.wants_csv:
        return table.csv()
    return render("seasons/competitions.html", "seasons/_lines.html", table=table, **_frame(session, season, table.rows))


@pages.get("/<uuid:uid>/activity")
@inside("member")
def activity(place: Place, uid: UUID) -> Response:
    session, season = db.session(), _season(place, uid)
    table = ACTIVITY.page(session, rows_of(place.organization.id, ("season", season.uid)), request.args)
    if table.wants_csv:
        return table.csv()
    return render("seasons/activity.html", "seasons/_activity.html", activity=table, **_frame(session, season, ()))


@pages.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: UUID) -> Response:
    season = _season(place, uid)
    form = SeasonForm(data=first_values(season))
    if form.validate_on_submit():
        try:
            service.change_season(db.session(), season, place.actor, form.terms())
            return finish(url_of("show", season.uid), f"{season.name} is saved.")
        except PortalError as error:
            form.refuse(error)
    return _answer("seasons/_edit.html", "seasons/_form.html", form, here=url_of("edit", season.uid), season=season)


@pages.route("/<uuid:uid>/add", methods=["GET", "POST"])
@inside("admin")
def add(place: Place, uid: UUID) -> Response:
    """Competitions to add, found by their titles."""
    session, season = db.session(), _season(place, uid)
    text = request.args.get("q", "").strip()[:200]
    form = AddForm(weight=Decimal(1))
    found = list(lists.candidates(session, season, text, OFFERED))
    form.offer(found)
    if form.is_submitted():  # what was chosen may have been found by another search
        form.offer([competition_by_uid(session, season.org_id, one) for one in _uids(form.chosen.data)] or found)
    if form.validate_on_submit():
        try:
            return _added(place, season, form)
        except PortalError as error:
            form.refuse(error)
    part = "seasons/_add_form.html" if "q" in request.args else "seasons/_add.html"
    context = {"here": url_of("add", season.uid), "season": season, "found": found, "text": text, "offered": OFFERED}
    return _answer(part, "seasons/_add_form.html", form, page_part="seasons/_add.html", **context)


@pages.route("/<uuid:uid>/competitions/<uuid:competition_uid>/weight", methods=["GET", "POST"])
@inside("admin")
def weight(place: Place, uid: UUID, competition_uid: UUID) -> Response:
    season = _season(place, uid)
    line = _line(season, competition_uid)
    form = WeightForm(data={"weight": Decimal(repr(line.weight))})
    if form.validate_on_submit():
        try:
            service.change_weight(db.session(), season, line.uid, place.actor, plain_number(form.weight.data))
            return finish(url_of("competitions", season.uid), f"{line.title} counts × {plain(form.weight.data)} now.")
        except PortalError as error:
            form.refuse(error)
    here = url_of("weight", season.uid, competition_uid=line.uid)
    return _answer("seasons/_weight.html", "seasons/_weight_form.html", form, here=here, season=season, line=line)


@pages.post("/<uuid:uid>/competitions/<uuid:competition_uid>/remove")
@inside("admin")
def remove(place: Place, uid: UUID, competition_uid: UUID) -> Response:
    season = _season(place, uid)
    line = _line(season, competition_uid)
    service.remove_competition(db.session(), season, line.uid, place.actor)
    undo = url_of("restore", season.uid, competition_uid=line.uid, weight=plain(line.weight).replace(",", ""))
    return finish(url_of("competitions", season.uid), f"{line.title} no longer counts for {season.name}.", undo_url=undo)


@pages.post("/<uuid:uid>/competitions/<uuid:competition_uid>/restore")
@inside("admin")
def restore(place: Place, uid: UUID, competition_uid: UUID) -> Response:
    """Undo of `remove`: the weight is in the address."""
    session, season = db.session(), _season(place, uid)
    competition = competition_by_uid(session, season.org_id, str(competition_uid))
    try:
        number = float(request.args.get("weight", "1"))
    except ValueError:
        raise Invalid("weight", "weight must be a number such as 1.5.") from None
    service.add_competition(session, season, competition, place.actor, number)
    return finish(url_of("competitions", season.uid), f"{competition.title} counts for {season.name} again.")


@pages.post("/<uuid:uid>/complete")
@inside("admin")
def complete(place: Place, uid: UUID) -> Response:
    season = _season(place, uid)
    service.change_season(db.session(), season, place.actor, {"status": "completed"})
    said = f"{season.name} is completed. Late results still count; competitions are neither added nor removed."
    return finish(url_of("show", season.uid), said, undo_url=url_of("reopen", season.uid))


@pages.post("/<uuid:uid>/reopen")
@inside("admin")
def reopen(place: Place, uid: UUID) -> Response:
    season = _season(place, uid)
    service.change_season(db.session(), season, place.actor, {"status": "active"})
    return finish(url_of("show", season.uid), f"{season.name} is active again.", undo_url=url_of("complete", season.uid))


@pages.route("/<uuid:uid>/delete", methods=["GET", "POST"])
@inside("admin")
def delete(place: Place, uid: UUID) -> Response:
    season = _season(place, uid)
    form = DeleteForm()
    form.expected = season.name
    if form.validate_on_submit():
        service.delete_season(db.session(), season, place.actor)
        toast(f"{season.name} is deleted. Its competitions stay as they are.")
        return redirect_to(url_for("seasons.index", org_slug=place.organization.slug))
    return _answer("seasons/_delete.html", "seasons/_delete_form.html", form, here=url_of("delete", season.uid), season=season)


def _season(place: Place, uid: UUID) -> Season:
    return season_by_uid(db.session(), place.organization.id, str(uid))


def _line(season: Season, competition_uid: UUID) -> Any:
    """The row of a competition of the season. Raises NotFound."""
    query = lists.competitions_in(season)
    row = db.session().execute(query.where(query.selected_columns.uid == str(competition_uid))).first()
    if row is None:
        raise NotFound("This competition is not in the season.")
    return row


def _added(place: Place, season: Season, form: AddForm) -> Response:
    session, number = db.session(), plain_number(form.weight.data)
    chosen = [competition_by_uid(session, season.org_id, uid) for uid in form.chosen.data or ()]
    for one in chosen:
        service.add_competition(session, season, one, place.actor, number)
    what = chosen[0].title if len(chosen) == 1 else f"{len(chosen)} competitions"
    verb = "counts" if len(chosen) == 1 else "count"
    return finish(url_of("competitions", season.uid), f"{what} {verb} for {season.name} now, × {plain(form.weight.data)}.")


def _uids(texts: Sequence[str] | None) -> list[str]:
    """Those that can be an id of a competition, at most as many as the form offers."""
    found = []
    for text in (texts or ())[: OFFERED * 4]:
        try:
            found.append(str(UUID(text)))
        except ValueError:
            continue
    return found


def _frame(session: Session, season: Season, counted: Sequence[Any]) -> dict[str, Any]:
    """What every page of one season has around it. One statement."""
    summary = lists.summary_of(session, season, true())
    here = (request.endpoint or "").partition(".")[2]
    tabs = [{"label": label, "url": url_of(view, season.uid), "current": view == here} for view, label in TABS]
    tabs[1]["count"] = summary.competitions
    state = STATES[lists.status_of(season, utc_now())]
    circuits = [row for row in counted if row.format == "leaderboard"]
    return {"season": season, "state": state, "tabs": tabs, "summary": summary, "circuits": circuits}


def _answer(part: str, form_part: str, form: Form, page_part: str = "", **context: Any) -> Response:
    """The drawer's part, or the form alone with 422 when it comes back; inside a page for everybody without the drawer."""
    sent = form.is_submitted()
    context |= {"form": form, "part": page_part or part}
    return render("seasons/drawer.html", form_part if sent else part, 422 if sent else 200, **context)

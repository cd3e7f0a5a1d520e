"""Making a competition in steps, changing a draft, and making another one like it.

The steps keep their state in the form itself: going back loses nothing, and no step needs JavaScript or a row.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from portal.competitions import amending, service
from portal.competitions.create_forms import (
    ABOUT,
    LATER,
    RULE_FIELDS,
    TIEBREAK_HINT,
    CreateForm,
    EditForm,
    check,
    values_of,
    values_of_competition,
)
from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.model import Competition
from portal.competitions.rules import rules_of
from portal.competitions.starters import STARTERS, Starter
from portal.competitions.words import FORMAT_WORDS, VISIBILITY_WORDS, WHY_FORMAT, amount_in_words, rules_in_words
from portal.formats.rules import FORMATS_OF_TYPE
from portal.kernel.db import db
from portal.kernel.errors import Conflict, NotFound, PortalError
from portal.kernel.ids import new_uid, parse_uid
from portal.orgs.access import Place, inside
from portal.web.render import finish, redirect_to, render, toast

pages = Blueprint("create", __name__)

STEPS = {"template": "Template", "terms": "Terms", "times": "Times and prizes", "review": "Look over"}
ORDER = tuple(STEPS)


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of the steps and of the edit form say with."""
    return {
        "rule_fields": RULE_FIELDS,
        "tiebreak_hint": TIEBREAK_HINT,
        "why_format": WHY_FORMAT,
        "visibility_words": VISIBILITY_WORDS,
        "format_words": FORMAT_WORDS,
        "amount_in_words": amount_in_words,
    }


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """The templates; a POST makes the draft of what was filled in so far, or goes to the first step that needs a change."""
    form = _form()
    if not form.is_submitted():
        return _step(place, form, "template")
    if wrong := _wrong_step(form, ORDER):
        return _step(place, form, wrong, 422)
    try:
        made = _make(place, form)
    except Conflict as error:
        toast(error.message, "info")
        return redirect_to(url_for("competitions.index", org_slug=place.organization.slug))
    opened = form.then.data == "open"
    try:
        if opened:
            service.open_registration(db.session(), made, place.actor)
    except Conflict as error:
        form.refuse(error)
        return _step(place, form, "review", 422)
    toast(f"{made.title} is {'open for registration' if opened else 'a draft now'}.")
    return redirect_to(url_of(place, made, "competitions.show"))


@pages.route("/new/<any(template, terms, times, review):step>", methods=["GET", "POST"])
@inside("admin")
def step(place: Place, step: str) -> Response:
    """One step. Coming forward, what was sent so far has to be right; going back, nothing is asked."""
    form = _form()
    if form.template.data not in STARTERS:
        return _step(place, form, "template", 422 if form.is_submitted() else 200)
    forward = form.is_submitted() and form.came.data in ORDER and ORDER.index(form.came.data) < ORDER.index(step)
    if forward and (wrong := _wrong_step(form, ORDER[: ORDER.index(step)])):
        return _step(place, form, wrong, 422)
    return _step(place, form, step)


@pages.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    format = request.args.get("format", competition.format)
    if format not in FORMATS_OF_TYPE[competition.type]:
        raise NotFound("There is no such format of this competition.")
    if competition.status != "draft":
        raise Conflict(
            f"Only a draft can be changed; this competition is {competition.status}. Its hours have a form of their own."
        )
    form = EditForm(data=values_of_competition(competition, format))
    form.seen.data = form.seen.data or _version(competition)
    if form.is_submitted() and (changed := _change(place, competition, form, format)) is not None:
        return _told(place, competition, changed)
    form.seen.data = _version(competition)
    status = 422 if form.is_submitted() else 200
    part = "competitions/_edit_form.html" if form.is_submitted() else "competitions/_edit.html"
    return render(
        "competitions/edit.html",
        part,
        status,
        form=form,
        format=format,
        formats=_formats(place, competition, format),
        **frame(db.session(), place, competition),
    )


@pages.post("/<uuid:uid>/clone")
@inside("admin")
def clone(place: Place, uid: UUID) -> Response:
    """Another draft with the same terms. The button carries the id of what it makes, so that two clicks make one."""
    competition = competition_here(db.session(), place, uid)
    attempt = parse_uid("attempt", request.form["attempt"]) if request.form.get("attempt") else ""
    try:
        made = amending.clone_competition(db.session(), place.organization, competition, place.actor, attempt)
    except Conflict as error:
        toast(error.message, "info")
        return redirect_to(url_for("competitions.index", org_slug=place.organization.slug))
    toast(f"{made.title} has the same terms, without entrants and times.")
    return redirect_to(url_of(place, made, "competitions.show"))


def _form() -> CreateForm:
    """What was sent; a template that was chosen anew fills in its rules."""
    form = CreateForm()
    if not form.is_submitted():
        form.template.data = request.args.get("template", "")
    starter = STARTERS.get(form.template.data or "")
    if not form.attempt.data:
        form.attempt.data = new_uid()
    if starter and form.shaped.data != starter.name:
        rules = values_of({}, rules_of(starter.kind, {"format": starter.format, **starter.rules}))
        filled = {name: value for name, value in rules.items() if name not in (*ABOUT, *LATER)}
        if not form.max_participants.raw_data or form.max_participants.data == _places(form.shaped.data):
            filled["max_participants"] = starter.places
        form.fill(filled | {"shaped": starter.name})
        form.visibility.data = form.visibility.data or "public"
    return form


def _places(template: str | None) -> int | None:
    starter = STARTERS.get(template or "")
    return starter.places if starter else None


def _wrong_step(form: CreateForm, steps: tuple[str, ...]) -> str:
    """The first of the steps with something wrong, said beside its field; "" where all is well."""
    starter = STARTERS.get(form.template.data or "")
    if starter is None:
        return "template"
    names = (
        *(ABOUT if "terms" in steps else ()),
        *(("rules",) if "terms" in steps else ()),
        *(LATER if "times" in steps else ()),
    )
    check(form, starter.kind, form.terms(starter.format, names) | ({} if "terms" in steps else {"title": "––"}))
    for step in steps:
        if any(form[name].errors for name in _fields(starter, step)):
            return step
    later = {name for step in ORDER if step not in steps for name in _fields(starter, step)}
    for name in later:
        form[name].errors = []
    return steps[-1] if form.form_errors else ""


def _fields(starter: Starter, step: str) -> tuple[str, ...]:
    """The fields of a step."""
    if step == "terms":
        return (*ABOUT, *(name for part in RULE_FIELDS[starter.format] for name in part))
    return LATER if step == "times" else ()


def _step(place: Place, form: CreateForm, step: str, status: int = 200) -> Response:
    starter = STARTERS.get(form.template.data or "")
    drawn = _fields(starter, step) if starter else ()
    given: dict[str, Any] = {"form": form, "step": step, "steps": STEPS, "starter": starter, "starters": STARTERS.values()}
    given["carried"] = list(form.carried(drawn))
    if starter and step == "review":
        given["terms"] = form.terms(starter.format, (*ABOUT, *LATER, "rules"))
        given["rules"] = rules_in_words(starter.kind, given["terms"]["rules"])
    return render("competitions/new.html", None, status, **given)


def _make(place: Place, form: CreateForm) -> Competition:
    starter = STARTERS[form.template.data or ""]
    terms = form.terms(starter.format, (*ABOUT, *LATER, "rules"))
    uid = parse_uid("attempt", form.attempt.data)
    return service.create_competition(db.session(), place.organization, place.actor, starter.kind, terms, uid)


def _change(place: Place, competition: Competition, form: EditForm, format: str) -> list[str] | None:
    """Save what differs; the labels of what changed, or None where the form has to come back."""
    service.lock(db.session(), competition)
    terms = form.terms(format, (*ABOUT, *LATER, "rules"), competition.rules)
    if not check(form, competition.type, terms):
        return None
    if form.seen.data != _version(competition):
        form.form_errors.append(
            "Somebody else changed this draft meanwhile. Look at it again; saving now puts yours in place of theirs."
        )
        return None
    now = service.terms_of(competition)
    changes = {name: value for name, value in terms.items() if value != now[name]}
    if rules_of(competition.type, terms["rules"]) == rules_of(competition.type, competition.rules):
        changes.pop("rules", None)
    try:
        if changes:
            service.change_competition(db.session(), competition, place.actor, changes)
    except PortalError as error:
        form.refuse_in_words(error)
        return None
    return ["Rules" if name == "rules" else form[name].label.text.removesuffix(" (UTC)") for name in changes]


def _told(place: Place, competition: Competition, changed: list[str]) -> Response:
    here = url_of(place, competition, "competitions.show")
    if not changed:
        return finish(here, "Nothing was changed.", "info")
    return finish(here, f"{competition.title} is saved. Changed: {', '.join(changed)}.")


def _version(competition: Competition) -> str:
    return competition.updated_at.isoformat()


def _formats(place: Place, competition: Competition, format: str) -> list[dict[str, Any]]:
    """Links between the formats that a competition of this type can have; none where there is one only."""
    names = FORMATS_OF_TYPE[competition.type]
    if len(names) < 2:
        return []
    here = "competitions.create.edit"
    return [
        {"label": FORMAT_WORDS[name], "url": url_of(place, competition, here, format=name), "current": name == format}
        for name in names
    ]

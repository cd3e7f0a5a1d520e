"""Results by CSV: the template, what each line would do, and the import."""

from collections import Counter
from typing import Any
from uuid import UUID

from flask import Response

from portal.competitions import result_lines
from portal.competitions.brackets import load
from portal.competitions.frame import competition_here
from portal.competitions.importing import Imported, Seen, foreseen, import_results
from portal.competitions.match_forms import ImportForm
from portal.competitions.model import Competition
from portal.competitions.play import around, pages, url
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.web.render import as_csv, redirect_to, render, toast

SHOWN = 200  # lines of each kind on the page


@pages.route("/matches/import", methods=["GET", "POST"])
@inside("admin")
def matches_import(place: Place, uid: UUID) -> Response:
    """First what the list would do; the import itself takes what was shown, or, where that has changed, nothing."""
    competition = competition_here(db.session(), place, uid)
    form, seen = ImportForm(), list[Seen]()
    if form.validate_on_submit():
        try:
            form.text.data = form.list()
            lines = result_lines.read(form.text.data)
            if form.step.data == "import":
                return _done(competition, import_results(db.session(), competition, place.actor, lines))
            seen = foreseen(db.session(), competition, lines)
        except PortalError as error:
            form.refuse(error)
    context = {"form": form, "seen": seen, "counts": Counter(each.verdict for each in seen), "most": SHOWN}
    status = 422 if form.errors or any(each.verdict == "bad" for each in seen) else 200
    return render("play/import.html", None, status, **around(place, competition), **context)


@pages.get("/matches/template.csv")
@inside("member")
def matches_template(place: Place, uid: UUID) -> Response:
    """Every match with what is known of it; filled in, the import reads it."""
    competition = competition_here(db.session(), place, uid)
    held = load(db.session(), competition)
    return as_csv(f"results-{competition.uid[:8]}.csv", result_lines.COLUMNS, list(result_lines.template(held)))


def _done(competition: Competition, done: Imported) -> Response:
    said = [_counted(done.reported, "result is imported", "results are imported")]
    if done.timed:
        said.append(_counted(done.timed, "match has its time", "matches have their times"))
    if done.same:
        said.append(_counted(done.same, "line was reported already", "lines were reported already"))
    if done.completed:
        said.append("that was all: the competition is completed")
    toast("; ".join(said) + ".")
    return redirect_to(url(competition, "matches"))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


@pages.context_processor
def _columns() -> dict[str, Any]:
    return {"result_columns": result_lines.COLUMNS}

"""Making many links: the upload, the card that follows the work, and the CSV of links."""

from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from portal.config import Settings
from portal.kernel.clock import iso
from portal.kernel.crypto import Master
from portal.kernel.db import after_commit, db, unit_of_work
from portal.kernel.errors import PortalError
from portal.kernel.queue import ring
from portal.orgs.access import Place, inside
from portal.session_tokens import batches
from portal.session_tokens.addresses import address_of
from portal.session_tokens.forms import ManyForm
from portal.session_tokens.jobs import RUN_BATCH
from portal.session_tokens.lists import targets
from portal.session_tokens.model import SessionBatch, batch_by_uid, batches_of
from portal.session_tokens.rows import MOST_ROWS
from portal.web.render import as_csv, redirect_to, render

pages = Blueprint("batches", __name__, url_prefix="/many")

RECENT = 5


@pages.route("", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """Take a list of players and leave the work to a worker. A list with a bad line makes nothing."""
    session = db.session()
    form = ManyForm(target=request.args.get("target"))
    form.target.choices = targets(session, place.organization, only_active=True)
    if form.validate_on_submit():
        try:
            return redirect_to(_url_of(place, _start(place, form)))
        except PortalError as error:
            form.refuse(error)
    recent = session.scalars(batches_of(place.organization).order_by(SessionBatch.id.desc()).limit(RECENT)).all()
    status = 422 if form.is_submitted() else 200
    return render("session_tokens/many.html", None, status, form=form, recent=recent, most=MOST_ROWS, url_of=_url_of)


@pages.get("/<uid>")
@inside("member")
def show(place: Place, uid: str) -> Response:
    """The card of one batch; htmx asks for the card alone, every second, until the work is over."""
    batch = batch_by_uid(db.session(), place.organization, uid)
    card = _card(place, batch)
    return render("session_tokens/batch.html", "session_tokens/_job.html", batch=batch, card=card, here=_url_of(place, batch))


@pages.get("/<uid>/links.csv")
@inside("admin")
def links(place: Place, uid: str) -> Response:
    """The links as CSV. Raises Gone when they were erased."""
    batch = batch_by_uid(db.session(), place.organization, uid)
    rows = [(row[0], address_of(token), token, iso(batch.expires_at)) for token, row in batches.tokens_of(batch, _master())]
    with unit_of_work() as session:
        batches.note_fetched(session, batch, place.actor)
    return as_csv(f"links-{uid[:8]}.csv", ["external_ref", "link", "token", "expires_at"], rows)


def _start(place: Place, form: ManyForm) -> SessionBatch:
    session, settings = db.session(), _settings()
    rows = form.rows()
    batch = batches.start_batch(session, place.organization, place.actor, settings.master, rows, uid=form.uid(), **form.plan())
    number = batch.id
    after_commit(session, lambda: ring(settings.queue_url, RUN_BATCH, number))
    return batch


def _card(place: Place, batch: SessionBatch) -> dict[str, Any]:
    """What the job card macro draws."""
    erased = batch.seed is None
    url = url_for("session_tokens.batches.links", org_slug=place.organization.slug, uid=batch.uid)
    return {
        "state": batch.state,
        "title": f"{batch.total:,} session links",
        "done": batch.done,
        "total": batch.total,
        "failed": 0,
        "failures": [],
        "file_url": None if erased or not place.may("admin") else url,
        "file_label": "Download the links as CSV",
        "message": f"The work stopped after {batch.done:,} of {batch.total:,} links. Revoke those and send the list again.",
        "erased": erased,
    }


def _url_of(place: Place, batch: SessionBatch) -> str:
    return url_for("session_tokens.batches.show", org_slug=place.organization.slug, uid=batch.uid)


def _master() -> Master:
    return _settings().master


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings

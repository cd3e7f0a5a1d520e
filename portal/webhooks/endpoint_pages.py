"""An endpoint's page: facts, and its tabs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy.orm import Session

from portal.audit.activity import activity_table
from portal.audit.service import rows_of
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, inside
from portal.web.render import as_csv, render, unless_seen
from portal.webhooks.delivery_pages import OF_ONE, log_context, version_of
from portal.webhooks.doctor_pages import DoctorForm
from portal.webhooks.health import hours_of
from portal.webhooks.lists import Narrowed, backlog_of, deliveries_of, named_by, recoveries_of
from portal.webhooks.model import Endpoint, endpoint_by_uid
from portal.webhooks.service import shows_overlap
from portal.webhooks.shown import Tries, tries_of
from portal.webhooks.snippets import snippets_of

pages = Blueprint("endpoint", __name__, url_prefix="/<uid>")

TABS = (
    ("overview", "Overview"),
    ("deliveries", "Deliveries"),
    ("settings", "Settings"),
    ("snippets", "Snippets"),
    ("doctor", "Doctor"),
    ("activity", "Activity"),
)
CHART_HOURS = 7 * 24

ACTIVITY = activity_table("webhook-activity")


@pages.get("")
@inside("member")
def show(place: Place, uid: str) -> Response:
    """One endpoint: how it fares, what went out, how it is set, how to verify, why a signature fails, what was done to it."""
    session = db.session()
    endpoint = endpoint_by_uid(session, place.organization.id, uid)
    tab = request.args.get("tab", "overview")
    if tab not in dict(TABS):
        raise NotFound("There is no such tab.")
    waiting = backlog_of(session, endpoint.org_id).get(endpoint.id, 0)
    context = {"endpoint": endpoint, "tab": tab, "tabs": TABS, "waiting": waiting, "overlaps": shows_overlap(endpoint, utc_now())}
    return _TABS[tab](session, endpoint, context)


@pages.get("/tries.csv")
@inside("member")
def tries_file(place: Place, uid: str) -> Response:
    """The numbers of both charts."""
    endpoint = endpoint_by_uid(db.session(), place.organization.id, uid)
    tries = _tries(db.session(), endpoint)
    rows = zip(tries.starts, tries.delivered, tries.failed, tries.latency, strict=True)
    return as_csv(f"webhook-{uid[:8]}.csv", ["hour", "delivered", "failed", "mean_ms"], rows)


def _overview(session: Session, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    recent = deliveries_of(endpoint.org_id, Narrowed(endpoint))
    recoveries = recoveries_of(session, endpoint, 3)
    latest = OF_ONE.page(session, recent, {}).rows[:8]
    return render("webhooks/show.html", tries=_tries(session, endpoint), latest=latest, recoveries=recoveries, **context)


def _deliveries(session: Session, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    found = OF_ONE.page(session, deliveries_of(endpoint.org_id, Narrowed(endpoint)), request.args)
    if found.wants_csv:
        return found.csv()
    unchanged = unless_seen(version_of(found.rows))
    return unchanged or render("webhooks/show.html", "webhooks/_log.html", **log_context(found), **context)


def _settings(session: Session, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    return render("webhooks/show.html", narrowed=named_by(session, endpoint), **context)


def _snippets(_session: Session, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    prefix = current_app.config["SETTINGS"].webhook_prefix
    return render("webhooks/show.html", snippets=snippets_of(endpoint.url), prefix=prefix, **context)


def _doctor(_session: Session, _endpoint: Endpoint, context: dict[str, Any]) -> Response:
    return render("webhooks/show.html", form=DoctorForm(formdata=None), finding=None, **context)


def _activity(session: Session, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    activity = ACTIVITY.page(session, rows_of(endpoint.org_id, ("webhook", endpoint.uid)), request.args)
    return (
        activity.csv()
        if activity.wants_csv
        else render("webhooks/show.html", "webhooks/_activity.html", activity=activity, **context)
    )


_TABS: dict[str, Callable[[Session, Endpoint, dict[str, Any]], Response]] = {
    "overview": _overview,
    "deliveries": _deliveries,
    "settings": _settings,
    "snippets": _snippets,
    "doctor": _doctor,
    "activity": _activity,
}


def _tries(session: Session, endpoint: Endpoint) -> Tries:
    now = utc_now()
    return tries_of(hours_of(session, endpoint, now - timedelta(hours=CHART_HOURS)), now, CHART_HOURS)

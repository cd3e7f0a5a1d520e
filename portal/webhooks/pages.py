"""Webhooks in the back office: the list of endpoints, and the drawer that makes one. Their pages hang below."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from sqlalchemy import case, func

from portal.config import Settings
from portal.kernel.clock import utc_now
from portal.kernel.db import database_now, db
from portal.kernel.errors import Invalid, PortalError
from portal.kernel.ids import parse_uid
from portal.orgs.access import Place, inside
from portal.outbox.families import families, family_label
from portal.outbox.names import EVENTS
from portal.web.render import render
from portal.web.tables import Choice, Column, Search, Table
from portal.webhooks import (
    catalogue_pages,
    delivery_pages,
    doctor_pages,
    endpoint_acts,
    endpoint_pages,
    recovery_pages,
    trial_pages,
)
from portal.webhooks.forms import EndpointForm
from portal.webhooks.health import STATES, hours_of_all, state_in_sql, state_of
from portal.webhooks.lists import backlog_of, narrowing_choices
from portal.webhooks.model import Endpoint, endpoints_of
from portal.webhooks.service import create_endpoint, vet_url
from portal.webhooks.shown import HEALTH_CHOICES, HEALTH_ICONS, answer_of, badge_of, health_of, name_of, pretty, tries_of

pages = Blueprint("webhooks", __name__, url_prefix="/o/<org_slug>/webhooks")
for each in (catalogue_pages, delivery_pages, trial_pages, recovery_pages, doctor_pages, endpoint_acts, endpoint_pages):
    pages.register_blueprint(each.pages)

SPARK_HOURS = 24
_STATE = state_in_sql(database_now())


class _ByHealth(Mapping[str, Any]):
    """The health filter's SQL."""

    def __getitem__(self, state: str) -> Any:
        return state == _STATE

    def __iter__(self) -> Iterator[str]:
        return iter(STATES)

    def __len__(self) -> int:
        return len(STATES)


ENDPOINTS = Table(
    "webhooks",
    [
        Column("name", "Webhook", value=name_of, sort=func.lower(Endpoint.description), pinned=True),
        Column(
            "health",
            "Health",
            value=lambda endpoint: health_of(endpoint, utc_now()),
            sort=case(*((state == _STATE, number) for number, state in enumerate(STATES))),
            kind="badge",
        ),
        Column("failures", "Last 24 hours", sort=Endpoint.failures, csv=lambda row: f"{row.failures} failures in a row"),
        Column("types", "Events", kind="tags"),
        Column("last_try_at", "Last try", sort=Endpoint.last_try_at, kind="time"),
        Column("last_success_at", "Last success", sort=Endpoint.last_success_at, kind="time", shown=False),
        Column("last_error", "Last error", shown=False),
        Column("url", "Address", sort=Endpoint.url, shown=False),
        Column("sequence", "Last number", sort=Endpoint.sequence, kind="number", shown=False),
        Column("created_by", "Created by", sort=Endpoint.created_by, shown=False),
        Column("created_at", "Created", sort=Endpoint.created_at, kind="time", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Endpoint.description, Endpoint.url, Endpoint.uid], label="Description, address or id"),
        Choice("health", "Health", HEALTH_CHOICES, criteria_of=_ByHealth()),
    ],
    order="-created_at",
    noun=("webhook", "webhooks"),
)


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {
        "name_of": name_of,
        "state_name": lambda endpoint: state_of(endpoint, utc_now()),
        "health_of": lambda endpoint: health_of(endpoint, utc_now()),
        "health_icons": HEALTH_ICONS,
        "badge_of": badge_of,
        "answer_of": answer_of,
        "pretty_size": pretty,
        "event_words": EVENTS,
        "event_families": families,
        "family_label": family_label,
    }


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    session, org, now = db.session(), place.organization, utc_now()
    endpoints = ENDPOINTS.page(session, endpoints_of(org.id), request.args)
    if endpoints.wants_csv:
        return endpoints.csv()
    hours = hours_of_all(session, org.id, now - timedelta(hours=SPARK_HOURS))
    tries = {row.id: tries_of([hour for hour in hours if hour.endpoint_id == row.id], now, SPARK_HOURS) for row in endpoints.rows}
    return render(
        "webhooks/list.html", "webhooks/_list.html", endpoints=endpoints, tries=tries, waiting=backlog_of(session, org.id)
    )


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """The form, then the secret, once."""
    session, org = db.session(), place.organization
    form = EndpointForm()
    form.offer(*narrowing_choices(session, org.id))
    if form.is_submitted() and endpoint_acts.vetted(form):
        try:
            uid = parse_uid("attempt", form.attempt.data) if form.attempt.data else ""
            made = create_endpoint(session, org, place.actor, _settings(), form.terms(), uid)
            return endpoint_acts.shown_once(made, f"{name_of(made.endpoint)} is ready")
        except PortalError as error:
            form.refuse(error)
    here = url_for("webhooks.new", org_slug=org.slug)
    return endpoint_acts.answer("webhooks/_new.html", "webhooks/_new_form.html", form, here=here)


@pages.get("/address")
@inside("admin")
def address(place: Place) -> Response:
    """What is wrong with the address that somebody types, at once."""
    url = request.args.get("url", "").strip()[:4000]
    try:
        if url:
            vet_url(_settings(), url)
        said = ""
    except Invalid as error:
        said = error.message
    return render("webhooks/address.html", "webhooks/_address.html", url=url, said=said)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings

"""The audit log of an organization: every change, who made it, and what was before."""

from flask import Blueprint, Response, request
from sqlalchemy import String, cast

from portal.audit.changes import action_words, changes_of
from portal.audit.model import AuditRow
from portal.audit.service import rows_of
from portal.kernel.db import db
from portal.orgs.access import Place, inside
from portal.web.render import render
from portal.web.tables import Choice, Column, Dates, Search, Table

pages = Blueprint("audit", __name__)

ACTORS = (("user", "People"), ("key", "Keys"), ("wallet", "Wallets"), ("player", "Players"), ("system", "Tiltyard itself"))
# What an action is about: the first words of its name.
AREAS = (
    ("key", "Keys"),
    ("session", "Session links"),
    ("catalog", "Games, streams, providers"),
    ("member", "Members"),
    ("competition", "Competitions and seasons"),
    ("team", "Teams and rosters"),
    ("organization", "Settings"),
)
STARTS = {
    "key": ("key",),
    "session": ("session", "batch"),
    "catalog": ("game", "stream", "provider"),
    "member": ("member",),
    "competition": ("competition", "registration", "match", "decision", "standings", "season"),
    "team": ("team",),
    "organization": ("organization", "allowlist"),
}


def _about(area: str) -> object:
    starts = [AuditRow.action.startswith(f"{start}.", autoescape=True) for start in STARTS[area]]
    criterion = starts[0]
    for other in starts[1:]:
        criterion = criterion | other
    return criterion


AUDIT = Table(
    "audit",
    [
        Column("at", "When", sort=AuditRow.id, kind="time", pinned=True),
        Column("actor", "Who", value=lambda row: row.actor_label, sort=AuditRow.actor_label),
        Column(
            "action", "What", value=lambda row: action_words(row.action), sort=AuditRow.action, csv=lambda row: row.action
        ),
        Column("subject", "On", value=lambda row: row.subject_label or row.subject_id, sort=AuditRow.subject_label),
        Column("changes", "Before and after", value=changes_of, csv=lambda row: "; ".join(map(str, changes_of(row)))),
        Column("address", "Address", sort=AuditRow.address),
        Column("subject_id", "Id", kind="id", shown=False),
        Column("request_id", "Request", kind="id", shown=False),
    ],
    filters=[
        Search(
            [
                AuditRow.action, AuditRow.subject_label, AuditRow.subject_id, AuditRow.actor_label, AuditRow.address,
                AuditRow.request_id, cast(AuditRow.before, String), cast(AuditRow.after, String),
            ],
            label="Anything in a row",
        ),
        Choice("by", "By", ACTORS, column=AuditRow.actor_kind),
        Search([AuditRow.actor_label, AuditRow.actor_id], label="Name of who", key="actor"),
        Choice("about", "About", AREAS, criteria_of={area: _about(area) for area, _ in AREAS}),
        Search([AuditRow.subject_label, AuditRow.subject_id], label="Name or id of what", key="subject"),
        Dates("at", "Day", AuditRow.at),
    ],
    order="-at",
    noun=("change", "changes"),
)  # fmt: skip


@pages.get("/o/<org_slug>/audit")
@inside("admin")
def index(place: Place) -> Response:
    changes = AUDIT.page(db.session(), rows_of(place.organization.id), request.args)
    return changes.csv() if changes.wants_csv else render("audit/log.html", "audit/_log.html", changes=changes)

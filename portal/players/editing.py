"""Changing what a team is called."""

from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.errors import NotFound
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.players.model import Team
from portal.players.service import checked_contact, checked_name, checked_tag
from portal.web.texts import web_address

TOLD = ("name", "tag", "logo_url")


def update_team(
    session: Session,
    org: Organization,
    team: Team,
    actor: Actor,
    *,
    name: str,
    tag: str | None,
    logo_url: str | None,
    contact: str | None,
) -> bool:
    """Give the team this name, tag, logo and address for messages; None takes one away. Was anything different?

    Nothing is written where nothing changed. Raises Invalid naming the field, NotFound for a team that was deleted meanwhile.
    """
    session.refresh(team, with_for_update=True)
    if team.deleted_at is not None:
        raise NotFound("Team not found.")
    before = _snapshot(team)
    team.name = checked_name(name)
    team.tag = None if tag is None else checked_tag(tag)
    team.logo_url = None if logo_url is None else web_address("logo_url", logo_url)
    team.contact = None if contact is None else checked_contact(contact)
    after = _snapshot(team)
    changed = [field for field in after if before[field] != after[field]]
    if not changed:
        return False
    session.flush()
    if "name" in changed:
        for tell in current_app.extensions.get("on_team_renamed", ()):
            tell(session, team)
    record(session, org.id, actor, "team.updated", ("team", team.uid, team.name), _noted(before), _noted(after))
    if told := [field for field in changed if field in TOLD]:
        now = {field: after[field] for field in TOLD}
        emit(session, org.id, "team.updated", team.uid, {"team_id": team.uid} | now | {"changed": told})
    return True


def _snapshot(team: Team) -> dict[str, Any]:
    return {field: getattr(team, field) for field in (*TOLD, "contact")}


def _noted(values: dict[str, Any]) -> dict[str, Any]:
    """Somebody's address is in no log: that there is one has to do, and an address that changed reads differently."""
    contact = values["contact"]
    return values | {"contact": None if contact is None else f"…@{contact.rpartition('@')[2]}"}

"""What an organization says of itself to the world: name, description, website, logo and colours."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Invalid
from portal.orgs.model import Organization, snapshot
from portal.outbox.emit import emit
from portal.web.texts import one_line, paragraphs, web_address

NAME = (2, 100)
LONGEST_DESCRIPTION = 2_000
COLOURS = ("primary_color", "accent_color")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)


def change_profile(
    session: Session, org: Organization, actor: Actor, changes: Mapping[str, Any], clock: Clock = utc_now
) -> Organization:
    """Set what `changes` names, by the names of FIELDS; None clears everything but the name. Raises Invalid."""
    values = checked_profile(changes)
    before = snapshot(org)
    for name, value in values.items():
        setattr(org, name, value)
    if snapshot(org) == before:
        return org
    org.updated_at = clock()
    session.flush()
    subject = ("organization", org.uid, org.name)
    record(session, org.id, actor, "organization.changed", subject, before, snapshot(org))
    emit(session, org.id, "organization.updated", org.uid, {"organization_id": org.uid, "changed": sorted(values)})
    return org


def checked_profile(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes in their canonical form; raises Invalid naming field, rule and fix."""
    if "name" in changes and changes["name"] is None:
        raise Invalid("name", "name cannot be empty. Send 2 to 100 characters.")
    return {name: None if value is None else FIELDS[name](name, value) for name, value in changes.items()}


def _theme(field: str, theme: Mapping[str, Any]) -> dict[str, Any]:
    for name in COLOURS:
        if theme.get(name) is not None and not _COLOUR.fullmatch(theme[name]):
            raise Invalid(f"{field}.{name}", f"{field}.{name} must be a colour such as #ff6600: # and six hex digits.")
    return dict(theme)


FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "name": lambda field, text: one_line(field, text, *NAME),
    "description": lambda field, text: paragraphs(field, text, LONGEST_DESCRIPTION),
    "website": web_address,
    "logo_url": web_address,
    "theme": _theme,
}

"""What players are told by e-mail, where they left an address and there is a server for it."""

from collections.abc import Sequence
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.branding.sites import site_of
from portal.competitions.entries import Participant
from portal.competitions.model import Competition, Entry
from portal.kernel.errors import Invalid
from portal.mail.service import can_send, send
from portal.orgs.model import Organization
from portal.players import captain_links
from portal.players.model import Team
from portal.registration.model import Application


def tell_entered(
    session: Session, org: Organization, competition: Competition, team: Team, token: str, entry: Entry | None
) -> bool:
    """The private link for whoever has just registered, or asked to. False where nothing is sent."""
    kind = "registration_received" if entry is None else "registration_waiting" if entry.status == "waiting" else ""
    return _tell(session, org, competition, team, kind or "registration_approved", token, entry)


def tell_answer(session: Session, org: Organization, competition: Competition, asked: Application) -> bool:
    """The organizer's answer to a request. It carries one more private link, since the first is kept nowhere."""
    if not can_send() or not asked.team.contact:
        return False
    if asked.status == "declined":
        return _tell(session, org, competition, asked.team, "registration_declined", "", None, asked.answer)
    entry = session.scalar(select(Entry).where(Entry.uid == asked.entry_uid))
    kind = "registration_waiting" if entry is not None and entry.status == "waiting" else "registration_approved"
    token = captain_links.issue(session, asked.team)
    return _tell(session, org, competition, asked.team, kind, token, entry, asked.answer)


def tell_promoted(session: Session, competition: Competition, promoted: Sequence[tuple[Entry, Participant]]) -> None:
    """A place came free for these: what the competitions room tells whoever wants to hear of it."""
    reachable = [(entry, who.team) for entry, who in promoted if who.team is not None and who.team.contact]
    if not reachable or not can_send():
        return
    org = session.get_one(Organization, competition.org_id)
    for entry, team in reachable:
        _tell(session, org, competition, team, "promoted", captain_links.issue(session, team), entry)


def tell_not_checked_in(session: Session, competition: Competition) -> int:
    """Remind those who have a place, left an address and are not checked in; how many there were."""
    query = select(Entry, Team).join(Team, Team.id == Entry.team_id).where(Entry.competition_id == competition.id)
    absent = query.where(Entry.status == "registered", Entry.checked_in_at.is_(None), Team.contact.is_not(None))
    org, count = session.get_one(Organization, competition.org_id), 0
    for entry, team in session.execute(absent.order_by(Entry.id)).all():
        count += _tell(session, org, competition, team, "check_in_reminder", captain_links.issue(session, team), entry)
    return count


def _path(endpoint: str, **values: str) -> str:
    """As `url_for` builds it, outside a request too: the clock gives places as well."""
    return str(current_app.url_map.bind("localhost").build(endpoint, values))


def _tell(
    session: Session,
    org: Organization,
    competition: Competition,
    team: Team,
    kind: str,
    token: str,
    entry: Entry | None,
    answer: str | None = None,
) -> bool:
    if not team.contact or not can_send():
        return False
    shown = {"competition": competition.title, "name": team.name, "answer": answer or ""}
    if token:
        path = _path("player_pages.show", token=token)
    else:
        path = _path("competition_pages.show", slug=org.slug, uid=competition.uid)
    context: dict[str, Any] = shown | {"url": site_of(session, org) + path}
    if competition.starts_at is not None:
        context["starts"] = competition.starts_at.strftime("%d %b %Y, %H:%M UTC")
        if kind == "check_in_reminder":
            context["check_in_closes"] = context["starts"]
    if kind == "registration_waiting" and entry is not None:
        context["position"] = str(position_of(session, entry))
    try:
        return send(session, org, kind, team.contact, context) is not None
    except Invalid:  # an organizer may have written any text as a team's contact
        return False


def position_of(session: Session, entry: Entry) -> int:
    """The place on the waiting list, counted from 1."""
    ahead = select(func.count()).where(Entry.competition_id == entry.competition_id, Entry.status == "waiting")
    return (session.scalar(ahead.where(Entry.id <= entry.id)) or 0) or 1

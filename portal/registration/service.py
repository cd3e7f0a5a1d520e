"""Registering without an account: what the page asks for, and what a player or team does with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions import entries
from portal.competitions.entries import By, Participant
from portal.competitions.model import Competition, Entry
from portal.competitions.participants import TAKING_PART
from portal.competitions.service import lock, subject_of
from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable
from portal.mail.service import plain_address
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.players import captain_links
from portal.players.editing import update_team
from portal.players.model import CaptainLink, Team
from portal.players.service import create_team, put_player
from portal.registration import invitations
from portal.registration.applications import apply, withdraw
from portal.registration.door import check_page
from portal.registration.model import ACCESS, ENTRANTS, REMINDERS, Application, RegistrationPage, page_of
from portal.registration.tokens import token_of, uid_of
from portal.web.texts import paragraphs

LONGEST_WELCOME = 4_000
MOST_AT_ONCE = 50  # competitions in which one name is looked for
# How long a form that was sent twice shows the same answer, with the link in it.
REPEATABLE = timedelta(minutes=30)
KINDS = {"player": ("players", "both"), "team": ("teams", "both")}
SETTINGS = ("access", "entrants", "approval", "self_check_in", "asks_contact", "welcome", "remind_hours")
UNTOLD = ("welcome", "remind_hours")  # of no use to programs


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wrote on the page. `wallets`: the first becomes the captain, the others stand on the roster."""

    kind: str
    name: str
    tag: str | None = None
    wallets: tuple[str, ...] = ()
    contact: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is in now, or asks to be: either `entry` or `application` is set. `token` opens the private page. `repeated`: this
    very form was answered before."""

    team: Team
    token: str = field(repr=False)
    entry: Entry | None = None
    application: Application | None = None
    repeated: bool = False


def change_page(session: Session, competition: Competition, actor: Actor, settings: Mapping[str, Any]) -> RegistrationPage:
    """Set the page up; `settings` has the names of SETTINGS. Raises Invalid naming the field, Conflict after the start."""
    lock(session, competition)
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"This competition is {competition.status}: nobody can register any more.")
    for name, allowed in (("access", ACCESS), ("entrants", ENTRANTS)):
        if settings.get(name, allowed[0]) not in allowed:
            raise Invalid(name, f"Choose one of {', '.join(allowed)}.")
    if settings.get("remind_hours") not in (None, *REMINDERS):
        raise Invalid("remind_hours", f"Choose one of {', '.join(map(str, REMINDERS))} hours, or none.")
    page = page_of(session, competition)
    before = {name: getattr(page, name) for name in SETTINGS}
    for name in settings.keys() & set(SETTINGS):
        setattr(page, name, settings[name])
    page.welcome = paragraphs("welcome", page.welcome, LONGEST_WELCOME) if page.welcome else None
    after = {name: getattr(page, name) for name in SETTINGS}
    if before == after:
        return page
    session.add(page)
    session.flush()
    record(session, competition.org_id, actor, "registration_page.changed", subject_of(competition), before, after)
    told = {"competition_id": competition.uid} | {name: after[name] for name in SETTINGS if name not in UNTOLD}
    emit(session, competition.org_id, "registration_page.changed", competition.uid, told)
    return page


def enter(
    session: Session,
    competition: Competition,
    org: Organization,
    wish: Wish,
    visitor: Actor,
    *,
    master: str,
    attempt: str,
    invitation: str | None = None,
    clock: Clock = utc_now,
) -> Entered:
    """Register somebody new, or take their request. The same form sent again gives the same answer for half an hour.

    `visitor` tells address and request; the one who acts is the team itself. An invitation stands for the approval.
    Raises Invalid and Unprocessable naming the field; Gone for an invitation that opens nothing; Forbidden where one is
    needed; Conflict where nobody can register now, all places are taken, or the form was sent long before.
    """
    lock(session, competition)
    purpose = f"register:{competition.uid}"
    token = token_of(master, purpose, attempt)
    repeated = _entered_before(session, competition, token, clock)
    if repeated is not None:
        return repeated
    page = page_of(session, competition)
    check_page(page, invited=invitation is not None)
    used = None if invitation is None else invitations.use(session, competition, invitation, clock)
    _check_wish(session, competition, page, wish)
    uid = uid_of(master, purpose, attempt)
    actor = Actor("player", uid, wish.name.strip(), visitor.address, visitor.request_id)
    solo, contact = wish.kind == "player", plain_address(wish.contact, "contact") if wish.contact else None
    team = create_team(session, org, actor, wish.name, wish.tag or None, None, solo=solo, contact=contact, uid=uid)
    for number, wallet in enumerate(wish.wallets):
        put_player(session, org, team, wallet, "player" if number else "captain", actor)
    captain_links.issue(session, team, token)
    entered = _admit(session, competition, team, actor, token, wish.message, page.approval and used is None, clock)
    if used is not None:
        invitations.note_user(session, competition, used, team.id, actor)
    return entered


def join(
    session: Session, competition: Competition, team: Team, visitor: Actor, token: str = "", clock: Clock = utc_now
) -> Entered:
    """Register a team that is known already by its private link, or ask for a place. Doing it twice changes nothing.

    Raises Forbidden, Conflict and Unprocessable as `enter` does.
    """
    lock(session, competition)
    found = entry_of(session, competition, team)
    if found is not None:
        return Entered(team, "", found)
    page = page_of(session, competition)
    check_page(page, invited=False)
    if page.entrants not in KINDS["player" if team.solo else "team"]:
        raise Conflict(f"This competition is for {page.entrants}.")
    _check_name(session, competition, team.name)
    return _admit(session, competition, team, acting_for(team, visitor), "", None, page.approval, clock)


def check_in(session: Session, competition: Competition, team: Team, visitor: Actor, clock: Clock = utc_now) -> Entry:
    """Note that the team is there. Raises Forbidden where the organizer does that, else as `entries.check_in` does."""
    if not page_of(session, competition).self_check_in:
        raise Forbidden("Check-in is with the organizer, not on this page.")
    actor = acting_for(team, visitor)
    return entries.check_in(session, competition, By(actor), Participant(team.uid, team.name, team=team), clock)


def leave(session: Session, competition: Competition, team: Team, visitor: Actor, clock: Clock = utc_now) -> None:
    """End the team's registration, or take its request back. Raises NotFound where there is neither, Conflict after the
    start."""
    actor = acting_for(team, visitor)
    if withdraw(session, competition, team, actor, clock):
        return
    entry = entry_of(session, competition, team)
    if entry is None:
        raise NotFound("You are not registered in this competition.")
    entries.leave(session, competition, By(actor), entry.uid, clock)


def may_rename(session: Session, team: Team) -> bool:
    """Until the name stands in a competition that has started."""
    started = select(Entry.id).join(Competition, Competition.id == Entry.competition_id)
    mine = (Entry.team_id == team.id, Entry.status.in_(TAKING_PART), Competition.started_at.is_not(None))
    return session.scalar(started.where(*mine).limit(1)) is None


def rename(session: Session, org: Organization, team: Team, visitor: Actor, name: str, tag: str | None) -> bool:
    """Another name or tag; was anything different? Raises Conflict once the name stands in a competition that has started,
    Unprocessable where somebody else has it in a competition of the team, Invalid."""
    if not may_rename(session, team):
        raise Conflict("Your name stands in a competition that has started. Ask the organizer to change it.")
    entered = select(Competition).join(Entry, Entry.competition_id == Competition.id)
    mine = entered.where(Entry.team_id == team.id, Entry.entrant_key.is_not(None)).order_by(Competition.id)
    for competition in session.scalars(mine.limit(MOST_AT_ONCE)).all():
        lock(session, competition)
        _check_name(session, competition, name, but=team)
    actor = acting_for(team, visitor)
    return update_team(session, org, team, actor, name=name, tag=tag, logo_url=team.logo_url, contact=team.contact)


def renew_link(session: Session, team: Team, visitor: Actor, old: str, *, master: str, attempt: str) -> str:
    """A new private link in place of all others. The same form sent again gives the same one."""
    token = token_of(master, f"renew:{old}", attempt)
    session.refresh(team, with_for_update=True)
    if session.scalar(select(CaptainLink.id).where(CaptainLink.digest == digest(token))) is None:
        captain_links.renew(session, team, acting_for(team, visitor), token)
    return token


def acting_for(team: Team, visitor: Actor) -> Actor:
    """The team itself, from where the visitor is."""
    return Actor("player", team.uid, team.name, visitor.address, visitor.request_id)


def entry_of(session: Session, competition: Competition, team: Team) -> Entry | None:
    """The team's registration that did not end."""
    return session.scalar(select(Entry).where(Entry.competition_id == competition.id, Entry.entrant_key == team.uid))


def _admit(
    session: Session,
    competition: Competition,
    team: Team,
    actor: Actor,
    token: str,
    message: str | None,
    approval: bool,
    clock: Clock,
) -> Entered:
    if approval:
        return Entered(team, token, application=apply(session, competition, team, actor, message, clock))
    who = Participant(team.uid, team.name, team=team)
    return Entered(team, token, entries.register(session, competition, By(actor), who, clock=clock))


def _entered_before(session: Session, competition: Competition, token: str, clock: Clock) -> Entered | None:
    """What the same form brought, if it was sent before. Raises Conflict where that was long ago, or the link is another."""
    query = select(Team, CaptainLink).join(CaptainLink, CaptainLink.team_id == Team.id).where(CaptainLink.digest == digest(token))
    row = session.execute(query).first()
    if row is None:
        return None
    team, link = row
    if link.revoked_at is not None or team.created_at < clock() - REPEATABLE:
        raise Conflict(f"This form was sent before: {team.name} is registered. Use the private link that you were given.")
    asked = session.scalar(
        select(Application).where(Application.competition_id == competition.id, Application.team_id == team.id)
    )
    return Entered(team, token, entry_of(session, competition, team), asked, repeated=True)


def _check_wish(session: Session, competition: Competition, page: RegistrationPage, wish: Wish) -> None:
    if page.entrants not in KINDS.get(wish.kind, ()):
        raise Invalid("kind", f"This competition is for {page.entrants.replace('both', 'players and for teams: choose one')}.")
    if page.asks_contact and not wish.contact:
        raise Invalid("contact", "Write an e-mail address: the organizer asks for one.")
    _check_name(session, competition, wish.name)


def _check_name(session: Session, competition: Competition, name: str, but: Team | None = None) -> None:
    """Two of one name could not be told apart in the bracket. Those who wait for an answer count too."""
    same = and_(func.lower(Team.name) == func.lower(name.strip()), Team.id != (but.id if but else 0))
    entered = select(Team.id).join(Entry, Entry.team_id == Team.id)
    asking = select(Team.id).join(Application, Application.open_team_id == Team.id)
    held = (
        entered.where(Entry.competition_id == competition.id, Entry.entrant_key.is_not(None), same),
        asking.where(Application.competition_id == competition.id, same),
    )
    if any(session.scalar(query.limit(1)) is not None for query in held):
        raise Unprocessable("name", f"Somebody is registered as {name.strip()} already. Add something that tells you apart.")

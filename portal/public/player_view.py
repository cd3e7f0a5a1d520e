"""What the private page of a team shows: where it takes part, against whom it plays, and where it could take part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.competitions.brackets import MATCHES
from portal.competitions.model import Competition, Entry
from portal.competitions.shown import MATCH_ROWS, Named, Shown, shown
from portal.players.model import Team
from portal.registration.model import Application, RegistrationPage
from portal.registration.service import KINDS

MOST, MOST_MATCHES, MOST_OTHERS = 60, 400, 12
ENDED = {"withdrawn": "Withdrawn", "dropped": "Not checked in at the start", "disqualified": "Disqualified"}
ASKED = {"pending": ("Waits for the organizer", "warn"), "declined": ("Declined", "bad"), "withdrawn": ("Taken back", "")}


@dataclass(frozen=True, slots=True)
class Part:
    """The team in one competition: an `entry`, or else a request. `position` is that on the waiting list."""

    competition: Competition
    entry: Entry | None
    application: Application | None
    self_check_in: bool
    position: int
    matches: list[Shown] = field(default_factory=list)

    @property
    def state(self) -> tuple[str, str]:
        """In a word or two, and its tone: good, warn, bad or none."""
        if self.entry is None:
            return ASKED.get(self.application.status if self.application else "", ("Registered", "good"))
        if self.entry.status in ENDED:
            return ENDED[self.entry.status], "bad" if self.entry.status == "disqualified" else ""
        if self.competition.status == "canceled":
            return "Canceled by the organizer", "bad"
        if self.entry.status == "waiting":
            return f"Waiting list, number {self.position}", "warn"
        if self.competition.status == "completed":
            return f"Place {self.entry.place}" if self.entry.place else "Over", "good"
        if self.competition.status == "active":
            return "Playing", "good"
        return ("Checked in", "good") if self.entry.checked_in_at else ("Registered", "good")

    @property
    def in_registration(self) -> bool:
        return self.competition.status == "registration"

    @property
    def may_check_in(self) -> bool:
        """The button is there."""
        entry = self.entry
        holds = entry is not None and entry.status == "registered" and entry.checked_in_at is None
        return holds and self.self_check_in and self.in_registration

    @property
    def may_leave(self) -> bool:
        if self.entry is not None:
            return self.entry.entrant_key is not None and self.in_registration
        return self.application is not None and self.application.status == "pending"

    @property
    def has_door_code(self) -> bool:
        return self.entry is not None and self.entry.status == "registered" and self.in_registration

    @property
    def next(self) -> Shown | None:
        """The match to be played now, else the earliest to come."""
        return next((match for match in self.matches if not match.over), None)

    @property
    def played(self) -> list[Shown]:
        """The latest first."""
        return [match for match in reversed(self.matches) if match.over]

    def opponent(self, played: Shown) -> Named | None:
        mine = self.entry.uid if self.entry else ""
        return played.b if played.a is not None and played.a.uid == mine else played.a

    def result(self, played: Shown) -> tuple[str, str]:
        """How it ended for this team, in a word and as a score."""
        match, mine = played.match, "a" if played.a is not None and self.entry and played.a.uid == self.entry.uid else "b"
        word = {mine: "Won", "draw": "Drawn"}.get(match.winner or "", "Lost" if match.winner in ("a", "b") else "Not played")
        if match.score_a is None or match.score_b is None:
            return word, ""
        scores = (match.score_a, match.score_b) if mine == "a" else (match.score_b, match.score_a)
        return word, f"{scores[0]}:{scores[1]}"


def parts_of(session: Session, team: Team) -> list[Part]:
    """Every competition of the team, the latest first. Three statements."""
    found: dict[int, tuple[datetime, Part]] = {}
    for entry, competition, own, position in _entries(session, team):
        found.setdefault(competition.id, (entry.registered_at, Part(competition, entry, None, own is not False, position)))
    for asked, competition in _requests(session, team):
        kept = found.get(competition.id)
        live = kept is not None and kept[1].entry is not None and kept[1].entry.entrant_key is not None
        if kept is None or (not live and asked.status != "approved" and asked.created_at > kept[0]):
            found[competition.id] = (asked.created_at, Part(competition, None, asked, False, 0))
    parts = [part for _, part in sorted(found.values(), key=lambda pair: pair[0], reverse=True)]
    return _with_matches(session, parts)


def others_of(session: Session, team: Team, now: datetime) -> Sequence[Competition]:
    """Public competitions of the same organization that the team could register for now. One statement."""
    fitting = [name for name in ("players", "teams", "both") if name in KINDS["player" if team.solo else "team"]]
    entered = select(Entry.id).where(Entry.competition_id == Competition.id, Entry.entrant_key == team.uid)
    asked = select(Application.id).where(Application.competition_id == Competition.id, Application.open_team_id == team.id)
    closes = Competition.registration_closes
    query = (
        select(Competition)
        .join(RegistrationPage, RegistrationPage.competition_id == Competition.id)
        .where(Competition.org_id == team.org_id, Competition.visibility == "public", Competition.status == "registration")
        .where(RegistrationPage.access == "open", RegistrationPage.entrants.in_(fitting), or_(closes.is_(None), closes > now))
        .where(~entered.exists(), ~asked.exists())
        .order_by(Competition.starts_at.is_(None), Competition.starts_at, Competition.id)
        .limit(MOST_OTHERS)
    )
    return session.scalars(query).all()


def _entries(session: Session, team: Team) -> Sequence[Any]:
    ahead = aliased(Entry)
    position = (
        select(func.count())
        .where(ahead.competition_id == Entry.competition_id, ahead.status == "waiting", ahead.id <= Entry.id)
        .correlate(Entry)
        .scalar_subquery()
    )
    query = (
        select(Entry, Competition, RegistrationPage.self_check_in, position)
        .join(Competition, Competition.id == Entry.competition_id)
        .outerjoin(RegistrationPage, RegistrationPage.competition_id == Competition.id)
        .where(Entry.team_id == team.id)
        .order_by(Entry.entrant_key.is_(None), Entry.id.desc())
    )
    return session.execute(query.limit(MOST)).all()


def _requests(session: Session, team: Team) -> Sequence[Any]:
    query = select(Application, Competition).join(Competition, Competition.id == Application.competition_id)
    return session.execute(query.where(Application.team_id == team.id).order_by(Application.id.desc()).limit(MOST)).all()


def _with_matches(session: Session, parts: list[Part]) -> list[Part]:
    mine = {part.entry.id: part for part in parts if part.entry is not None}
    if not mine:
        return parts
    here = or_(MATCHES.c.a_id.in_(mine), MATCHES.c.b_id.in_(mine))
    order = (MATCHES.c.competition_id.desc(), MATCHES.c.completed_at.is_(None), MATCHES.c.completed_at, MATCHES.c.number)
    no_bye = or_(MATCHES.c.outcome.is_(None), MATCHES.c.outcome != "bye")
    for row in session.execute(MATCH_ROWS.where(here, no_bye).order_by(*order).limit(MOST_MATCHES)):
        for side in (row.a_id, row.b_id):
            if side in mine:
                mine[side].matches.append(shown(row))
    return parts

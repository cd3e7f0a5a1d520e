"""What the overview of one competition shows beside its figures: matches next and last, its course so far, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.competitions.brackets import MATCHES
from portal.competitions.match_table import OUTCOMES, OVER, READY, Rounds, query_of, rounds_of
from portal.competitions.model import Competition, Entry
from portal.competitions.shown import Shown, shown
from portal.formats.plan import Outcome
from portal.players.model import Team

FEW = 5


@dataclass(frozen=True)
class Matches:
    """The next ones that can be played, by their time, and the latest results; `rounds` names their rounds."""

    upcoming: Sequence[Shown] = ()
    latest: Sequence[Shown] = ()
    rounds: Rounds | None = None

    def place(self, match: Shown) -> str:
        """Where in the competition a match stands: `Group B, round 3`, `Semifinals`."""
        played = match.match
        name = self.rounds.label(played.stage, played.round) if self.rounds else ""
        return f"Group {played.group}, {name.lower()}" if played.group else name


def matches_of(session: Session, competition: Competition) -> Matches:
    """Three statements; none before the start."""
    if competition.started_at is None:
        return Matches()
    playable = query_of(competition).where(READY).order_by(MATCHES.c.scheduled_at.asc().nulls_last(), MATCHES.c.number)
    over = query_of(competition).where(OVER).order_by(MATCHES.c.completed_at.desc(), MATCHES.c.number.desc())
    upcoming, latest = ([shown(row) for row in session.execute(query.limit(FEW))] for query in (playable, over))
    return Matches(upcoming, latest, rounds_of(session, competition))


def podium_of(session: Session, competition: Competition) -> list[tuple[int, str, str | None]]:
    """(place, name, prize) of the first three places of a completed competition; one statement."""
    if competition.status != "completed":
        return []
    query = select(Entry.place, Team.name, Entry.wallet, Entry.prize_wei).outerjoin(Team, Team.id == Entry.team_id)
    first = query.where(Entry.competition_id == competition.id, Entry.place <= 3).order_by(Entry.place, Entry.id).limit(8)
    return [(place or 0, team or wallet or "", prize) for place, team, wallet, prize in session.execute(first)]


def result_of(match: Shown) -> str:
    """`2 – 1`, with the outcome in words where it was not simply played."""
    played = match.match
    score = "" if played.score_a is None or played.score_b is None else f"{played.score_a} – {played.score_b}"
    word = OUTCOMES[played.outcome] if played.outcome not in (None, Outcome.PLAYED) else ""
    return f"{score}, {word.lower()}" if score and word else score or word


@dataclass(frozen=True)
class Step:
    """A moment in the course of a competition. `done`: it has come; `at` is None where no hour is set."""

    label: str
    at: datetime | None
    done: bool
    note: str = ""


def course_of(competition: Competition) -> list[Step]:
    """From the draft to the end, what came and what is planned."""
    opened, started = competition.opened_at, competition.started_at
    steps = [Step("Created", competition.created_at, True, competition.created_by)]
    if competition.status == "canceled":
        steps += [Step(label, at, True) for label, at in (("Registration opened", opened), ("Started", started)) if at]
        return [*steps, Step("Canceled", competition.canceled_at, True)]
    steps.append(
        Step("Registration opened", opened, True) if opened else Step("Registration opens", competition.registration_opens, False)
    )
    if not started:
        failed = "Could not start at its hour" if competition.start_failed_at else ""
        steps += [
            Step("Registration closes", competition.registration_closes, False),
            Step("Starts", competition.starts_at, False, failed),
        ]
    else:
        steps.append(Step("Started", started, True))
    ended = competition.completed_at
    return [*steps, Step("Completed", ended, True) if ended else Step("Ends", competition.ends_at, False)]


@dataclass(frozen=True)
class Advice:
    """What a draft may still want. `done`: it is there."""

    label: str
    sentence: str
    done: bool


def missing_in(competition: Competition) -> list[Advice]:
    """What people usually settle before they open registration; nothing of it is compulsory."""
    return [
        Advice("Say what it is about", "The description stands on its public page.", bool(competition.description)),
        Advice(
            "Set a start", "Without one you start it by hand, and its page shows no countdown.", competition.starts_at is not None
        ),
        Advice(
            "Say when registration closes", "Without it, it closes at the start.", competition.registration_closes is not None
        ),
        Advice(
            "Limit the places",
            "Without a limit it takes as many as the format can hold.",
            competition.max_participants is not None,
        ),
        Advice("Give it a category", "Feeds, lists and figures are narrowed by it.", bool(competition.category)),
    ]

"""Reporting a result: one match, and all that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.brackets import Held, load_for
from portal.competitions.consequences import Consequences, Reporting, carry_out, foresee
from portal.competitions.model import Competition
from portal.competitions.service import lock
from portal.formats import FORMATS
from portal.formats.plan import Match, Outcome, Result, Side, Winner
from portal.formats.rules import ELIMINATION, Rules
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid

MOST_NOTES = 2_000


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody sent about a match. Scores are None where none were sent."""

    winner: Winner | None
    score_a: int | float | None = None
    score_b: int | float | None = None
    outcome: Outcome = Outcome.PLAYED
    notes: str | None = None
    sides: tuple[str, str] | None = None  # the registrations that it is about, where the sender says so; "" for nobody

    def of(self, number: int) -> Result:
        """As the rules take it; 2.0 is the whole number 2."""
        return Result(number, self.winner, whole(self.score_a), whole(self.score_b), self.outcome)


@dataclass(frozen=True, slots=True)
class Step:
    """Where the winner goes on."""

    match_uid: str
    round: int
    position: int
    side: Side


@dataclass(frozen=True, slots=True)
class Recorded:
    """A result that was written, and what came of it."""

    uid: str
    match: Match
    completed_at: datetime
    step: Step | None
    completed: bool  # it was the last one


def record_result(
    session: Session, competition: Competition, actor: Actor, uid: str, report: Report, clock: Clock = utc_now
) -> Recorded:
    """Write the result of the match with that public id, let the winner go on, and end the competition with its last match.

    Raises NotFound, Conflict when it has a result already or the competition is not active, Unprocessable when it waits
    for a side or the result is not possible, Invalid where a score is missing.
    """
    lock(session, competition)
    held = load_for(session, competition, uid)
    match = held.match(uid)
    _check_open(competition, match)
    check_sides(held, match, report)
    check_complete(held, report)
    now = clock()
    changes = FORMATS[competition.format].advance(held.plan, report.of(match.number))
    reporting = Reporting(actor, now, {match.number: "result"}, {match.number: report.notes})
    seen = foresee(session, competition, held, changes, reporting)
    carry_out(session, competition, seen, reporting)
    after = seen.after.matches[match.number]
    told = {"result": words(after), "competition": competition.uid}
    record(session, competition.org_id, actor, "match.reported", subject_of(competition, uid, match), None, told)
    return Recorded(uid, after, now, _step(seen, after), seen.status == "completed")


def check_sides(held: Held, match: Match, report: Report) -> None:
    """The match is still between those whom the sender saw. Raises Conflict with who it is now."""
    people = [held.people.get(match.on(side) or 0) for side in ("a", "b")]
    if report.sides is None or report.sides == tuple(person.uid if person else "" for person in people):
        return
    now = " against ".join(person.name if person else "nobody yet" for person in people)
    raise Conflict(f"The sides of match {match.number} have changed meanwhile: it is {now} now. Look again before you report.")


def check_complete(held: Held, report: Report) -> None:
    """A match that was played has two scores; only a task that is passed or failed may go without. Raises Invalid."""
    rules = held.plan.rules
    if report.outcome is not Outcome.PLAYED or (rules.format == "challenge" and rules.challenge == "pass_fail"):
        return
    sent: Mapping[str, Any] = {"score_a": report.score_a, "score_b": report.score_b, "winner": report.winner}
    for name, value in sent.items():
        if value is None:
            raise Invalid(name, f"{name} is missing. Send it, or an outcome other than played.")


def winner_by(rules: Rules, a: int | None, b: int | None, outcome: Outcome) -> Winner | None:
    """Who won by the scores; None where they do not tell: in a bracket somebody has to say who goes on."""
    if a is None or b is None or outcome in (Outcome.DOUBLE_NO_SHOW, Outcome.NOT_PLAYED):
        return None
    if a == b:
        return "draw" if has_draws(rules) and outcome is Outcome.PLAYED else None
    return "a" if a > b else "b"


def has_draws(rules: Rules) -> bool:
    """Can a match end level?"""
    return rules.format not in ELIMINATION and rules.best_of == 1


def whole(score: int | float | None) -> Any:
    """JSON does not tell 2 from 2.0; everything else is left for the rules to refuse."""
    return int(score) if isinstance(score, float) and score.is_integer() else score


def words(match: Match) -> str:
    """The result of a match in words: "2-0, winner a", "walkover, winner b", "not played"."""
    parts = [f"{match.score_a}-{match.score_b}"] if match.score_a is not None else []
    if match.outcome is not None and match.outcome is not Outcome.PLAYED:
        parts.append(match.outcome.value.replace("_", " "))
    if match.winner is not None:
        parts.append("draw" if match.winner == "draw" else f"winner {match.winner}")
    return ", ".join(parts)


def subject_of(competition: Competition, uid: str, match: Match) -> tuple[str, object, str]:
    """The match as the audit log names it."""
    return ("match", uid, f"{competition.title}, match {match.number}")


def _check_open(competition: Competition, match: Match) -> None:
    """The state that somebody else may just have made comes first: it is what a second reporter wants to know."""
    if match.over:
        raise Conflict(
            f"Match {match.number} was already reported: {words(match)}. To replace that result, send PUT to this address."
        )
    if competition.status != "active":
        raise Conflict(f"Results are reported while a competition is active; this one is {competition.status}.")


def _step(seen: Consequences, match: Match) -> Step | None:
    """Where the winner's link leads, if the winner went there now."""
    if match.winner_to is None or match.winner not in ("a", "b"):
        return None
    to, winner = match.winner_to, match.on(match.winner)
    if all((each.number, each.side, each.entrant) != (to.number, to.side, winner) for each in seen.changes.advanced):
        return None
    coming = seen.after.matches[to.number]
    return Step(seen.uids[to.number], coming.round, coming.position, to.side)

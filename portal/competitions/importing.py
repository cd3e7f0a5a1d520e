"""Many results at once: each line is foreseen with the rules themselves, and all are written in one unit of work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions import result_lines
from portal.competitions.brackets import Held, load
from portal.competitions.consequences import Reporting, carry_out, foresee
from portal.competitions.model import Competition
from portal.competitions.result_lines import Finder, Line
from portal.competitions.results import MOST_NOTES, Report, check_complete, subject_of, winner_by, words
from portal.competitions.scheduling import schedule_many
from portal.competitions.service import lock
from portal.formats import FORMATS
from portal.formats.plan import Advance, Changes, Match, Plan, Winner
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid, PortalError


@dataclass(frozen=True, slots=True)
class Seen:
    """What a line comes to: `verdict` is report, time, same, blank or bad; `says` tells it in words."""

    line: int
    verdict: str
    says: str
    number: int | None = None
    report: Report | None = None
    at: datetime | None = None
    timed: bool = False  # `at` is another time than the match has


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines did what."""

    reported: int
    timed: int
    same: int
    completed: bool


def foreseen(session: Session, competition: Competition, lines: Sequence[Line]) -> list[Seen]:
    """What each line would do, were they written in this order. Raises Conflict when the competition is not active."""
    if competition.status != "active":
        raise Conflict(f"Results are reported while a competition is active; this one is {competition.status}.")
    draft = _Draft(load(session, competition))
    return [draft.line(line) for line in lines]


def import_results(
    session: Session, competition: Competition, actor: Actor, lines: Sequence[Line], clock: Clock = utc_now
) -> Imported:
    """Write the results and times of all lines, or nothing. Raises Conflict, and Invalid naming the first bad line."""
    lock(session, competition)
    seen = foreseen(session, competition, lines)
    if bad := next((each for each in seen if each.verdict == "bad"), None):
        raise Invalid("text", f"Line {bad.line}: {bad.says}")
    times = {each.number: each.at for each in seen if each.timed and each.number is not None}
    timed = schedule_many(session, competition, actor, times) if times else 0
    reports = {each.number: each.report for each in seen if each.report is not None and each.number is not None}
    _report_all(session, competition, actor, reports, clock())
    same = sum(each.verdict == "same" for each in seen)
    return Imported(len(reports), timed, same, competition.status == "completed")


def _report_all(session: Session, competition: Competition, actor: Actor, reports: dict[int, Report], now: datetime) -> None:
    """All of one go where every match is there already; a round that is drawn meanwhile is written before it is played."""
    held = load(session, competition)
    draft, batch = _Draft(held), dict[int, Report]()
    for number, report in reports.items():
        if number not in held.slots:
            _write(session, competition, held, draft, Reporting(actor, now, *_reported(batch)))
            held = load(session, competition)
            draft, batch = _Draft(held), {}
        draft.advance(number, report)
        batch[number] = report
    if batch:
        _write(session, competition, held, draft, Reporting(actor, now, *_reported(batch)))


def _reported(batch: dict[int, Report]) -> tuple[dict[int, str], dict[int, str | None]]:
    return dict.fromkeys(batch, "result"), {number: report.notes for number, report in batch.items()}


def _write(session: Session, competition: Competition, held: Held, draft: "_Draft", reporting: Reporting) -> None:
    seen = foresee(session, competition, held, draft.changes(), reporting)
    carry_out(session, competition, seen, reporting)
    for number in reporting.kinds:
        match = seen.after.matches[number]
        told = {"result": words(match), "competition": competition.uid}
        record(session, competition.org_id, reporting.actor, "match.reported", _subject(competition, held, match), None, told)


def _subject(competition: Competition, held: Held, match: Match) -> tuple[str, object, str]:
    return subject_of(competition, held.slots[match.number].uid, match)


@dataclass
class _Draft:
    """The matches as they will be, and what has changed on the way there."""

    held: Held
    plan: Plan = field(init=False)
    touched: set[int] = field(default_factory=set)
    advanced: list[Advance] = field(default_factory=list)

    def __post_init__(self) -> None:
        plan = self.held.plan
        self.plan = Plan(plan.entrants, plan.rules, dict(plan.matches))
        self.finder = Finder(self.held)

    def changes(self) -> Changes:
        matches = tuple(self.plan.matches[number] for number in sorted(self.touched))
        return Changes(matches, advanced=tuple(self.advanced))

    def advance(self, number: int, report: Report) -> None:
        """Report one match of the draft. Raises as the rules do."""
        changes = FORMATS[self.plan.rules.format].advance(self.plan, report.of(number))
        self.plan.apply(changes)
        self.touched |= {match.number for match in changes.matches}
        self.advanced += changes.advanced
        self.finder.learn(changes.matches)

    def line(self, line: Line) -> Seen:
        """What the line does, which the draft takes over."""
        try:
            return self._line(line)
        except PortalError as error:
            return Seen(line.number, "bad", error.message)

    def _line(self, line: Line) -> Seen:
        number = self.finder.number(line)
        match = self.plan.matches.get(number)
        if match is None:
            raise Invalid("match", f"There is no match {number} in this competition.")
        self._check_sides(line, match)
        if line.blank:
            return Seen(line.number, "blank", "Nothing is filled in.", number)
        at = result_lines.moment(line)
        slot = self.held.slots.get(number)
        timed = at is not None and not match.over and (slot is None or slot.scheduled_at != at)
        if not any(line[name] for name in ("score_a", "score_b", "winner", "outcome")):
            said = ("time", f"Match {number} gets its time.") if timed else ("blank", "Nothing new is filled in.")
            return Seen(line.number, *said, number, None, at, timed)
        report = report_of(line, self.plan)
        if match.over:
            return self._over(line, match, report)
        check_complete(self.held, report)
        self.advance(number, report)
        return Seen(line.number, "report", words(self.plan.matches[number]), number, report, at, timed and slot is not None)

    def _check_sides(self, line: Line, match: Match) -> None:
        """A number and names that do not belong together are a slip that nobody should have to find later."""
        for name, entrant in (("side_a", match.a), ("side_b", match.b)):
            person = self.held.people.get(entrant or 0)
            if line[name] and person is not None and line[name].casefold() != person.name.casefold():
                raise Invalid(name, f"{name} of match {match.number} is {person.name}, not {line[name][:60]}.")

    def _over(self, line: Line, match: Match, report: Report) -> Seen:
        result = report.of(match.number)
        stands = (match.winner, match.score_a, match.score_b, match.outcome)
        if (result.winner, result.score_a, result.score_b, result.outcome) == stands:
            return Seen(line.number, "same", f"Match {match.number} has this result already.", match.number)
        said = f"Match {match.number} was already reported: {words(match)}. Correct it on its own page."
        raise Conflict(said)


def report_of(line: Line, plan: Plan) -> Report:
    """The result on the line; the winner follows from the scores where none is written. Raises Invalid."""
    a, b, outcome = result_lines.whole(line, "score_a"), result_lines.whole(line, "score_b"), result_lines.outcome(line)
    notes = line["notes"] or None
    if notes and len(notes) > MOST_NOTES:
        raise Invalid("notes", f"notes has {len(notes):,} characters. Use at most {MOST_NOTES:,}.")
    winner: Winner | None = winner_by(plan.rules, a, b, outcome)
    if text := line["winner"].lower():
        if text not in ("a", "b", "draw"):
            raise Invalid("winner", f"winner is “{text[:20]}”. Write a, b or draw.")
        winner = {"a": "a", "b": "b"}.get(text, "draw")  # type: ignore[assignment]
    return Report(winner, a, b, outcome, notes)


def bad_ones(seen: Iterable[Seen]) -> list[Seen]:
    """The lines that keep the others from being written."""
    return [each for each in seen if each.verdict == "bad"]

"""What the matches of a competition add up to, for each entrant: wins, points, scores, and whom it met in which round."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from portal.formats.plan import NOBODY, Entrant, Match, Outcome, Side
from portal.formats.rules import ELIMINATION, Points, Rules

Credit = Literal["win", "draw", "loss"]
OTHER_SIDE: dict[Side, Side] = {"a": "b", "b": "a"}


@dataclass(frozen=True, slots=True)
class Meeting:
    """One match seen by one entrant. `opponent` is NOBODY in a bye; `points` are what it got."""

    round: int
    opponent: int
    outcome: Outcome
    points: int
    score_for: int
    score_against: int


@dataclass(slots=True)
class Record:
    """The sums of one entrant. `rounds` are those it was drawn in, whether played yet or not."""

    entrant: int
    wins: int = 0
    draws: int = 0
    losses: int = 0
    points: int = 0
    score_for: int = 0
    score_against: int = 0
    meetings: list[Meeting] = field(default_factory=list)
    rounds: set[int] = field(default_factory=set)

    @property
    def played(self) -> int:
        """Always wins, draws and losses together: a walkover counts, and so does a bye in a Swiss."""
        return self.wins + self.draws + self.losses

    @property
    def score_difference(self) -> int:
        return self.score_for - self.score_against

    def add(self, match: Match, side: Side, credit: Credit | None, points: Points) -> None:
        """Count one match that is over. Without a credit it is only remembered: it counts for nobody."""
        other = OTHER_SIDE[side]
        own, against = (match.score_a or 0, match.score_b or 0) if side == "a" else (match.score_b or 0, match.score_a or 0)
        gained = 0
        if credit is not None:
            gained = getattr(points, credit)
            self.wins += credit == "win"
            self.draws += credit == "draw"
            self.losses += credit == "loss"
            self.points += gained
            self.score_for += own
            self.score_against += against
        outcome = match.outcome or Outcome.NOT_PLAYED
        self.meetings.append(Meeting(match.round, match.on(other) or NOBODY, outcome, gained, own, against))


@dataclass(frozen=True, slots=True)
class Table:
    """The records of all entrants by id. `rounds` is the number of the last round in which a match is over."""

    records: dict[int, Record]
    rules: Rules
    rounds: int


def credit_of(match: Match, side: Side, rules: Rules) -> Credit | None:
    """How a match that is over counts for the entrant on `side`; None when it does not count.

    Two who did not turn up both lose. Alone in a match (a bye, or the opponent's place stays empty) is a win, but nothing
    at all in elimination, where it is no more than a way through.
    """
    if match.outcome in (None, Outcome.NOT_PLAYED):
        return None
    if match.outcome is Outcome.DOUBLE_NO_SHOW:
        return "loss"
    if not match.on(OTHER_SIDE[side]) and match.outcome is not Outcome.PLAYED:
        return None if rules.format in ELIMINATION else "win"
    if match.winner == "draw":
        return "draw"
    return "win" if match.winner == side else "loss"


def tally(matches: Iterable[Match], entrants: Iterable[Entrant], rules: Rules) -> Table:
    """Add the matches up. The order in which they come makes no difference."""
    records = {entrant.id: Record(entrant.id) for entrant in entrants}
    rounds = 0
    sides: tuple[Side, Side] = ("a", "b")
    for match in sorted(matches, key=lambda match: match.number):
        for side in sides:
            entrant = match.on(side)
            if not entrant:
                continue
            records[entrant].rounds.add(match.round)
            if match.over:
                records[entrant].add(match, side, credit_of(match, side, rules), rules.points)
        if match.over:
            rounds = max(rounds, match.round)
    return Table(records, rules, rounds)

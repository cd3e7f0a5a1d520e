"""What every format speaks in: entrants, matches and how they are linked. Frozen values, no database, no clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from portal.formats.rules import Rules

Side = Literal["a", "b"]
Winner = Literal["a", "b", "draw"]
# On a side of a match: None is "not yet decided", NOBODY is "no one will come" (a bye, or two who did not turn up).
NOBODY: Final = 0


class Outcome(StrEnum):
    """How a match ended. A match without one is not yet played."""

    PLAYED = "played"
    BYE = "bye"  # one side was empty from the draw on
    WALKOVER = "walkover"  # the opponent was taken out before the match: withdrawn, disqualified, or never found
    NO_SHOW = "no_show"  # one side did not turn up
    DOUBLE_NO_SHOW = "double_no_show"  # neither side turned up: nobody goes on
    NOT_PLAYED = "not_played"  # called off for good; counts for nobody


@dataclass(frozen=True, slots=True)
class Entrant:
    """`id` is positive and unique in the plan; `seed` starts at 1; `group` is "A", "B", … or "" for none. `withdrawn`: taken
    out while the competition runs; opponents get walkovers."""

    id: int
    seed: int
    group: str = ""
    rating: int = 1500
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Where somebody goes on: side `side` of match `number`."""

    number: int
    side: Side


@dataclass(frozen=True, slots=True)
class Match:
    """One match. `number` is unique in its plan and counts from 1 in the order of play.

    `stage` is winners, losers, grand_final, third_place or rounds. `a` is at home. `winner_to` and `loser_to` tell where
    its sides go on. `winner` is None in a double no-show and in a match not played. `why` explains the pairing in words.
    """

    number: int
    stage: str
    round: int
    position: int
    a: int | None
    b: int | None
    group: str = ""
    winner_to: Link | None = None
    loser_to: Link | None = None
    score_a: int | None = None
    score_b: int | None = None
    winner: Winner | None = None
    outcome: Outcome | None = None
    why: str = ""

    @property
    def over(self) -> bool:
        return self.outcome is not None

    @property
    def ready(self) -> bool:
        """Both sides are known and nobody has reported."""
        return not self.over and bool(self.a) and bool(self.b)

    def on(self, side: Side) -> int | None:
        return self.a if side == "a" else self.b


@dataclass(frozen=True, slots=True)
class Result:
    """What was reported of match `number`. Scores are None unless it was played."""

    number: int
    winner: Winner | None
    score_a: int | None = None
    score_b: int | None = None
    outcome: Outcome = Outcome.PLAYED


@dataclass(frozen=True, slots=True)
class Advance:
    """`entrant` went on to side `side` of match `number`."""

    entrant: int
    number: int
    side: Side


@dataclass(frozen=True, slots=True)
class Changes:
    """What a result changes: matches as they will be (a new number is a new match), matches that fall away, who went on,
    and the numbers of those whose earlier result no longer counts (`cleared`, corrections only)."""

    matches: tuple[Match, ...] = ()
    removed: tuple[int, ...] = ()
    advanced: tuple[Advance, ...] = ()
    cleared: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A competition being played. A result of a bracket needs only the match and those it can reach in `matches`; the
    other formats need all of them."""

    entrants: tuple[Entrant, ...]
    rules: Rules
    matches: dict[int, Match] = field(default_factory=dict)

    def apply(self, changes: Changes) -> None:
        """Take the changes over, in place: the rules themselves never change a plan."""
        for number in changes.removed:
            self.matches.pop(number, None)
        for match in changes.matches:
            self.matches[match.number] = match

    @property
    def over(self) -> bool:
        """Nothing is left to play."""
        return all(match.over for match in self.matches.values())

    def in_order(self) -> Iterator[Match]:
        """The matches by number."""
        return iter(sorted(self.matches.values(), key=lambda match: match.number))


def plan_of(entrants: Iterable[Entrant], rules: Rules, matches: Iterable[Match]) -> Plan:
    """A plan from its parts."""
    return Plan(tuple(entrants), rules, {match.number: match for match in matches})

"""How results travel through a bracket: along its links, forwards when reported, once more when corrected.

A match says on its own who leaves it (`onward`), so a correction is the same walk with other people: what follows from the
old result is taken back, what follows from the new one is put there. A plan may hold only a part of the bracket: the match
and all that can be reached from it by links.
"""

from collections.abc import Set
from dataclasses import replace

from portal.formats.checks import as_reported, match_to_correct, match_to_report
from portal.formats.labels import label
from portal.formats.plan import NOBODY, Advance, Changes, Link, Match, Outcome, Plan, Result, Side
from portal.kernel.errors import Conflict

OTHER: dict[str, Side] = {"a": "b", "b": "a"}
SIDES: tuple[Side, Side] = ("a", "b")


def advance(plan: Plan, result: Result) -> Changes:
    """Report an open match: who wins goes on, who loses drops where the bracket has a place for them.

    WALKOVER means that the loser is out of the competition; after NO_SHOW they drop like any other loser. Raises
    Unprocessable (no such match, not ready, a result that cannot be) or Conflict (over already).
    """
    draft = _Draft(plan)
    draft.put(as_reported(match_to_report(plan, result), result))
    return draft.changes()


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """Replace the result of a match that is over, and all that followed from it.

    Open matches that depend on it get their right sides. A later match that was decided between two of whom one would now not
    be in it is a Conflict, unless `cascade`: then its result is cleared, and so on. An entrant who is `withdrawn` is no
    reason for either: their opponents keep the walkover, and they are taken out again of any open match that the correction
    brings them into. Raises Unprocessable as `advance` does, and Conflict for a match without a result.
    """
    draft = _Draft(plan, {entrant.id for entrant in plan.entrants if entrant.withdrawn})
    draft.put(as_reported(match_to_correct(plan, result), result))
    if draft.cleared and not cascade:
        raise Conflict(_played_since(plan, draft.cleared))
    return draft.changes()


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: the match they have before them becomes a walkover, also where the opponent is not known yet.

    Nothing changes for one who has no match left. The caller marks the entrant as withdrawn.
    """
    draft = _Draft(plan, {entrant})
    for number, match in plan.matches.items():
        if not match.over and entrant in (match.a, match.b):
            draft.put(draft.settled(draft.find(number)))
    return draft.changes()


def onward(match: Match) -> tuple[int | None, int | None]:
    """Who leaves a match by its winner's and its loser's link: an id, NOBODY, or None while that is open."""
    if not match.over:
        return None, None
    if match.winner not in OTHER:
        return NOBODY, NOBODY
    winner, loser = match.on(match.winner), match.on(OTHER[match.winner])  # type: ignore[arg-type]
    if match.stage == "grand_final" and match.winner_to:  # a second final only for a first defeat of the winners' side
        again = match.winner == "b" and match.outcome is not Outcome.WALKOVER
        return (winner, loser) if again else (NOBODY, NOBODY)
    return winner, NOBODY if match.outcome is Outcome.WALKOVER else loser


class _Draft:
    """The matches as they will be, laid over a plan that stays as it is."""

    def __init__(self, plan: Plan, withdrawn: Set[int] = frozenset()) -> None:
        self.plan = plan
        self.withdrawn = withdrawn
        self.changed: dict[int, Match] = {}
        self.cleared: list[int] = []

    def find(self, number: int) -> Match:
        return self.changed.get(number) or self.plan.matches[number]

    def put(self, match: Match) -> None:
        """Write a match, and carry on with whoever leaves it now and did not before."""
        before = onward(self.find(match.number))
        self.changed[match.number] = match
        for link, was, now in zip((match.winner_to, match.loser_to), before, onward(match), strict=True):
            if link and was != now:
                self.put(self.seated(link, now))

    def seated(self, link: Link, who: int | None) -> Match:
        """The match at the end of a link with `who` on that side: as open or as decided as it is then."""
        match = self.find(link.number)
        seated = _with(match, link.side, who)
        if not match.over:
            return self.settled(seated)
        absent = _absent(match)
        waiting = match.on(link.side) is None or absent in self.withdrawn
        if absent and waiting and match.winner == link.side:  # whoever comes has won
            return replace(seated, winner=None, outcome=Outcome.NOT_PLAYED) if who == NOBODY else seated
        if self.is_result(match):
            self.cleared.append(match.number)
        return self.settled(replace(seated, score_a=None, score_b=None, winner=None, outcome=None))

    def settled(self, match: Match) -> Match:
        """An open match that needs no playing, decided: one side stays empty, or has withdrawn."""
        for side in SIDES:
            if match.on(side) in self.withdrawn and match.on(OTHER[side]) != NOBODY:
                return replace(match, winner=OTHER[side], outcome=Outcome.WALKOVER)
        if match.a is None or match.b is None or (match.a and match.b):
            return match
        alone = match.a or match.b
        if not alone or alone in self.withdrawn:
            return replace(match, outcome=Outcome.NOT_PLAYED)
        return replace(match, winner="a" if match.a else "b", outcome=Outcome.WALKOVER)

    def is_result(self, match: Match) -> bool:
        """Does a match over hold what its sides alone do not tell: what two made of it, or that one left only after it?"""
        if match.a and match.b:
            return _absent(match) not in self.withdrawn
        return match.outcome is Outcome.WALKOVER and bool(self.withdrawn & {match.a, match.b}) and not _absent(match)

    def changes(self) -> Changes:
        """What differs from the plan, by number."""
        before = self.plan.matches
        matches = tuple(match for number, match in sorted(self.changed.items()) if match != before[number])
        advanced = tuple(
            Advance(entrant, match.number, side)
            for match in matches
            for side in SIDES
            if (entrant := match.on(side)) and entrant != before[match.number].on(side)
        )
        return Changes(matches, advanced=advanced, cleared=tuple(sorted(self.cleared)))


def _with(match: Match, side: Side, who: int | None) -> Match:
    return replace(match, a=who) if side == "a" else replace(match, b=who)


def _absent(match: Match) -> int | None:
    """Who was taken out of a match that ended as a walkover; NOBODY where nobody came at all."""
    if match.outcome is not Outcome.WALKOVER:
        return None
    return match.b if match.winner == "a" else match.a


def _played_since(plan: Plan, numbers: list[int]) -> str:
    """Why a correction is refused, naming the matches in its way."""
    rounds: dict[str, int] = {}
    for match in plan.matches.values():
        rounds[match.stage] = max(rounds.get(match.stage, 0), match.round)
    later = [plan.matches[number] for number in sorted(numbers)]
    names = [f"match {m.number} ({label(plan.rules.format, m.stage, m.round, rounds[m.stage])})" for m in later]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    was, them = ("was", "it") if len(names) == 1 else ("were", "them")
    return f"{listed[0].upper()}{listed[1:]} {was} decided after this result. Send cascade to clear {them} and play again."

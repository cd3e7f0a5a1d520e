"""How results travel through a bracket: along its links, forwards when reported, once more when corrected.

A match says on its own who leaves it (`onward`), so a correction is the same walk with other people: what follows from the
old result is taken back, what follows from the new one is put there. A plan may hold only a part of the bracket: the match
and all that can be reached from it by links.
"""

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

    Open matches and walkovers that depend on it get their right sides. A later match that was played with somebody who would
    now not be in it is a Conflict, unless `cascade`: then its result is cleared, and so on. Whoever is `withdrawn` and comes
    back into an open match is taken out of it again. Raises Unprocessable as `advance` does, and Conflict for a match without
    a result.
    """
    draft = _Draft(plan)
    draft.put(as_reported(match_to_correct(plan, result), result))
    if draft.cleared and not cascade:
        raise Conflict(_played_since(plan, draft.cleared))
    draft.take_out_again({entrant.id for entrant in plan.entrants if entrant.withdrawn})
    return draft.changes()


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: the match they have before them becomes a walkover, also where the opponent is not known yet.

    Nothing changes for one who has no match left. The caller marks the entrant as withdrawn.
    """
    draft = _Draft(plan)
    for match in plan.matches.values():
        if not match.over and entrant in (match.a, match.b):
            draft.take_out(match.number, entrant)
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

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
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
            return _settled(seated)
        absent = match.on(OTHER[link.side]) if match.outcome is Outcome.WALKOVER and match.winner == link.side else None
        if absent:  # taken out before the opponent was known: whoever comes has won
            return replace(seated, winner=None, outcome=Outcome.NOT_PLAYED) if who == NOBODY else seated
        if _contested(match):
            self.cleared.append(match.number)
        return _settled(replace(seated, score_a=None, score_b=None, winner=None, outcome=None))

    def take_out(self, number: int, entrant: int) -> None:
        """Give an open match to whoever is, or will be, on the other side."""
        match = self.find(number)
        self.put(replace(match, winner="b" if match.a == entrant else "a", outcome=Outcome.WALKOVER))

    def take_out_again(self, withdrawn: set[int]) -> None:
        """Take those out who came into an open match by a correction; each walkover may bring the next one there."""
        while withdrawn:
            found = [(match, withdrawn & {match.a, match.b}) for match in self.changed.values() if not match.over]
            if not (hits := [(match.number, here) for match, here in found if here]):
                return
            number, here = min(hits)
            self.take_out(number, min(here))

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


def _settled(match: Match) -> Match:
    """An open match whose side stays empty needs no playing: a walkover, or nothing where both do."""
    if match.a is None or match.b is None or (match.a and match.b):
        return match
    if match.a == match.b:
        return replace(match, outcome=Outcome.NOT_PLAYED)
    return replace(match, winner="a" if match.a else "b", outcome=Outcome.WALKOVER)


def _contested(match: Match) -> bool:
    """Somebody reported how two entrants settled it between them. A walkover was settled by an absence."""
    return bool(match.a and match.b) and match.outcome is not Outcome.WALKOVER


def _played_since(plan: Plan, numbers: list[int]) -> str:
    """Why a correction is refused, naming the matches in its way."""
    rounds: dict[str, int] = {}
    for match in plan.matches.values():
        rounds[match.stage] = max(rounds.get(match.stage, 0), match.round)
    later = [plan.matches[number] for number in sorted(numbers)]
    names = [f"match {m.number} ({label(plan.rules.format, m.stage, m.round, rounds[m.stage])})" for m in later]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    was, them = ("was", "it") if len(names) == 1 else ("were", "them")
    return f"{listed[0].upper()}{listed[1:]} {was} played after this result. Send cascade to clear {them} and play again."

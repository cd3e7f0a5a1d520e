"""A competition's terms as people say them: formats, rules, visibility, amounts."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.competitions.rules import FORMATS, rules_of
from portal.formats.rules import DEFAULT_TIEBREAKS, Rules

FORMAT_WORDS = {
    "single_elimination": "Single elimination",
    "double_elimination": "Double elimination",
    "round_robin": "Round robin",
    "swiss": "Swiss",
    "ladder": "Ladder",
    "challenge": "Challenge",
    "leaderboard": "Circuit",
}
assert set(FORMAT_WORDS) == set(FORMATS)
WHY_FORMAT = {
    "single_elimination": "One defeat and you are out: few matches, a clear end, and a final that everybody waits for.",
    "double_elimination": "Two defeats and you are out: a bad start can be made good, for about twice as many matches.",
    "round_robin": "Everybody meets everybody: the fairest table, for many matches.",
    "swiss": "Each round pairs those who stand level, and nobody is out: a fair table in few rounds, for many entrants.",
    "ladder": "An open-ended order: whoever beats somebody above moves up. It ends when you end it.",
    "challenge": "A task that each entrant passes or fails, or matches between entrants, without rounds.",
    "leaderboard": "Points from the competitions of a season. It has no matches of its own.",
}
VISIBILITY_WORDS = {"public": "Public", "unlisted": "Unlisted", "private": "Private"}
VISIBILITY_SENTENCES = {
    "public": "Everybody finds and sees it.",
    "unlisted": "Everybody with its address sees it; no list shows it.",
    "private": "Only members of the organization and its keys see it.",
}
TIEBREAK_WORDS = {
    "points": "points",
    "head_to_head": "results between those who are level",
    "score_difference": "score difference",
    "score_for": "score made",
    "wins": "wins",
    "buchholz": "strength of opponents (Buchholz)",
    "buchholz_cut_1": "strength of opponents without the weakest (Buchholz cut 1)",
    "median_buchholz": "strength of opponents without the weakest and the strongest (median Buchholz)",
    "sonneborn_berger": "points of those who were beaten (Sonneborn-Berger)",
    "decision": "the organizer's decision",
    "lots": "lots",
}
DECIMALS = 18  # of Ether and its kind


def rules_in_words(kind: str, sent: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """(rule, what it comes to) of every rule that the format has, defaults too."""
    rules = rules_of(kind, sent)
    return [("Format", FORMAT_WORDS[rules.format]), *((label, say(rules)) for label, say in _LINES[rules.format])]


def amount_in_words(wei: str | None) -> str:
    """`1500000000000000000` → `1.5 (1,500,000,000,000,000,000 wei)`; "" for none."""
    if not wei or not (wei.isascii() and wei.isdigit()):
        return ""
    whole, rest = divmod(int(wei), 10**DECIMALS)
    part = f"{rest:0{DECIMALS}d}".rstrip("0")
    return f"{whole:,}{'.' + part if part else ''} ({int(wei):,} wei)"


def _best_of(rules: Rules) -> str:
    return "A single game" if rules.best_of == 1 else f"Best of {rules.best_of}"


def _yes(on: bool) -> str:
    return "Yes" if on else "No"


def _counted(number: int, one: str, many: str, none: str = "") -> str:
    return none if not number and none else f"{number:,} {one if number == 1 else many}"


def _points(rules: Rules) -> str:
    points = rules.points
    return f"{points.win} for a win, {points.draw} for a draw, {points.loss} for a loss"


def _tiebreaks(rules: Rules) -> str:
    words = ", then ".join(TIEBREAK_WORDS[name] for name in rules.tiebreaks)
    return words[:1].upper() + words[1:]


def _distance(rules: Rules) -> str:
    most = rules.max_challenge_distance
    return "Anybody above" if most is None else f"Up to {_counted(most, 'place', 'places')} above"


def _legs(rules: Rules) -> str:
    return "Once" if rules.legs == 1 else "Twice, home and away" if rules.legs == 2 else f"{rules.legs} times"


def _swiss_rounds(rules: Rules) -> str:
    return "As many as single out one winner" if rules.rounds is None else str(rules.rounds)


def _place_points(rules: Rules) -> str:
    return ", ".join(map(str, rules.place_points))


_Line = tuple[str, Callable[[Rules], str]]
_MATCH: _Line = ("A match is", _best_of)
_ROSTER: _Line = (
    "Smallest roster of a team",
    lambda rules: _counted(rules.min_roster, "player", "players", "Any, and players by themselves"),
)
_TABLE: tuple[_Line, ...] = (("Points", _points), ("Level entrants are told apart by", _tiebreaks))
_LINES: dict[str, tuple[_Line, ...]] = {
    "single_elimination": (_MATCH, ("Match for third place", lambda rules: _yes(rules.third_place_match)), _ROSTER),
    "double_elimination": (
        _MATCH,
        (
            "Grand final",
            lambda rules: "One match, and a second one if the unbeaten lose it" if rules.grand_final == "reset" else "One match",
        ),
        _ROSTER,
    ),
    "round_robin": (
        ("Everybody meets", _legs),
        ("Groups", lambda rules: "One table" if rules.groups == 1 else str(rules.groups)),
        _MATCH,
        *_TABLE,
        _ROSTER,
    ),
    "swiss": (("Rounds", _swiss_rounds), _MATCH, *_TABLE, _ROSTER),
    "ladder": (
        (
            "A win",
            lambda rules: "Takes the place of the beaten" if rules.ladder == "swap" else "Moves the rating (Elo)",
        ),
        ("Who may be challenged", _distance),
        ("Pause between challenges", lambda rules: _counted(rules.cooldown_hours, "hour", "hours", "None")),
        ("Places are lost after", lambda rules: _counted(rules.inactivity_days, "idle day", "idle days", "Never")),
        _MATCH,
        _ROSTER,
    ),
    "challenge": (
        ("Kind", lambda rules: "Each passes or fails" if rules.challenge == "pass_fail" else "Entrants against each other"),
        _MATCH,
        _ROSTER,
    ),
    "leaderboard": (("Points by place", _place_points), _ROSTER),
}
DEFAULT_ORDER = ", ".join(DEFAULT_TIEBREAKS)

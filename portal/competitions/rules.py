"""From what an organizer sent as `rules` to the value that the formats understand (RULINGS 24)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from portal.formats.round_robin import MOST_LEGS
from portal.formats.rules import ELIMINATION, FORMATS_OF_TYPE, TIEBREAKS, TYPES, Points, Rules
from portal.kernel.errors import Invalid, Unprocessable

FORMATS = tuple(name for names in FORMATS_OF_TYPE.values() for name in names)
MOST_BEST_OF, MOST_GROUPS, MOST_ROUNDS, MOST_POINTS, MOST_PLACES = 99, 128, 100, 1_000, 100
MOST_HOURS, MOST_DAYS, MOST_ROSTER = 24 * 366, 3_660, 100

Reader = Callable[[str, Any], Any]


def rules_of(kind: str, sent: Mapping[str, Any] | None) -> Rules:
    """The rules of a competition of type `kind`; what was not sent has its default.

    Raises Invalid naming the rule for an unknown name, a wrong type or a value out of bounds, Unprocessable where rules
    are sound one by one and make no sense together.
    """
    sent = dict(sent or {})
    for name in sent:
        if name not in READERS:
            raise Invalid(f"rules.{name[:60]}", f"rules.{name[:60]} is not a rule. Known rules: {', '.join(READERS)}.")
    read = {name: READERS[name](f"rules.{name}", value) for name, value in sent.items()}
    rules = Rules(**{"format": FORMATS_OF_TYPE[checked_type(kind)][0]} | read)
    _fitting(kind, rules)
    return rules


def checked_type(kind: object) -> str:
    """`kind` itself. Raises Invalid for what is no type of competition."""
    if kind not in TYPES:
        raise Invalid("type", f"type must be one of {', '.join(TYPES)}.")
    return str(kind)


def _whole(least: int, most: int) -> Reader:
    def read(field: str, value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Invalid(field, f"{field} must be a whole number from {least:,} to {most:,}.")
        return value

    return read


def _one_of(*names: str) -> Reader:
    def read(field: str, value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise Invalid(field, f"{field} must be one of {', '.join(names)}.")
        return value

    return read


def _yes_or_no(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(field, f"{field} must be true or false.")
    return value


def _odd(field: str, value: Any) -> int:
    found: int = _whole(1, MOST_BEST_OF)(field, value)
    if found % 2 == 0:
        raise Invalid(field, f"{field} must be odd, so that somebody wins. Use {found - 1} or {found + 1}.")
    return found


def _points(field: str, value: Any) -> Points:
    names = tuple(item.name for item in fields(Points))
    if not isinstance(value, dict) or not value.keys() <= set(names):
        raise Invalid(field, f"{field} must be an object with {', '.join(names)}, each a whole number.")
    whole = _whole(-MOST_POINTS, MOST_POINTS)
    points = Points(**{name: whole(f"{field}.{name}", number) for name, number in value.items()})
    if not points.win >= points.draw >= points.loss:
        raise Unprocessable(field, f"{field}: a win must count at least as much as a draw, and a draw as a loss.")
    return points


def _tiebreaks(field: str, value: Any) -> tuple[str, ...]:
    names = _texts(field, value, len(TIEBREAKS))
    for name in names:
        if name not in TIEBREAKS:
            raise Invalid(field, f"{field} holds a name that is no tie-break. Known ones: {', '.join(TIEBREAKS)}.")
    if len(set(names)) < len(names):
        raise Unprocessable(field, f"{field} names a tie-break twice. Name each once, in the order in which they decide.")
    return names


def _texts(field: str, value: Any, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise Invalid(field, f"{field} must be a list of names, at least one.")
    if len(value) > most:
        raise Invalid(field, f"{field} has {len(value)} entries. Use at most {most}.")
    return tuple(value)


def _place_points(field: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_PLACES:
        raise Invalid(field, f"{field} must be a list of 1 to {MOST_PLACES} whole numbers, first place first.")
    whole = _whole(0, 1_000_000)
    found = tuple(whole(f"{field}.{place}", number) for place, number in enumerate(value))
    if list(found) != sorted(found, reverse=True):
        raise Unprocessable(field, f"{field}: a better place must not count less than a worse one.")
    return found


# Every rule there is, and how it is read.
READERS: dict[str, Reader] = {
    "format": _one_of(*FORMATS),
    "best_of": _odd,
    "third_place_match": _yes_or_no,
    "grand_final": _one_of("simple", "reset"),
    "legs": _whole(1, MOST_LEGS),
    "groups": _whole(1, MOST_GROUPS),
    "rounds": _whole(1, MOST_ROUNDS),
    "points": _points,
    "tiebreaks": _tiebreaks,
    "max_challenge_distance": _whole(1, 10_000),
    "ladder": _one_of("swap", "elo"),
    "cooldown_hours": _whole(0, MOST_HOURS),
    "inactivity_days": _whole(0, MOST_DAYS),
    "challenge": _one_of("pass_fail", "head_to_head"),
    "place_points": _place_points,
    "min_roster": _whole(0, MOST_ROSTER),
}
# Rules that only some formats have. Elsewhere their default may be sent, anything else makes no sense.
_ONLY: dict[str, Sequence[str]] = {
    "best_of": tuple(name for name in FORMATS if name != "leaderboard"),
    "third_place_match": ("single_elimination",),
    "grand_final": ("double_elimination",),
    "legs": ("round_robin",),
    "groups": ("round_robin",),
    "rounds": ("swiss",),
    "max_challenge_distance": ("ladder",),
    "ladder": ("ladder",),
    "cooldown_hours": ("ladder",),
    "inactivity_days": ("ladder",),
    "challenge": ("challenge",),
    "place_points": ("leaderboard",),
}


def has_rule(format: str, name: str) -> bool:
    """Does the rule `name` mean anything in that format?"""
    return format in _ONLY.get(name, FORMATS)


def _fitting(kind: str, rules: Rules) -> None:
    allowed = FORMATS_OF_TYPE[kind]
    if rules.format not in allowed:
        raise Unprocessable("rules.format", f"A {kind} is played as {' or '.join(allowed)}, not as {rules.format}.")
    plain = Rules(rules.format)
    for name, formats in _ONLY.items():
        if rules.format not in formats and getattr(rules, name) != getattr(plain, name):
            raise Unprocessable(f"rules.{name}", f"rules.{name} is for {' and '.join(formats)}, not for {rules.format}.")


def most_entrants(rules: Rules) -> int:
    """How many a competition of these rules can hold."""
    if rules.format in ELIMINATION:
        return 4_096
    return 10_000 if rules.format in ("challenge", "leaderboard") else 1_000


def least_entrants(rules: Rules) -> int:
    """How many must be checked in before it can start. A circuit is scored from other competitions and needs none."""
    if rules.format == "leaderboard":
        return 0
    if rules.format == "challenge" and rules.challenge == "pass_fail":
        return 1
    return 2 * rules.groups

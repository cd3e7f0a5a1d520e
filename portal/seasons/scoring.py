"""How a season turns results into points: so many for a win, a draw and a loss, or so many for each place."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.competitions.rules import READERS
from portal.formats.rules import Rules
from portal.kernel.errors import Invalid

# In the order of the page; `place_points` is ours and stands there only where it was given.
DEFAULTS: dict[str, Any] = {"win": 3, "loss": 0, "draw": 1}
MOST_POINTS, MOST_WEIGHT = 1_000, 1_000
POINT_PLACES, WEIGHT_PLACES = 2, 4


def scoring_of(sent: Mapping[str, Any] | None, before: Mapping[str, Any] = DEFAULTS) -> dict[str, Any]:
    """The whole configuration: what was sent, over what stood `before`. Raises Invalid naming the value."""
    merged = dict(before) | dict(sent or {})
    for name in DEFAULTS:
        merged[name] = DEFAULTS[name] if merged[name] is None else merged[name]
        _check(f"scoring_config.{name}", merged[name], MOST_POINTS, POINT_PLACES)
    if merged.get("place_points") is not None:
        READERS["place_points"]("scoring_config.place_points", merged["place_points"])
    return in_order(merged)


def in_order(config: Mapping[str, Any]) -> dict[str, Any]:
    """As the page prints it: a database may have sorted the names."""
    places = config.get("place_points")
    return {name: config[name] for name in DEFAULTS} | ({} if places is None else {"place_points": places})


def checked_weight(weight: float) -> float:
    """`weight` itself. Raises Invalid unless it is more than 0, at most 1,000, with four decimals at most."""
    _check("weight", weight, MOST_WEIGHT, WEIGHT_PLACES)
    if weight == 0:
        raise Invalid("weight", "weight must be more than 0. Use 1 where the competition counts once.")
    return weight


def points_of(config: Mapping[str, Any], wins: int, draws: int, losses: int) -> Decimal:
    """The points of so many matches, exactly."""
    return wins * exactly(config["win"]) + draws * exactly(config["draw"]) + losses * exactly(config["loss"])


def place_rules(config: Mapping[str, Any]) -> Rules | None:
    """The rules by which places bring points; None where matches do."""
    places = config.get("place_points")
    return None if places is None else Rules("leaderboard", place_points=tuple(places))


def exactly(number: float) -> Decimal:
    """The decimal that was written: 0.1 is a tenth, not the nearest binary fraction."""
    return Decimal(repr(number))


def _check(field: str, value: float, most: int, places: int) -> None:
    if not 0 <= value <= most:
        raise Invalid(field, f"{field} must be a number from 0 to {most:,}.")
    if exactly(value).normalize().as_tuple().exponent < -places:  # type: ignore[operator]  # finite: it lies within the bounds
        raise Invalid(field, f"{field} has more than {places} decimals. Round it.")

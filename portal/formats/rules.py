"""The rules of one competition: a frozen value, parsed once from what the organizer sent (RULINGS 24)."""

from dataclasses import dataclass, field

TYPES = ("challenge", "bracket", "league", "circuit", "ladder")
# Which formats each type of competition may be played in; the first is the default.
FORMATS_OF_TYPE: dict[str, tuple[str, ...]] = {
    "bracket": ("single_elimination", "double_elimination"),
    "league": ("round_robin", "swiss"),
    "ladder": ("ladder",),
    "challenge": ("challenge",),
    "circuit": ("leaderboard",),
}
ELIMINATION = frozenset({"single_elimination", "double_elimination"})
TIEBREAKS = (
    "points",
    "head_to_head",
    "score_difference",
    "score_for",
    "wins",
    "buchholz",
    "buchholz_cut_1",
    "median_buchholz",
    "sonneborn_berger",
    "decision",
    "lots",
)
DEFAULT_TIEBREAKS = ("points", "score_difference", "score_for", "head_to_head", "lots")


@dataclass(frozen=True, slots=True)
class Points:
    """Whole points for an outcome."""

    win: int = 3
    draw: int = 1
    loss: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """`rounds` is for Swiss (None: enough to single out one winner), `max_challenge_distance` for ladders (None: any).

    `grand_final` is `simple` or `reset`; `ladder` is `swap` or `elo`; `challenge` is `pass_fail` or `head_to_head`;
    `cooldown_hours` and `inactivity_days` are for ladders (0: none); `place_points` are a circuit's, first place first.
    """

    format: str
    best_of: int = 1
    third_place_match: bool = False
    grand_final: str = "simple"
    legs: int = 1
    groups: int = 1
    rounds: int | None = None
    points: Points = field(default_factory=Points)
    tiebreaks: tuple[str, ...] = DEFAULT_TIEBREAKS
    max_challenge_distance: int | None = None
    ladder: str = "swap"
    cooldown_hours: int = 0
    inactivity_days: int = 0
    challenge: str = "pass_fail"
    place_points: tuple[int, ...] = (25, 18, 15, 12, 10, 8, 6, 4, 2, 1)
    min_roster: int = 0

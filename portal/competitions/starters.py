"""What a new competition starts from: shapes that people ask for by name, with the terms that usually go with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Starter:
    """`kind` and `rules` are as the API takes them; `places` is suggested, None leaves it open. `shape` names the picture."""

    name: str
    label: str
    sentence: str
    shape: str
    kind: str
    format: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    places: int | None = None


_ALL = (
    Starter(
        "cup",
        "Cup",
        "Single elimination: one defeat and you are out. An evening for 8 to 32 entrants.",
        "single",
        "bracket",
        "single_elimination",
        {"best_of": 3, "third_place_match": True},
        16,
    ),
    Starter(
        "double",
        "Double elimination",
        "Out after the second defeat, so a bad start can be made good. About twice the matches of a cup.",
        "double",
        "bracket",
        "double_elimination",
        {"best_of": 3, "grand_final": "reset"},
        16,
    ),
    Starter(
        "league",
        "League",
        "Round robin: everybody meets everybody, and the table decides. A season for 4 to 20 entrants.",
        "table",
        "league",
        "round_robin",
        {"legs": 2},
        10,
    ),
    Starter(
        "groups",
        "Groups",
        "Several small tables. Who goes through can play on in a cup of its own.",
        "groups",
        "league",
        "round_robin",
        {"groups": 4},
        16,
    ),
    Starter(
        "swiss",
        "Swiss",
        "Each round pairs those who stand level; nobody is out. A day for 16 to 200 entrants.",
        "swiss",
        "league",
        "swiss",
        {"tiebreaks": ["points", "buchholz_cut_1", "buchholz", "sonneborn_berger", "lots"]},
        32,
    ),
    Starter(
        "ladder",
        "Ladder",
        "An open-ended order: challenge somebody above, win, and take the place.",
        "ladder",
        "ladder",
        "ladder",
        {"max_challenge_distance": 3, "cooldown_hours": 24, "inactivity_days": 14},
    ),
    Starter(
        "circuit",
        "Circuit",
        "Points by place from the competitions of a season. It has no matches of its own.",
        "circuit",
        "circuit",
        "leaderboard",
        {"place_points": [25, 18, 15, 12, 10, 8, 6, 4, 2, 1]},
    ),
    Starter(
        "duel",
        "One match",
        "Entrants against each other, without rounds: a show match, a duel, a friendly.",
        "duel",
        "challenge",
        "challenge",
        {"challenge": "head_to_head", "best_of": 5},
        2,
    ),
    Starter(
        "task",
        "Task",
        "Each entrant passes or fails by itself: a time trial, a qualification.",
        "task",
        "challenge",
        "challenge",
        {"challenge": "pass_fail"},
    ),
)
STARTERS = {starter.name: starter for starter in _ALL}

"""What a feed key sees of a match: groups of fields by scope, absent where the key has not the scope (FACTS 2). Pure.

REST answers and live frames both take their `data` from `match_view`, so that they have one shape.

Which matches a key sees at all: `matches:list` or `matches:read` show all of them, `matches:finished` alone only those that
are over. Every scope adds, none takes away, so the flat list of a key says it all.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.kernel.clock import iso
from portal.markets.model import Offer
from portal.markets.views import offer_view

STATUSES = ("live", "upcoming", "finished", "cancelled")
LIST, READ, FINISHED = "matches:list", "matches:read", "matches:finished"


@dataclass(frozen=True, slots=True)
class Side:
    """A participant as the feed names it; `id` is a team's, None for a wallet."""

    id: str | None
    name: str
    logo: str | None


@dataclass(frozen=True, slots=True)
class Fixture:
    """A match between two known sides, with what stands around it. `offers` are there where they were asked for."""

    id: str
    number: int  # the row's, which suppliers' ids are made of
    sport: str
    org_id: int
    competition: str
    event: str
    best_of: int
    a: Side
    b: Side
    status: str
    scheduled_at: datetime | None
    completed_at: datetime | None
    score_a: int | None
    score_b: int | None
    winner: str | None
    outcome: str | None
    offers: tuple[Offer, ...] = ()


def grants(scopes: Collection[str], sport: str, *names: str) -> bool:
    """Is any of these `resource:action` among the scopes for that sport?"""
    return any(f"{sport}:{name}" in scopes for name in names)


def shows(scopes: Collection[str], sport: str) -> tuple[str, ...]:
    """The statuses of matches that a key with these scopes sees; none where it may see no match."""
    if grants(scopes, sport, LIST, READ):
        return STATUSES
    return ("finished",) if grants(scopes, sport, FINISHED) else ()


def match_view(match: Fixture, scopes: Collection[str]) -> dict[str, Any]:
    """The match with every group of fields that the scopes open. Empty for a match that they do not show."""
    if match.status not in shows(scopes, match.sport):
        return {}
    return {
        name: value for names, group in _GROUPS if grants(scopes, match.sport, *names) for name, value in group(match).items()
    }


def row_view(match: Fixture) -> dict[str, Any]:
    """The match in a list."""
    sides = {"team_a": match.a.name, "team_b": match.b.name, "team_a_logo": match.a.logo, "team_b_logo": match.b.logo}
    facts = {"event": match.event, "bo_type": f"bo{match.best_of}", "status": match.status}
    scores = {"score_a": match.score_a, "score_b": match.score_b, "map_name": None}
    return {"id": match.id} | sides | facts | {"scheduled_at": iso(match.scheduled_at)} | scores


def _times(match: Fixture) -> dict[str, Any]:
    """Nobody tells when a match really began: the hour that was set for it stands for it once it has come."""
    begun = match.scheduled_at if match.status in ("live", "finished") else None
    if begun and match.completed_at and begun > match.completed_at:
        begun = None
    ended = match.completed_at if match.status == "finished" else None
    ours = {"tournament_id": match.competition, "team_a_id": match.a.id, "team_b_id": match.b.id}
    result = {"winner": match.winner, "outcome": match.outcome}
    return {"started_at": iso(begun), "finished_at": iso(ended), "maps": []} | ours | result


def _detail(_match: Fixture) -> dict[str, Any]:
    """Rounds, kills and videos are not recorded here: the fields are there, and empty."""
    return {"rounds": [], "events": [], "streams": [], "demo_url": None, "player_stats": []}


def _markets(match: Fixture) -> dict[str, Any]:
    return {"markets": [offer_view(offer) for offer in match.offers]}


def _scoreboard(match: Fixture) -> dict[str, Any]:
    return {"scoreboard": {"score_a": match.score_a, "score_b": match.score_b, "winner": match.winner}}


def _internals(match: Fixture) -> dict[str, Any]:
    suspended = any(offer.status == "suspended" for offer in match.offers)
    return {"oddin_match_id": f"od:match:{match.number}", "data_delay_seconds": 0, "suspended": suspended}


# Which scopes open which group: any one of them does.
_GROUPS: tuple[tuple[tuple[str, ...], Callable[[Fixture], dict[str, Any]]], ...] = (
    ((LIST, READ, FINISHED), row_view),
    ((READ, FINISHED), _times),
    (("matches:detail",), _detail),
    (("markets:read",), _markets),
    (("matches:scoreboard",), _scoreboard),
    (("matches:internals",), _internals),
)

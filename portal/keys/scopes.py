"""Every scope there is, in families, with a plain description, the bundles they come in, and who may grant them.

A key opens every API that its scopes allow (RULINGS 2); a family belongs to the kind of key that usually carries it.
Feed scopes are `<sport>:<resource>:<action>`. Where no sport is chosen yet, and where a role is asked what it may
grant, they are written with `*` for the sport; a key never holds such a scope.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SPORT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
MANAGE = "keys:manage"
ANY_SPORT = "*"

FAMILIES: dict[str, dict[str, str]] = {
    "competition": {
        "organizations:read": "See the organization and its settings.",
        "organizations:write": "Change the organization's settings and create organizations.",
        "members:read": "See who belongs to the organization.",
        "members:write": "Add and remove members and change their roles.",
        "teams:read": "See teams and rosters.",
        "teams:write": "Create, change and delete teams and rosters.",
        "competitions:read": "See competitions that are not public, their entrants and brackets.",
        "competitions:write": "Create, open, start, finish and cancel competitions, and register entrants.",
        "matches:read": "See matches of competitions that are not public.",
        "matches:write": "Report and correct match results.",
        "markets:read": "See offers on matches and their settlements.",
        "markets:write": "Post offers on matches, change prices, suspend, settle and void them.",
        "seasons:read": "See seasons and their standings.",
        "seasons:write": "Create and change seasons.",
        "analytics:read": "See figures about competitions, registrations and matches.",
        "webhooks:read": "See webhook endpoints and their deliveries.",
        "webhooks:write": "Create, change and delete webhook endpoints.",
        "whitelabel:read": "See branding and domains.",
        "whitelabel:write": "Change colours, logo, custom CSS and domains.",
    },
    "casino": {
        "tournaments.read": "See tournaments and their leaderboards.",
        "tournaments.write": "Create, change and start tournaments.",
        "tournaments.delete": "Cancel tournaments.",
        "players.read": "See registered players and their history.",
        "players.write": "Register players and process rebuys.",
        "results.read": "See results and prizes.",
    },
    "game_platform": {
        "internal.tokens.validate": "Check a player's token.",
        "internal.tournaments.read": "Read configuration and status of every tournament of the organization.",
        "internal.tournaments.write": "Create hop-on tournaments on demand.",
        "internal.players.read": "See the players of a tournament.",
        "internal.players.write": "Take players out before a tournament starts.",
        "internal.scores.write": "Report scores and eliminations.",
    },
    "feed": {
        "*:matches:list": "List matches.",
        "*:matches:read": "Read a match with its maps and times.",
        "*:matches:finished": "List and read the matches that are over.",
        "*:matches:detail": "Rounds, events and player statistics of a match.",
        "*:matches:scoreboard": "The scoreboard of a match.",
        "*:matches:internals": "Internal fields: supplier ids, delay and suspension.",
        "*:markets:read": "Markets and prices.",
        "*:markets:settlements": "Settlements of markets.",
        "*:stream:matches": "Live frames of matches.",
        "*:stream:markets": "Live frames of markets.",
        "*:stream:scoreboard": "Live frames of the scoreboard.",
        "*:recovery:initiate": "Ask for missed messages again.",
        "*:tournaments:list": "List tournaments.",
        "*:tournaments:read": "Read a tournament.",
        "*:teams:list": "List teams.",
        "*:teams:read": "Read a team and its record.",
        "*:players:list": "List players.",
        "*:players:read": "Read a player.",
        "*:maps:read": "Read the maps of a match.",
    },
    "agent": {
        "providers:read": "List game providers and games.",
        "games:launch": "Open a game for a player.",
        "operators:read": "See operators and agents below this one.",
        "operators:write": "Create and change operators and agents below this one.",
        "balances:transfer": "Move balance to an operator or agent below this one.",
        "players:read": "See players and their balances.",
        "players:write": "Create players.",
    },
    "session": {
        "sessions:create": "Create one-time session links.",
        "sessions:revoke": "Revoke session links that are not used yet.",
    },
    "keys": {MANAGE: "Issue, disable and revoke other keys, with no more than this key's own scopes."},
}
FAMILY_LABELS = {
    "competition": "Competitions",
    "casino": "Casino tournaments",
    "game_platform": "Game platform",
    "feed": "Feed",
    "agent": "Agents and games",
    "session": "Session links",
    "keys": "Keys",
}
DESCRIPTIONS = {scope: words for family in FAMILIES.values() for scope, words in family.items()}
# The families that the page of a kind's API speaks of.
_FAMILIES_OF_KIND = {"competition": ("competition", "keys"), "session": ("session", "keys")}
OWNER_ONLY = frozenset({MANAGE, "operators:write", "balances:transfer"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """A named set of scopes. It is expanded when it is chosen; only the flat list is kept."""

    name: str
    label: str
    sentence: str
    scopes: frozenset[str]


def _matching(family: str, ending: str) -> frozenset[str]:
    return frozenset(scope for scope in FAMILIES[family] if scope.endswith(ending))


def _feed(*names: str) -> frozenset[str]:
    return frozenset(f"{ANY_SPORT}:{name}" for name in names)


_FEED_CATALOGUE = _feed("tournaments:list", "tournaments:read", "teams:list", "teams:read", "players:list", "players:read")
_FEED_MATCHES = _feed("matches:list", "matches:read", "matches:detail")
BUNDLES: dict[str, tuple[Bundle, ...]] = {
    "competition": (
        Bundle("competition.read", "Read only", "See everything, change nothing.", _matching("competition", ":read")),
        Bundle(
            "competition.results",
            "Report results",
            "See competitions and matches, and report results.",
            frozenset({"competitions:read", "matches:read", "matches:write", "teams:read"}),
        ),
        Bundle(
            "competition.run",
            "Run competitions",
            "Teams, competitions, matches and seasons, with nothing about members, webhooks or branding.",
            frozenset(f"{name}:{act}" for name in ("teams", "competitions", "matches", "seasons") for act in ("read", "write")),
        ),
        Bundle("competition.all", "Everything", "All of the Competition API.", frozenset(FAMILIES["competition"])),
    ),
    "casino": (
        Bundle("casino.read", "Read only", "Tournaments, players and results.", _matching("casino", ".read")),
        Bundle("casino.all", "Everything", "All of the Casino API.", frozenset(FAMILIES["casino"])),
    ),
    "game_platform": (
        Bundle("game_platform.all", "Everything", "All of the Game Platform API.", frozenset(FAMILIES["game_platform"])),
    ),
    "feed": (
        Bundle(
            "feed.odds",
            "Odds, basic",
            "Matches, markets, settlements, live frames, recovery, tournaments, teams and players.",
            _FEED_MATCHES
            | _FEED_CATALOGUE
            | _feed("markets:read", "markets:settlements", "stream:matches", "stream:markets", "recovery:initiate"),
        ),
        Bundle(
            "feed.scoreboard",
            "Scoreboard add-on",
            "The scoreboard, at rest and live.",
            _feed("matches:scoreboard", "stream:scoreboard"),
        ),
        Bundle(
            "feed.stats",
            "Statistics",
            "Matches with rounds and player statistics; no odds, nothing live.",
            _FEED_MATCHES | _FEED_CATALOGUE | _feed("maps:read"),
        ),
        Bundle(
            "feed.scoretock",
            "Finished matches",
            "Matches that are over, with everything about them but odds; nothing live.",
            _FEED_CATALOGUE | _feed("matches:finished", "matches:detail"),
        ),
        Bundle("feed.all", "Everything", "Every field and frame of the feed.", frozenset(FAMILIES["feed"])),
    ),
    "agent": (
        Bundle(
            "agent.play",
            "Launch games",
            "List providers, open games and keep players.",
            frozenset({"providers:read", "games:launch", "players:read", "players:write"}),
        ),
        Bundle("agent.all", "Everything", "All of the Agent API.", frozenset(FAMILIES["agent"])),
    ),
    "session": (
        Bundle("session.create", "Create links", "Create session links.", frozenset({"sessions:create"})),
        Bundle("session.all", "Create and revoke links", "All of the Session API.", frozenset(FAMILIES["session"])),
    ),
}


def families_of(kind: str) -> tuple[str, ...]:
    """The families that keys of a kind usually carry."""
    return _FAMILIES_OF_KIND.get(kind, (kind,))


def all_scopes(kind: str, sports: Iterable[str] = ()) -> frozenset[str]:
    """Every scope of a kind; those of the feed once for each of `sports`."""
    return expand((scope for family in families_of(kind) for scope in FAMILIES[family]), sports)


def expand(scopes: Iterable[str], sports: Iterable[str]) -> frozenset[str]:
    """Write each `*:resource:action` once for every sport; the others stay. Without sports the feed scopes vanish."""
    sports = tuple(sports)
    found: set[str] = set()
    for scope in scopes:
        if scope.startswith(f"{ANY_SPORT}:"):
            found.update(f"{sport}{scope[1:]}" for sport in sports)
        else:
            found.add(scope)
    return frozenset(found)


def general(scope: str) -> str:
    """A feed scope with `*` for its sport; any other scope as it is."""
    return f"{ANY_SPORT}:{scope.partition(':')[2]}" if scope.count(":") == 2 else scope


def sport_of(scope: str) -> str | None:
    """The sport of a feed scope; None for the others."""
    return scope.partition(":")[0] if scope.count(":") == 2 else None


def is_known(scope: str) -> bool:
    """A scope that a key may hold: declared here, and with a real sport where it has one."""
    sport = sport_of(scope)
    return general(scope) in DESCRIPTIONS and (sport is None or bool(SPORT.fullmatch(sport)))


def describe(scope: str) -> str:
    """One plain sentence."""
    return DESCRIPTIONS.get(general(scope), "")


def lacking(scopes: Iterable[str], grantable: frozenset[str] | None) -> list[str]:
    """Those of `scopes` that somebody with `grantable` may not hand on, in order. None lacks nothing."""
    if grantable is None:
        return []
    return sorted(scope for scope in scopes if scope not in grantable and general(scope) not in grantable)


def grantable_by_role(role: str) -> frozenset[str]:
    """What a person may grant: an owner everything, an admin all but OWNER_ONLY, a member nothing."""
    every = frozenset(DESCRIPTIONS)
    return {"owner": every, "admin": every - OWNER_ONLY}.get(role, frozenset())


def grantable_by_key(scopes: Iterable[str]) -> frozenset[str]:
    """What a key may grant: with `keys:manage` what it holds itself, without it nothing."""
    held = frozenset(scopes)
    return held if MANAGE in held else frozenset()

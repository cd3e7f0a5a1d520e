"""What a key may do, as one plain value: checked against the rules, and kept within what its maker may do."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict, TypeVar

from portal.admission.networks import Network, networks_of, parse_lines
from portal.kernel.errors import Forbidden, Invalid
from portal.keys.kinds import KINDS, LIMIT_NAMES, Limits
from portal.keys.model import ApiKey
from portal.keys.scopes import SPORT, is_known, sport_of
from portal.web.forms import CONTROLS

T = TypeVar("T")
NAME_LENGTH, DESCRIPTION_LENGTH, LIST_LENGTH = 100, 500, 500
MOST = {
    "per_minute": 1_000_000,
    "writes_per_minute": 1_000_000,
    "per_hour": 60_000_000,
    "per_day": 1_000_000_000,
    "burst_10s": 200_000,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """None in `sports`, `games` and `streams` means all. `expires_at` is aware; `allowed_addresses` one network a line."""

    name: str
    description: str
    scopes: frozenset[str]
    sports: tuple[str, ...] | None
    games: tuple[int, ...] | None
    streams: tuple[int, ...] | None
    limits: Limits
    expires_at: datetime | None
    allowed_addresses: str


class Wish(TypedDict, total=False):
    """Some of the Terms by their names, as a caller asks for them. `limits` None stands for those that hold already."""

    name: str
    description: str
    scopes: Iterable[str]
    sports: Sequence[str] | None
    games: Sequence[int] | None
    streams: Sequence[int] | None
    limits: Limits | None
    expires_at: datetime | None
    allowed_addresses: str


def first_terms(kind: str) -> Terms:
    """What a new key of a kind starts from: its default limits, everything else open or blank."""
    return Terms("", "", frozenset(), None, None, None, KINDS[kind].limits, None, "")


def asked(terms: Terms, wish: Wish) -> Terms:
    """The terms with what is wished in their place."""
    changes: dict[str, Any] = dict(wish)
    for name in ("sports", "games", "streams"):
        if changes.get(name) is not None:
            changes[name] = tuple(changes[name])
    if "scopes" in changes:
        changes["scopes"] = frozenset(changes["scopes"])
    if changes.get("limits") is None:
        changes.pop("limits", None)
    return replace(terms, **changes)


def terms_of(key: ApiKey) -> Terms:
    """The terms that a key has now."""
    return Terms(
        name=key.name,
        description=key.description,
        scopes=frozenset(key.scopes),
        sports=_listed(key.sports),
        games=_listed(key.games),
        streams=_listed(key.streams),
        limits=key.limits,
        expires_at=key.expires_at,
        allowed_addresses=key.allowed_addresses,
    )


def apply(terms: Terms, key: ApiKey) -> None:
    """Write the terms to a key's row."""
    key.name, key.description, key.scopes = terms.name, terms.description, sorted(terms.scopes)
    key.sports = None if terms.sports is None else list(terms.sports)
    key.games = None if terms.games is None else list(terms.games)
    key.streams = None if terms.streams is None else list(terms.streams)
    key.expires_at, key.allowed_addresses = terms.expires_at, terms.allowed_addresses
    for name in LIMIT_NAMES:
        setattr(key, name, getattr(terms.limits, name))


def checked(terms: Terms) -> Terms:
    """The terms in their canonical form; raises Invalid naming the field, the rule and the fix."""
    name = terms.name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid("name", f"The name has {len(name)} characters. Use 1 to {NAME_LENGTH}.")
    if CONTROLS.search(name) or "\n" in name:
        raise Invalid("name", "The name holds a line break or a control character. Remove it.")
    if CONTROLS.search(terms.description):
        raise Invalid("description", "The description holds a control character. Remove it.")
    if len(terms.description) > DESCRIPTION_LENGTH:
        count = len(terms.description)
        raise Invalid("description", f"The description has {count} characters. Use at most {DESCRIPTION_LENGTH}.")
    sports = _sports(terms.sports)
    _check_scopes(terms.scopes, sports)
    _check_limits(terms.limits)
    return replace(
        terms,
        name=name,
        description=terms.description.strip(),
        sports=sports,
        games=_numbers("games", terms.games),
        streams=_numbers("streams", terms.streams),
        allowed_addresses="\n".join(map(str, parse_lines("allowed_addresses", terms.allowed_addresses))),
    )


def within(terms: Terms, maker: Terms, *, limits_given: bool) -> Terms:
    """The terms kept within those of the key that makes or changes it.

    What is left open (no list, no expiry, no limits) becomes the maker's own. Raises Forbidden for what was asked beyond it.
    """
    beyond = terms.limits.exceeds(maker.limits) if limits_given else []
    if beyond:
        raise Forbidden(f"The limit {beyond[0]} is above that of the key you call with. Ask for at most its own limits.")
    if terms.expires_at and maker.expires_at and terms.expires_at > maker.expires_at:
        raise Forbidden("The key you call with expires earlier than that. Choose an earlier expires_at.")
    return replace(
        terms,
        sports=_sublist("sports", terms.sports, maker.sports),
        games=_sublist("games", terms.games, maker.games),
        streams=_sublist("streams", terms.streams, maker.streams),
        limits=terms.limits.least(maker.limits),
        expires_at=terms.expires_at or maker.expires_at,
        allowed_addresses=_addresses_within(terms.allowed_addresses, maker.allowed_addresses),
    )


def _listed(values: list[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)


def _sports(sports: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if sports is None:
        return None
    for sport in sports:
        if not SPORT.fullmatch(sport):
            raise Invalid("sports", f"“{sport[:40]}” is not a sport's short name. Use small letters, digits and -, as in cs2.")
    if len(sports) > LIST_LENGTH:
        raise Invalid("sports", f"There are {len(sports)} sports. Name at most {LIST_LENGTH}, or none for all.")
    return tuple(sorted(set(sports)))


def _numbers(field: str, numbers: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if numbers is not None and len(numbers) > LIST_LENGTH:
        raise Invalid(field, f"There are {len(numbers)} {field}. Name at most {LIST_LENGTH}, or none for all.")
    return None if numbers is None else tuple(sorted(set(numbers)))


def _check_scopes(scopes: frozenset[str], sports: tuple[str, ...] | None) -> None:
    if not scopes:
        raise Invalid("scopes", "No scope is chosen, so the key could do nothing. Choose a bundle or single scopes.")
    for scope in sorted(scopes):
        if not is_known(scope):
            raise Invalid("scopes", f"“{scope[:80]}” is not a scope. Choose from the list of scopes.")
        if sports is not None and sport_of(scope) not in (None, *sports):
            raise Invalid(
                "scopes", f"The scope {scope} is for a sport that the key may not use. Add {sport_of(scope)} to its sports."
            )
    if len(scopes) > LIST_LENGTH:
        raise Invalid("scopes", f"There are {len(scopes)} scopes. Use at most {LIST_LENGTH}; split the sports over several keys.")


def _check_limits(limits: Limits) -> None:
    for name in LIMIT_NAMES:
        value = getattr(limits, name)
        if value is not None and not 1 <= value <= MOST[name]:
            raise Invalid(name, f"{name} is {value:,}. Use 1 to {MOST[name]:,} calls.")


def _sublist(field: str, wanted: tuple[T, ...] | None, allowed: tuple[T, ...] | None) -> tuple[T, ...] | None:
    if wanted is None or allowed is None:
        return allowed if wanted is None else wanted
    extra = [value for value in wanted if value not in allowed]
    if extra:
        raise Forbidden(f"The key you call with may not use {field} {extra[0]}. Name only those that it has.")
    return wanted


def _addresses_within(wanted: str, allowed: str) -> str:
    if not wanted or not allowed:
        return wanted or allowed
    outer = networks_of(allowed)
    for network in networks_of(wanted):
        if not any(_inside(network, wider) for wider in outer):
            raise Forbidden(f"{network} is outside the address list of the key you call with. Name only addresses in it.")
    return wanted


def _inside(network: Network, wider: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(wider, ipaddress.IPv4Network) and network.subnet_of(wider)
    return isinstance(wider, ipaddress.IPv6Network) and network.subnet_of(wider)

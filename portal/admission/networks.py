"""Allowlists of addresses: one address or network a line, kept as text, matched as numbers."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from portal.kernel.errors import Invalid
from portal.web.client_ip import Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_LINES = 500


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is neither an address nor a network. `number` counts from 1."""

    number: int
    text: str
    why: str


def parse_lines(field: str, text: str) -> list[Network]:
    """The networks in `text`, in order, without repeats; blank lines count for nothing.

    Raises Invalid that names every bad line (the first five of them), so that a slip never becomes "any".
    """
    networks, bad = read_lines(text)
    if bad:
        named = " ".join(f"`{line.text[:45]}` on line {line.number} {line.why}." for line in bad[:5])
        more = f" {len(bad) - 5} more lines have the same trouble." if len(bad) > 5 else ""
        raise Invalid(field, f"{named}{more} Write one address or network per line. Nothing was saved.")
    if len(networks) > MAX_LINES:
        raise Invalid(field, f"The list has {len(networks)} lines. Use at most {MAX_LINES}, or wider networks.")
    return networks


def read_lines(text: str) -> tuple[list[Network], list[BadLine]]:
    """The networks and the bad lines of `text`."""
    networks: dict[Network, None] = {}
    bad: list[BadLine] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        try:
            networks[_network(line)] = None
        except ValueError as error:
            bad.append(BadLine(number, line, str(error)))
    return list(networks), bad


def printed(network: Network) -> str:
    """As people write it: a single address without a prefix."""
    return str(network.network_address if network.num_addresses == 1 else network)


def _network(line: str) -> Network:
    if "%" in line:
        raise ValueError("names a zone, which only its own machine knows")
    try:
        network = ipaddress.ip_network(line, strict=False)
    except ValueError:
        raise ValueError("is not an address") from None
    if "/" in line and ipaddress.ip_address(line.split("/")[0]) != network.network_address:
        raise ValueError(f"has bits set beyond its prefix; {network} would be the network")
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    return network


@lru_cache(maxsize=2048)
def networks_of(text: str) -> tuple[Network, ...]:
    """The networks of a stored list. Lists are checked when saved, so a bad line here is skipped and never widens it."""
    return tuple(read_lines(text)[0])


def admits(networks: tuple[Network, ...], address: Address | None) -> bool:
    """True when the list is empty (any), or the address is in one of its networks. Unknown addresses are refused by a list."""
    if not networks:
        return True
    return address is not None and any(address in network for network in networks)

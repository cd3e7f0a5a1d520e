"""Where deliveries may go: what an endpoint's address may look like, and which network addresses are ever dialled.

The text of an address proves nothing (`127.1`, `2130706433`, a name that resolves to a private network, M28): the socket
address that is about to be dialled is judged, each time, and if one of a name's addresses is bad, none is used (T29).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from portal.kernel.errors import Invalid

MOST_URL = 2000
REGISTERING_SECONDS = 2.0
# Until a name counts as one that our name servers say nothing about: it is theirs or ours, not the receiver's silence.
RESOLVING_SECONDS = 5.0
# At once. The system goes on asking for half a minute after we gave up, and a thread waits for it each time: there are more
# than one tenant can keep waiting.
LOOK_UPS = 512
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not for the world, on top of what `is_global` says: it calls these global (M27), or may in another version of Python.
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
        *("168.63.129.16/32",),  # Azure's own host, as its machines see it
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23"),
        *("2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "localdomain")


class RefusedAddressError(OSError):
    """An address that is never dialled; the text says what is wrong in words that give no address away."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What this installation allows: the ports, and (`local`, never in production) http:// and addresses of this machine. `own`
    is where it listens itself (`origin_of`): what it told itself would be news again."""

    ports: frozenset[int]
    local: bool = False
    own: tuple[str, int] | None = None


def public(text: str) -> bool:
    """Is this the address of a machine in the open internet?"""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


def may_dial(text: str, rules: Rules) -> bool:
    """Public, or of this machine where that is allowed."""
    return public(text) or (rules.local and ipaddress.ip_address(text.partition("%")[0]).is_loopback)


def check_url(url: str, rules: Rules) -> str:
    """The address as it is kept. Raises Invalid naming `url` and the rule it breaks, without asking the DNS."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' "<>\\^`{|}'):
        raise _refused("may only hold what an address can: ASCII letters, digits and signs, without spaces")
    if len(url) > MOST_URL:
        raise _refused(f"may have {MOST_URL:,} characters at most")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("is not an address; write it like https://example.com/hooks") from None
    schemes = ("https", "http") if rules.local else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise _refused("must begin with https://")
    if "@" in parts.netloc or parts.fragment or "#" in url:
        raise _refused("must have no user name, password or fragment; put credentials into a custom header")
    if port == 0 or (not rules.local and (port or 443) not in rules.ports):
        raise _refused(f"must use one of these ports: {', '.join(map(str, sorted(rules.ports)))}")
    if origin_of(url) == rules.own:
        raise _refused("must lead to a receiver of yours, not back to this platform")
    _check_host(parts.hostname, rules)
    return url


def origin_of(url: str) -> tuple[str, int]:
    """Host and port of an address that can be read."""
    parts = urlsplit(url)
    return (parts.hostname or "").rstrip("."), _port(parts)


def resolves_badly(url: str, rules: Rules) -> bool:
    """Asked once when an endpoint is made: does its host lead to an address that is never dialled? Waits two seconds at most;
    a name that does not resolve yet is no reason to refuse it, since every try asks again."""
    parts = urlsplit(url)
    asking = ThreadPoolExecutor(max_workers=1)
    try:
        future = asking.submit(socket.getaddrinfo, parts.hostname, _port(parts), type=socket.SOCK_STREAM)
        found = future.result(timeout=REGISTERING_SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        return False
    finally:
        asking.shutdown(wait=False, cancel_futures=True)
    return not all(may_dial(str(address[0]), rules) for *_, address in found)


def vetted(found: Sequence[Any], rules: Rules) -> Sequence[Any]:
    """What getaddrinfo found, if every one of it may be dialled. Raises RefusedAddressError."""
    if not all(may_dial(str(address[0]), rules) for *_, address in found):
        raise RefusedAddressError("The host leads to an address that is not in the public internet.")
    return found


class Vetting:
    """aiohttp's resolver and socket factory: names are judged when they are resolved, sockets before they are dialled, which
    also catches addresses written as numbers, for which no resolver is asked."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        # Threads of its own: names whose servers hang must not hold up those of other tenants.
        self._threads = ThreadPoolExecutor(max_workers=LOOK_UPS, thread_name_prefix="resolve")

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_UNSPEC) -> list[dict[str, Any]]:
        """Every address of the host, in aiohttp's form. Raises OSError, after RESOLVING_SECONDS too."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVING_SECONDS):
                found = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        except UnicodeError:
            raise OSError("The host's name cannot be looked up.") from None
        except TimeoutError:
            raise OSError("The name servers did not answer.") from None
        return [
            {"hostname": host, "host": address[0], "port": port, "family": kind, "proto": proto, "flags": socket.AI_NUMERICHOST}
            for kind, _, proto, _, address in vetted(found, self._rules)
        ]

    async def close(self) -> None:
        """aiohttp calls it when the session ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def socket(self, found: Any) -> socket.socket:
        """A socket for an address that was found. Raises RefusedAddressError."""
        vetted([found], self._rules)
        made = socket.socket(*found[:3])
        made.setblocking(False)
        return made


def _look_up(host: str, port: int, family: int) -> list[Any]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
    return [one for one in found if one[0] in (socket.AF_INET, socket.AF_INET6)]


def _check_host(host: str, rules: Rules) -> None:
    try:
        literal = socket.inet_ntoa(socket.inet_aton(host)) if ":" not in host else host.partition("%")[0]
    except OSError:
        literal = ""
    if literal:
        if not may_dial(literal, rules):
            raise _refused("must lead to the public internet, not to this machine or a private network")
        return
    labels = host.rstrip(".").split(".")
    if not all(label and len(label) <= 63 and label.strip("-") == label and _plain(label) for label in labels):
        raise _refused("has a host name that cannot exist; write it like https://example.com/hooks")
    if rules.local and labels[-1] == "localhost":
        return
    if len(labels) < 2 or any(host.rstrip(".") == name or host.rstrip(".").endswith(f".{name}") for name in _LOCAL_NAMES):
        raise _refused("must lead to the public internet, not to a name of a private network")


def _plain(label: str) -> bool:
    return all(sign.isalnum() or sign in "-_" for sign in label)


def _port(parts: SplitResult) -> int:
    return parts.port or (80 if parts.scheme == "http" else 443)


def _refused(rule: str) -> Invalid:
    return Invalid("url", f"url {rule}.")

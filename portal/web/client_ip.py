"""Whose address is this? X-Forwarded-For counts only as many entries from the right as there are proxies of ours."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from flask import Request, current_app

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: Request) -> Address | None:
    """The caller's address, v4-mapped ones unmapped; None when it cannot be known, which every list refuses."""
    hops: int = current_app.config["SETTINGS"].proxy_hops
    return address_behind(hops, request.environ.get("REMOTE_ADDR") or "", request.headers.getlist("X-Forwarded-For"))


def address_behind(hops: int, peer: str, forwarded: Sequence[str]) -> Address | None:
    """The same of a connection from `peer` whose X-Forwarded-For lines are `forwarded`."""
    if hops == 0:
        return parse_address(peer)
    # Several header lines mean one list in order (RFC 9110 5.3); a client can only ever add on the left.
    entries = ",".join(forwarded).split(",")
    return parse_address(entries[-hops].strip()) if len(entries) >= hops else None


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """A bare address, or None: no port, brackets, quotes or zone."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address

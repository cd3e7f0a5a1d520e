"""Whose address is this? X-Forwarded-For counts only as many entries from the right as there are proxies of ours."""

import ipaddress
from functools import lru_cache

from flask import Request, current_app

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: Request) -> Address | None:
    """The caller's address, v4-mapped ones unmapped; None when it cannot be known, which every list refuses."""
    hops: int = current_app.config["SETTINGS"].proxy_hops
    if hops == 0:
        return parse_address(request.environ.get("REMOTE_ADDR") or "")
    # Several header lines mean one list in order (RFC 9110 5.3); a client can only ever add on the left.
    entries = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
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

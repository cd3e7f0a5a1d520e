"""Which sites may show an organization's competitions in a frame: one origin per line, none for any."""

import re
from urllib.parse import urlsplit

from portal.kernel.errors import Invalid

MOST = 50
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,62}\.)*[a-z0-9-]{0,62}[a-z0-9]|[a-z0-9]|\[[0-9a-f:.]+\]")
EXAMPLE = "Write one site per line, such as https://www.example.com or https://*.example.com."


def parse_sites(field: str, text: str) -> tuple[str, ...]:
    """The origins in `text`, without repeats; a bare host means https. Raises Invalid that names every bad line."""
    sites: dict[str, None] = {}
    bad = []
    for number, line in enumerate(text.splitlines(), 1):
        site = origin_of(line.strip(), wildcard=True) if line.strip() else ""
        if site:
            sites[site] = None
        elif line.strip():
            bad.append(f"`{line.strip()[:60]}` on line {number} is not a site.")
    if bad:
        raise Invalid(field, f"{' '.join(bad[:5])} {EXAMPLE} Nothing was saved.")
    if len(sites) > MOST:
        raise Invalid(field, f"The list has {len(sites)} sites. Use at most {MOST}, or *.example.com for many of one name.")
    return tuple(sites)


def origin_of(address: str, *, wildcard: bool = False) -> str:
    """Scheme, host and port of an address in small ASCII letters, "" for what is none: a path, a password, another scheme.

    With `wildcard` the host may begin with `*.`, the scheme may be missing, and nothing may follow the port.
    """
    text = address if "://" in address or not wildcard else f"https://{address}"
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if (parts.hostname or "").isascii() is False else parts.hostname
    except (ValueError, UnicodeError):
        return ""
    more = parts.path not in ("", "/") or parts.query or parts.fragment
    if (
        parts.scheme not in ("http", "https")
        or not host
        or "@" in parts.netloc
        or parts.netloc.endswith(":")
        or (wildcard and more)
    ):
        return ""
    host = f"[{host}]" if ":" in host else host.lower()
    if not _HOST.fullmatch(host) or (host.startswith("*") and not wildcard):
        return ""
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def sites_of(text: str) -> tuple[str, ...]:
    """The origins as they were saved."""
    return tuple(text.split())


def admits(sites: tuple[str, ...], origin: str) -> bool:
    """Whether a page of that origin may show the competition. `https://*.example.com` is every name below, not itself."""
    return not sites or any(_fits(site, origin) for site in sites)


def _fits(site: str, origin: str) -> bool:
    scheme, _, host = site.partition("://")
    if not host.startswith("*."):
        return site == origin
    return origin.startswith(f"{scheme}://") and origin.endswith(host[1:]) and len(origin) > len(f"{scheme}://{host[1:]}")

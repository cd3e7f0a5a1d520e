"""What an endpoint may be: the checks of each term, in words that name field, rule and fix."""

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition
from portal.kernel.errors import Invalid
from portal.seasons.model import Season

MOST_DESCRIPTION, MOST_CAP = 500, 50
MOST_HEADERS, LONGEST_HEADER = 10, 1000
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# What the request itself, the connection or our own headers decide.
_OURS = frozenset(
    (
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect", "forwarded"),
        *("host", "keep-alive", "origin", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "user-agent", "via"),
    )
)


def checked_headers(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Headers of the receiver's own choice: printable ASCII, none that is ours. Raises Invalid."""
    if len(headers) > MOST_HEADERS:
        raise Invalid("headers", f"headers may hold {MOST_HEADERS} at most.")
    seen: set[str] = set()
    for name, value in headers.items():
        low = name.lower()
        read = low.replace("_", "-")  # as CGI and WSGI receivers read it
        if not _TOKEN.fullmatch(name):
            raise Invalid("headers", f"headers: {name[:100]!r} is no header name. Use letters, digits and hyphens.")
        if low in seen:
            raise Invalid("headers", f"headers: {name} stands there twice. Send it once.")
        if read in _OURS or read.startswith(("webhook-", "sec-", f"{prefix.lower()}-")):
            raise Invalid("headers", f"headers: {name} is set by the delivery itself. Choose another name.")
        if len(value) > LONGEST_HEADER or not _VALUE.fullmatch(value):
            raise Invalid("headers", f"headers: the value of {name} must be 1 to {LONGEST_HEADER:,} printable ASCII characters.")
        seen.add(low)
    return dict(headers)


def checked_description(text: str) -> str:
    """One line. Raises Invalid."""
    text = text.strip()
    if len(text) > MOST_DESCRIPTION or not (text.isprintable() or text == ""):
        raise Invalid("description", f"description must be one line of {MOST_DESCRIPTION} characters at most.")
    return text


def checked_cap(cap: int) -> int:
    """How many deliveries may be in flight at once. Raises Invalid."""
    if not 1 <= cap <= MOST_CAP:
        raise Invalid("in_flight_cap", f"in_flight_cap must be from 1 to {MOST_CAP}.")
    return cap


def check_filters(session: Session, org_id: int, competition: str | None, season: str | None) -> None:
    """Both must be the organization's own. Raises Invalid."""
    for field, model, uid in (("competition_id", Competition, competition), ("season_id", Season, season)):
        if uid is not None and session.scalar(select(model.id).where(model.org_id == org_id, model.uid == uid)) is None:
            raise Invalid(field, f"{field} names none of this organization.")

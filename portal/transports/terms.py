"""What a transport may be: the checks of each term, in words that name field, rule and fix."""

import re
from urllib.parse import urlsplit

from portal.kernel.errors import Invalid

MOST_NAME = 100
_AWS = re.compile(r"sqs\.([a-z]{2}(?:-[a-z]+)+-[0-9])\.amazonaws\.com(?:\.cn)?", re.ASCII)
_PATH = re.compile(r"/[0-9]{12}/[A-Za-z0-9_-]{1,75}\.fifo", re.ASCII)
_ROLE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,128}", re.ASCII)
_KEY_ID, _SECRET = re.compile(r"[A-Za-z0-9_]{16,128}", re.ASCII), re.compile(r"[A-Za-z0-9+/=]{16,128}", re.ASCII)
_LOCAL = ("127.0.0.1", "localhost", "::1")
LOCAL_REGION = "eu-west-1"


def checked_name(name: str) -> str:
    """One line. Raises Invalid."""
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Invalid("name", f"name must be one line of 1 to {MOST_NAME} characters.")
    return name


def region_of(queue_url: str, local: bool) -> str:
    """The region of a FIFO queue at AWS, or of one on this machine where that is allowed. Raises Invalid naming `queue_url`."""
    try:
        parts = urlsplit(queue_url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise _refused("is not an address") from None
    if parts.username or parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise _refused("must end in the account and the name of a FIFO queue: /123456789012/events.fifo")
    if local and host in _LOCAL:
        return LOCAL_REGION
    found = _AWS.fullmatch(host)
    if parts.scheme != "https" or port not in (None, 443) or not found:
        raise _refused("must be the address of a queue at AWS: https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo")
    return found.group(1)


def endpoint_of(queue_url: str) -> str | None:
    """Where a queue on this machine is served; None at AWS, whose addresses follow from the region."""
    parts = urlsplit(queue_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.hostname in _LOCAL else None


def checked_credentials(key_id: str, secret: str, role: str) -> dict[str, str]:
    """Either a key with its secret, or a role; what is to be sealed. Raises Invalid."""
    if role:
        if key_id or secret:
            raise Invalid("role_arn", "Give either an access key or a role, not both.")
        if not _ROLE.fullmatch(role):
            raise Invalid("role_arn", "role_arn must look like arn:aws:iam::123456789012:role/tiltyard-events.")
        return {}
    if not _KEY_ID.fullmatch(key_id):
        raise Invalid("access_key_id", "access_key_id must be the id of an access key (it begins with AKIA), or name a role.")
    if not _SECRET.fullmatch(secret):
        raise Invalid("secret_access_key", "secret_access_key must be the secret that belongs to the access key.")
    return {"access_key_id": key_id, "secret_access_key": secret}


def _refused(rule: str) -> Invalid:
    return Invalid("queue_url", f"queue_url {rule}.")

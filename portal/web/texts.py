"""Checks of text that rooms share: names on one line, addresses of web pages. They name the field, the rule and the fix."""

import re
from urllib.parse import urlsplit

from portal.kernel.errors import Invalid
from portal.web.forms import CONTROLS

LONGEST_ADDRESS = 500
_BREAKS = re.compile(r"[\t\n\r\x85\u2028\u2029]")
_HOST = re.compile(r"[^\s/\\@\"'<>`^{}|]+")


def one_line(field: str, text: str, low: int, high: int) -> str:
    """`text` without blanks around it; raises Invalid unless it has `low` to `high` characters on one line."""
    text = text.strip()
    if not low <= len(text) <= high:
        raise Invalid(field, f"{field} has {len(text)} characters. Use {low} to {high}.")
    if CONTROLS.search(text) or _BREAKS.search(text):
        raise Invalid(field, f"{field} holds a line break or a control character. Remove it.")
    return text


def paragraphs(field: str, text: str, most: int) -> str:
    """`text` as it is, line breaks too; raises Invalid for more than `most` characters and for control characters."""
    if len(text) > most:
        raise Invalid(field, f"{field} has {len(text)} characters. Use at most {most}.")
    if CONTROLS.search(text):
        raise Invalid(field, f"{field} holds a control character. Remove it.")
    return text


def web_address(field: str, text: str) -> str:
    """An http or https address with a host and without a password in it; raises Invalid for anything else."""
    problem = _problem(text)
    if problem:
        raise Invalid(field, f"{field} {problem} Send an address such as https://example.com/logo.png.")
    return text


def _problem(text: str) -> str:
    if len(text) > LONGEST_ADDRESS:
        return f"has {len(text)} characters; {LONGEST_ADDRESS} is the most."
    if not text.isprintable() or " " in text or "\\" in text:
        return "holds a blank, a backslash or a control character."
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # a strange port or bracket raises
    except ValueError:
        return "is not an address."
    if parts.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host):
        return "must begin with http:// or https:// and name a host."
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password."
    return ""

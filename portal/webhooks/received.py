"""Reading what a receiver got, as people paste it: raw HTTP, headers and a body, or a line for curl. Pure."""

import re
import shlex
from dataclasses import dataclass, field
from itertools import pairwise

_HEADER = re.compile(r"^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*[:=]\s?(.*)$")
_QUOTED = re.compile(r"""^["'](.*)["'],?$""")
_DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json")


@dataclass(frozen=True)
class Received:
    """Headers with their names in small letters, and the body's bytes."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Its value, "" where it is missing."""
        return self.headers.get(name.lower(), "")


def read(text: str) -> Received:
    """What was pasted. Line ends of the head may be any; the body is taken as it stands."""
    if text.lstrip().startswith("curl "):
        return _from_curl(text)
    return _from_http(text.lstrip("\r\n"))


def _from_http(text: str) -> Received:
    """Browsers send every line end of a text field as CR LF, so those of the body are put back to LF."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    if not _HEADER.match(head.partition("\n")[0]) and head.lstrip().startswith(("{", "[")):
        return Received({}, text.replace("\r\n", "\n").encode())
    return Received(_headers(head.split("\n")), body.encode("utf-8", "replace"))


def _from_curl(text: str) -> Received:
    """Raises ValueError where the quotes do not match."""
    words = shlex.split(text.replace("\r\n", "\n").replace("\\\n", " "))
    headers, body = [], ""
    for flag, value in pairwise(words):
        if flag in ("-H", "--header"):
            headers.append(value)
        elif flag in _DATA:
            body = value
    return Received(_headers(headers), body.encode("utf-8", "replace"))


def _headers(lines: list[str]) -> dict[str, str]:
    """Also as loggers print them: `"name": "value",`."""
    found: dict[str, str] = {}
    for line in lines:
        plain = re.sub(r"""^\s*["']([^"']+)["']\s*:""", r"\1:", line)
        if match := _HEADER.match(plain):
            value = match[2].strip()
            quoted = _QUOTED.match(value)
            found[match[1].lower()] = quoted[1] if quoted else value
    return found

"""A line that a person can paste to see that a fresh key works. It changes nothing, and works for the kind that it is for."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A GET with its headers; `{key}` stands for the secret."""

    path: str
    headers: tuple[str, ...]


BEARER, API_KEY = "Authorization: Bearer {key}", "X-API-Key: {key}"
# Any valid key may ask who it is; the header is the one that the kind's own page shows.
WHO_AM_I = {
    "competition": BEARER,
    "casino": BEARER,
    "game_platform": BEARER,
    "feed": API_KEY,
    "agent": BEARER,
    "session": API_KEY,
}
PROVIDERS = Call("/v1/provider/list", (BEARER, "Accept: application/json", "Content-Type: application/json"))


def curl(kind: str, scopes: Collection[str], secret: str, base_url: str) -> str:
    """The whole command, one header a line."""
    agent = kind == "agent" and "providers:read" in scopes
    call = PROVIDERS if agent else Call("/v1/whoami", (WHO_AM_I[kind],))
    lines = [f'-H "{header.format(key=secret)}"' for header in call.headers]
    return "curl " + " \\\n  ".join([*lines, f"{base_url}{call.path}"])

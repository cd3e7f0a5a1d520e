"""What changed in the APIs, and when: `docs/changelog.toml`, checked against what the contracts promise."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from portal.paths import ROOT
from portal.web.deprecation import KEPT_MONTHS, months_after

FILE = ROOT / "docs" / "changelog.toml"
KINDS = {
    "added": "live",
    "changed": "open",
    "fixed": "done",
    "deprecated": "warning",
    "breaking": "failing",
    "removed": "failing",
}
NOTICE = timedelta(days=30)  # a breaking change is announced so long ahead


@dataclass(frozen=True)
class Change:
    """`in_force`: when a breaking change holds, or when what is deprecated goes away; None for what holds at once."""

    announced: date
    kind: str
    api: str
    title: str
    text: str
    in_force: date | None = None

    @property
    def tone(self) -> str:
        return KINDS[self.kind]


def read(path: Path = FILE) -> tuple[Change, ...]:
    """The newest first. Raises ValueError, saying which entry and why, for one that breaks a promise."""
    with path.open("rb") as file:
        entries = tomllib.load(file)["change"]
    return tuple(sorted((_checked(entry) for entry in entries), key=lambda change: change.announced, reverse=True))


def _checked(entry: dict[str, Any]) -> Change:
    try:
        change = Change(**entry)
    except TypeError as error:
        raise ValueError(f"changelog entry {entry.get('title')!r}: {error}") from None
    if change.kind not in KINDS:
        raise ValueError(f"changelog entry {change.title!r}: kind is one of {', '.join(KINDS)}")
    earliest = {"breaking": change.announced + NOTICE, "deprecated": months_after(change.announced, KEPT_MONTHS)}.get(change.kind)
    if earliest is not None and (change.in_force is None or change.in_force < earliest):
        raise ValueError(f"changelog entry {change.title!r}: in_force is {earliest} at the earliest")
    return change

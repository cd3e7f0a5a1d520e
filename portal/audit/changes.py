"""An audit row's before and after as a readable difference: what was taken away and what was added, name by name."""

from dataclasses import dataclass
from typing import Any

from portal.audit.model import AuditRow

# Names that do not read well when only their underscores are taken out.
WORDS = {
    "allowed_addresses": "Allowed addresses",
    "is_active": "Enabled",
    "is_sandbox": "Sandbox",
    "uid": "Id",
    "per_minute": "Calls a minute",
    "writes_per_minute": "Writes a minute",
    "per_hour": "Calls an hour",
    "per_day": "Calls a day",
    "burst_10s": "Calls in 10 s",
    "concurrency": "Calls in flight",
    "launch_url": "Launch address",
    "image_url": "Image address",
    "expires_at": "Expires",
    "revoked_at": "Revoked",
}


NOUNS = {"session": "session link", "batch": "batch of links", "transport": "event feed"}


@dataclass(frozen=True)
class Change:
    """`removed` and `added` hold short texts: one for a plain value, one for each item of a list or line of a text."""

    name: str
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def __str__(self) -> str:
        if self.removed and self.added:
            return f"{self.name}: {', '.join(self.removed)} → {', '.join(self.added)}"
        sign, items = ("−", self.removed) if self.removed else ("+", self.added)
        return f"{self.name}: {sign} {', '.join(items)}"


def changes_of(row: AuditRow) -> list[Change]:
    """In the order of their names. A value that is empty on both sides says nothing and is left out."""
    before, after = row.before or {}, row.after or {}
    found = [_change(name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys())]
    return [change for change in found if change.removed or change.added]


def action_words(action: str) -> str:
    """`session.revoked` → `Session link revoked`."""
    noun, _, verb = action.partition(".")
    return f"{NOUNS.get(noun, noun)} {verb}".replace("_", " ").capitalize()


def _change(name: str, before: Any, after: Any) -> Change:
    old, new = _texts(before), _texts(after)
    if len(old) > 1 or len(new) > 1:
        return Change(_words(name), tuple(t for t in old if t not in new), tuple(t for t in new if t not in old))
    return Change(_words(name), tuple(old), tuple(new))


def _texts(value: Any) -> list[str]:
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return [f"{_words(str(name))} {text}" for name, item in value.items() for text in _texts(item)]
    return [line for line in str(value).splitlines() if line]


def _words(name: str) -> str:
    return WORDS.get(name) or name.replace("_", " ").capitalize()

"""Event types by family: what stands before the dot, and what people call it."""

from collections.abc import Iterable

from portal.outbox.names import EVENTS

WORDS = {
    "key": "API keys",
    "session": "Session links",
    "theme": "Theme",
    "match": "Matches",
    "standings": "Standings",
    "registration_page": "Registration pages",
    "request": "Requests to take part",
    "market": "Offers",
    "bet_settlement": "Settlements of offers",
    "recovery": "Recovery of the feed",
    "transport": "Event feeds",
}


def families(names: Iterable[str] = EVENTS) -> dict[str, list[str]]:
    """These event types by family, both in their order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition(".")[0], []).append(name)
    return found


def family_label(family: str) -> str:
    """What a family is called."""
    return WORDS.get(family, f"{family.replace('_', ' ').capitalize()}s")

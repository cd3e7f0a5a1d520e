"""Which events somebody asked for: types by name, families such as `match.*`, or `*` for all."""

from collections.abc import Collection, Sequence

from portal.kernel.errors import Invalid
from portal.outbox.names import EVENTS

MOST_TYPES = 100
FAMILIES = frozenset(name.partition(".")[0] for name in EVENTS)


def chosen(types: Collection[str], name: str) -> bool:
    """Is the event type among these: by its name, by its family (`match.*`) or by `*`?"""
    return "*" in types or name in types or f"{name.partition('.')[0]}.*" in types


def checked_types(types: Sequence[str], field: str = "events") -> list[str]:
    """Event types, families (`match.*`) or `*`, each once, in the order given. Raises Invalid."""
    if not types:
        raise Invalid(field, f"{field} is empty. Name at least one event type, or * for all.")
    if len(types) > MOST_TYPES:
        raise Invalid(field, f"{field} may name {MOST_TYPES} event types at most. Use families such as match.*, or * for all.")
    for name in types:
        if name != "*" and name not in EVENTS and not (name.endswith(".*") and name[:-2] in FAMILIES):
            raise Invalid(field, f"{field} names {name[:64]!r}, which is no event type. The catalogue of events lists them.")
    return list(dict.fromkeys(types))

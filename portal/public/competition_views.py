"""What each view of a competition shows: its name in an address, its title, and what its template is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from portal.competitions.drawing import TREES, Shape, trees
from portal.competitions.embed_code import views_of
from portal.competitions.tables import standings_of
from portal.competitions.whys import explained
from portal.public import people
from portal.public.showing import (
    Head,
    match_shown,
    matches_in,
    matches_over,
    matches_to_come,
    rounds_of,
)

LINES = 100  # rows of a table on one page


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor wants to see, brought to what there is."""

    view: str
    part: str = ""
    page: int = 1
    match: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.view, self.part, str(self.page), self.match)


def tabs_of(head: Head) -> list[str]:
    """The views that this competition has; the first is shown unless another is asked for."""
    return views_of(head.started, head.format)


def asked_of(head: Head, values: Mapping[str, str]) -> Asked:
    """Anything that is not there shows the first view: an old link still leads somewhere."""
    tabs = tabs_of(head)
    view, text = values.get("view", ""), values.get("page", "")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    if view == "match" and values.get("match") and head.started:
        return Asked("match", match=values["match"][:36])
    part = values.get("part", "") if view in ("", "bracket") else ""
    return Asked(view if view in tabs else tabs[0], part[:12], max(1, page))


def shown_of(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    """What the view's template is given. At most two statements, on a ladder three. Raises NotFound for no such match."""
    return VIEWS[asked.view](session, head, asked)


def _bracket(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    shape = Shape(rounds_of(session, head))
    stage, number = shape.part(asked.part)
    windows = shape.windows(asked.part)
    drawn = trees(head.format, shape, windows, matches_in(session, head, windows))
    parts = {name: shape.parts(name) for name in TREES if shape.parts(name) > 1}
    return {"trees": drawn, "branches": parts, "part": {"stage": stage, "number": number}}


def _table(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    lines = standings_of(session, head.as_competition)
    first = (asked.page - 1) * LINES
    tables = [
        (group, [each for each in found if each is not None])
        for group, found in groupby(explained(head.format, lines)[first : first + LINES], key=lambda line: line.row.group)
    ]
    return {"tables": tables, "more": len(lines) > first + LINES, "of": len(lines)}


def _schedule(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    matches, more = matches_to_come(session, head, asked.page)
    return {"matches": matches, "more": more}


def _results(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    podium = people.podium(session, head) if head.status == "completed" and asked.page == 1 else []
    matches, more = matches_over(session, head, asked.page)
    return {"podium": podium, "matches": matches, "more": more}


def _entrants(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    entrants, more = people.entrants(session, head, asked.page)
    return {"entrants": entrants, "more": more}


def _match(session: Session, head: Head, asked: Asked) -> dict[str, Any]:
    return {"match": match_shown(session, head, asked.match)}


VIEWS: dict[str, Callable[[Session, Head, Asked], dict[str, Any]]] = {
    "bracket": _bracket,
    "table": _table,
    "schedule": _schedule,
    "results": _results,
    "entrants": _entrants,
    "match": _match,
}

"""What every back-office page shows around its content: where one is, where one can go, and the way out."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from flask import Flask, g, url_for

from portal.console.navigation import navigation
from portal.kernel.db import db
from portal.orgs.access import Place
from portal.orgs.model import Reach, reach_of

SHOWN = 12  # organizations in the switcher's menu; the rest are on a page with a search
READ = 200


def init_app(app: Flask) -> None:
    app.context_processor(surroundings)


def surroundings() -> dict[str, Any]:
    """For every template: place, navigation, switcher and the account's addresses; nothing where nobody is signed in."""
    place: Place | None = g.get("place")
    if place is None:
        return {}
    if "surroundings" not in g:
        g.surroundings = {
            "place": place,
            "navigation": navigation(place),
            "switcher": Switcher(place),
            "account_url": url_for("account.show"),
            "sign_out_url": url_for("sign_in.sign_out"),
            "search_url": url_for("console.search", org_slug=place.organization.slug),
        }
    return dict(g.surroundings)


class Switcher:
    """The organizations that the person reaches, as a tree. Asks its one statement when a page draws it: fragments and
    error pages never do."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @cached_property
    def _read(self) -> tuple[list[Reach], int]:
        return reach_of(db.session(), self._place.user.id, READ)

    @property
    def total(self) -> int:
        return self._read[1]

    @property
    def all_url(self) -> str:
        return url_for("console.organizations")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        here = self._place.organization
        shown = self._read[0][:SHOWN]
        if all(one.organization.id != here.id for one in shown):
            shown = [Reach(here, 0), *shown[: SHOWN - 1]]
        for one in shown:
            yield {
                "name": one.organization.name,
                "url": url_for("console.overview", org_slug=one.organization.slug),
                "depth": one.depth,
                "current": one.organization.id == here.id,
                "sandbox": one.organization.is_sandbox,
            }

"""What players see, with made-up content: the pages that the theme editor shows beside its form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from portal.kernel.clock import utc_now
from portal.orgs.model import Organization


@dataclass(frozen=True)
class Surface:
    """One kind of page: its template, and what the template needs besides organization and brand."""

    label: str
    template: str
    content: Mapping[str, Any] = field(default_factory=dict)

    def context(self, org: Organization) -> dict[str, Any]:
        game = SimpleNamespace(name="Friday night cup", image_url=None, starts_at=None, ends_at=None)
        link = SimpleNamespace(expires_at=utc_now() + timedelta(hours=24))
        landing = SimpleNamespace(organization=org, target=game, link=link, kind="game")
        return {"landing": landing, "attempt": "", **self.content}


_USED = SimpleNamespace(
    title="This link has been used",
    sentence="Each link opens once. If your game is still open in another tab, go on there. Otherwise ask for a new link.",
    opens_at=None,
)
SURFACES = {
    "landing": Surface("Link page", "public/landing.html", {"kind": "Table games"}),
    "closed": Surface("Used link", "public/closed.html", {"refusal": _USED}),
}

"""Where the pages of a competition are, and which of them a page links to: an embed keeps its visitor in the frame."""

from dataclasses import dataclass
from urllib.parse import urlencode

from portal.public.showing import Head

THEMES = ("light", "dark", "auto")


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that one page needs. `site` is the installation's own address, `theme` that of an embed, else ""."""

    site: str
    slug: str
    uid: str
    theme: str = ""

    @property
    def embed(self) -> bool:
        return bool(self.theme)

    @property
    def home(self) -> str:
        """The public page, without a host."""
        return f"/c/{self.slug}/{self.uid}"

    @property
    def here(self) -> str:
        """The page itself: public or embed."""
        return f"/embed/{self.uid}" if self.embed else self.home

    @property
    def public(self) -> str:
        """The public page with its host."""
        return self.site + self.home

    @property
    def card(self) -> str:
        return f"{self.public}/card.png"

    @property
    def oembed(self) -> str:
        return f"{self.site}/oembed?{urlencode({'url': self.public, 'format': 'json'})}"

    def view(self, view: str = "", page: int = 1, part: str = "", match: str = "") -> str:
        """Another view on the same page, or in the same frame."""
        asked = {"theme": self.theme, "view": view, "part": part, "match": match, "page": str(page) if page > 1 else ""}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.here}?{query}" if query else self.here

    def entrant(self, uid: str) -> str:
        """Always the public page: a frame opens it beside itself."""
        return f"{self.home}/entrants/{uid}"

    def other(self, uid: str) -> str:
        """Another competition of the same organization."""
        return f"/c/{self.slug}/{uid}"


def links_of(head: Head, site: str, theme: str = "") -> Links:
    return Links(site.rstrip("/"), head.org_slug, head.uid, theme)

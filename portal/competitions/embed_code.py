"""What a site pastes to show a competition (competition-api.txt, "Embeds"): the frame, or the script that makes one, and the
same for React, WordPress and Markdown. And which views of a competition there are to show."""

import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import escape

from portal.formats.rules import ELIMINATION

THEMES = ("light", "dark", "auto")
TITLES = {
    "bracket": "Bracket",
    "table": "Table",
    "schedule": "Schedule",
    "results": "Results",
    "entrants": "Entrants",
    "match": "Match",
}
USUAL_HEIGHT = 600


def views_of(started: bool, format: str) -> list[str]:
    """The views that a competition has; the first is shown unless another is asked for."""
    if not started or format == "leaderboard":
        return ["entrants"]
    return ["bracket" if format in ELIMINATION else "table", "schedule", "results", "entrants"]


def frame_of(
    site: str, uid: str, theme: str, *, width: str = "100%", height: int = USUAL_HEIGHT, title: str = "", **view: str
) -> str:
    """An iframe, on one line. `view` are further parameters of its address."""
    named = f' title="{escape(title)}"' if title else ""
    source = escape(address_of(site, uid, theme, **view))
    return f'<iframe src="{source}"{named} width="{width}" height="{height}" frameborder="0" allow="clipboard-write"></iframe>'


def script_of(site: str, uid: str, theme: str, **data: str) -> str:
    """The place and the script tag, on two lines. `data` are further data attributes."""
    source = escape(f"{site.rstrip('/')}/embed.js")
    place = f'<div id="lc-widget-{uid[:8]}"></div>'
    more = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items() if value)
    return f'{place}\n<script src="{source}" data-competition="{uid}" data-theme="{theme}"{more} async></script>'


def address_of(site: str, uid: str, theme: str, **view: str) -> str:
    """The address of the page in the frame."""
    asked = urlencode({"theme": theme} | {name: value for name, value in view.items() if value})
    return f"{site.rstrip('/')}/embed/{uid}?{asked}"


@dataclass(frozen=True)
class Embed:
    """One view of a competition, as somebody wants to show it. `view` and `match` are "" for the first view; `width` is a
    number of pixels or `100%`; with `grows` the frame follows its content and `height` is that of the first moment."""

    site: str
    slug: str
    uid: str
    title: str
    theme: str = "auto"
    view: str = ""
    match: str = ""
    grows: bool = True
    width: str = "100%"
    height: int = USUAL_HEIGHT

    @property
    def page(self) -> str:
        """The public page."""
        return f"{self.site}/c/{self.slug}/{self.uid}" + (f"?{urlencode(self._view)}" if self._view else "")

    @property
    def html(self) -> str:
        size = {"width": self.width, "height": self.height}
        return frame_of(self.site, self.uid, self.theme, title=self.title, **size, **self._view)  # type: ignore[arg-type]

    @property
    def script(self) -> str:
        height = {} if self.height == USUAL_HEIGHT else {"height": str(self.height)}
        return script_of(self.site, self.uid, self.theme, **self._view, **height, title=self.title)

    @property
    def react(self) -> str:
        return _GROWING.format(**self._in_react) if self.grows else _FIXED.format(**self._in_react)

    @property
    def wordpress(self) -> str:
        """A Custom HTML block: pasted into the editor, it becomes one."""
        return f"<!-- wp:html -->\n{self.script if self.grows else self.html}\n<!-- /wp:html -->"

    @property
    def markdown(self) -> str:
        """Markdown knows no frames: the picture of the competition, which leads to its page."""
        card = f"{self.site}/c/{self.slug}/{self.uid}/card.png"
        return f"[![{_plain(self.title)}]({card})]({self.page})"

    @property
    def _view(self) -> dict[str, str]:
        return {name: value for name, value in (("view", self.view), ("match", self.match)) if value}

    @property
    def _in_react(self) -> dict[str, str]:
        data = {"competition": self.uid, "theme": self.theme, **self._view, "title": self.title}
        width = self.width if self.width.endswith("%") else int(self.width)
        said = {
            "script": f"{self.site}/embed.js",
            "data": data,
            "source": address_of(self.site, self.uid, self.theme, **self._view),
            "title": self.title,
            "width": width,
            "height": self.height,
        }
        return {name: json.dumps(value, ensure_ascii=False).replace("</", "<\\/") for name, value in said.items()}


_GROWING = """\
import {{ useEffect, useRef }} from "react";

export function Competition() {{
  const place = useRef(null);
  useEffect(() => {{
    const here = place.current;
    const script = document.createElement("script");
    script.src = {script};
    Object.assign(script.dataset, {data});
    here.append(script);
    return () => here.replaceChildren();
  }}, []);
  return <div ref={{place}} />;
}}"""
_FIXED = """\
export function Competition() {{
  const frame = {{ title: {title}, width: {width}, height: {height}, allow: "clipboard-write", style: {{ border: 0 }} }};
  return <iframe src={{{source}}} {{...frame}} />;
}}"""


def _plain(text: str) -> str:
    """Text that Markdown takes as it is."""
    return re.sub(r"([\\`*_\[\]<>|&!])", r"\\\1", text)

"""Accessibility of a page as axe-core sees it (vendor/axe.min.js, MPL-2.0)."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The width and scheme in which axe looks: contrast belongs to the one, what is folded away to the other.
LOOKS: dict[int, Literal["light", "dark"]] = {1280: "light", 390: "dark"}
WIDE, SMALLEST = 1280, 320
HEIGHT = 844
# No rule of these needs style sheets and media fetched once more, for which axe would wait.
RUN = """async tags => {
    const asked = {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false};
    return (await axe.run(document, asked)).violations;
}"""
# Charts follow the window's size in the next frame.
WIDTH_AFTER_A_FRAME = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => done(document.documentElement.scrollWidth))))"""


def violations(page: Page) -> list[str]:
    """One line for each rule of WCAG 2.2 AA that the page breaks, with the elements that break it."""
    # Through the debugger, which the page's content security policy does not concern.
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE)
    found = page.evaluate(RUN, RULES)
    return [f"{rule['id']}: {rule['help']} — {', '.join(str(n['target'][0]) for n in rule['nodes'])}" for rule in found]


def faults(page: Page, name: str) -> list[str]:
    """What axe finds on the page as it stands, wide in light and narrow in dark, and whether it runs out at 320 px."""
    found = []
    for width, scheme in LOOKS.items():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("scrollTo(0, 0)")  # what the bar at the top lies over is taken for too small
        found += [f"{name} at {width} px, {scheme}: {one}" for one in violations(page)]
    page.set_viewport_size({"width": SMALLEST, "height": HEIGHT})
    width = page.evaluate(WIDTH_AFTER_A_FRAME)
    if width > SMALLEST:
        found.append(f"{name} is {width} px wide in a window of {SMALLEST} px")
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    return found

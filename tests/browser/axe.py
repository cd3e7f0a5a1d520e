"""Accessibility of a page as axe-core sees it (vendor/axe.min.js, MPL-2.0)."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page: Page) -> list[str]:
    """One line for each rule of WCAG 2.2 AA that the page breaks, with the elements that break it."""
    # Through the debugger, which the page's content security policy does not concern.
    page.evaluate(SOURCE)
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(result => result.violations)", RULES
    )
    return [f"{rule['id']}: {rule['help']} — {', '.join(str(n['target'][0]) for n in rule['nodes'])}" for rule in found]

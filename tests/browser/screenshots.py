"""`python -m tests.browser.screenshots` takes the pictures of docs/screenshots from a fresh demo tenant.

With names of pages as arguments it takes those alone.
"""

import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser import chromium
from tests.browser.demo import DemoServer

TARGET = servers.ROOT / "docs" / "screenshots"
WINDOWS = {1280: 832, 390: 844}  # width: height
THEMES = ("light", "dark")
TALLEST = 2400  # of a page that is pictured to its end


class Camera:
    """One window at one width and in one theme; the demo's operator is signed in."""

    def __init__(self, page: Page, demo: DemoServer) -> None:
        self.page, self.demo, self.facts = page, demo, demo.facts()
        self.office = f"{demo.url}/o/{self.facts['org_slug']}"

    def sign_in(self) -> None:
        self.page.goto(f"{self.demo.url}/sign-in")
        self.page.get_by_label("E-mail").fill(self.facts["operator"]["email"])
        self.page.get_by_label("Password").fill(self.facts["operator"]["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/o/**")

    def at(self, path: str) -> None:
        self.page.goto(self.office + path)

    def named(self, path: str, name: str) -> None:
        """The page of the row that is called `name` in the list at `path`."""
        self.at(path)
        self.page.locator(".office-table").get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", level=1, name=name).wait_for()
        self.page.locator(".u-over, .facts").first.wait_for()

    def issue_drawer(self) -> None:
        self.at("/keys")
        self.page.get_by_role("link", name="Issue key").click()
        self.page.get_by_role("dialog").get_by_role("link", name=re.compile("^Session")).click()
        self.page.locator("#drawer form").wait_for()
        self.page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Booking site")

    def secret(self) -> None:
        self.issue_drawer()
        self.page.get_by_role("dialog").get_by_label("Create links").check()
        self.page.get_by_role("dialog").get_by_role("button", name="Issue key").click()
        self.page.locator("#secret-value").wait_for()

    def theme(self) -> None:
        """A draft with the colour and the words that the API's page has as its sample."""
        self.at("/branding")
        self.page.locator("#primary").fill("#ff6600")
        self.page.locator("#footer").fill("Powered by Esports League NA")
        self.page.locator("#theme-side").get_by_text("Not published").wait_for()
        self.page.frame_locator(".theme-phone iframe").get_by_text("Powered by").wait_for()

    def domain(self) -> None:
        self.at("/domain")
        claim = self.page.get_by_label("Domain", exact=True)
        if claim.count():
            claim.fill("play.esportsna.gg")
            self.page.get_by_role("button", name="Use this domain").click()
        self.page.get_by_text("DNS records", exact=True).wait_for()

    def landing(self) -> None:
        self.at(f"/sessions/new?target=game-{self.facts['game_id']}")
        self.page.get_by_role("button", name="Create link").click()
        link = self.page.locator("#secret-value").inner_text()
        self.page.get_by_role("link", name="I have it").click()
        self.page.goto(link)

    def used(self) -> None:
        self.landing()
        link = self.page.url
        self.page.get_by_role("button", name="Play").click()
        self.page.get_by_text("Verified by this browser").wait_for()
        self.page.goto(link)

    def consumed_link(self) -> None:
        self.at("/sessions?q=player&state=consumed")
        self.page.locator("tbody .cell-link").first.click()
        self.page.get_by_role("table", name="Receipts").wait_for()

    def docs(self, path: str) -> None:
        self.page.goto(f"{self.demo.url}/docs{path}")

    def docs_call(self) -> None:
        """One call of the reference, its answer below."""
        self.docs("/competition/list_competitions")
        self.page.get_by_role("button", name="Send").click()
        self.page.get_by_role("region", name="Answer").wait_for()

    def registration(self, rest: str = "") -> None:
        """The registration page of the competition that players enter by themselves, in the back office."""
        self.named("/competitions?status=registration", "Friday Night Cup")
        self.page.goto(f"{self.page.url}/registration{rest}")

    def register(self) -> None:
        """The page that players see."""
        self.registration()
        self.page.goto(self.page.locator("[data-copy$='/register']").first.get_attribute("data-copy") or "")

    def player(self) -> None:
        """The private page of somebody who has just asked to take part."""
        self.register()
        self.page.get_by_label("Your name").fill(f"Ayra {secrets.token_hex(2)}")
        self.page.get_by_role("button", name="Ask to take part").click()
        self.page.goto(self.page.get_by_label("Private link of").input_value())

    def sign_in_page(self) -> None:
        self.page.context.clear_cookies()
        self.page.goto(f"{self.demo.url}/sign-in")


# name: (steps, whether the picture goes on to the end of the page)
PICTURES: Mapping[str, tuple[Callable[[Camera], None], bool]] = {
    "overview": (lambda camera: camera.at(""), True),
    "keys": (lambda camera: camera.at("/keys"), False),
    "key": (lambda camera: camera.named("/keys", "Results importer"), True),
    "key-issue": (Camera.issue_drawer, False),
    "key-secret": (Camera.secret, False),
    "session-links": (lambda camera: camera.at("/sessions"), False),
    "session-link": (Camera.consumed_link, True),
    "settings": (lambda camera: camera.at("/settings"), True),
    "theme": (Camera.theme, True),
    "domain": (Camera.domain, True),
    "registration": (Camera.registration, True),
    "registration-requests": (lambda camera: camera.registration("/requests"), False),
    "register": (Camera.register, True),
    "player": (Camera.player, True),
    "landing": (Camera.landing, False),
    "landing-used": (Camera.used, False),
    "docs-competition": (lambda camera: camera.docs("/competition#create_team"), False),
    "docs-call": (Camera.docs_call, True),
    "sign-in": (Camera.sign_in_page, False),
}


def take(browser: Browser, demo: DemoServer, target: Path, names: list[str]) -> None:
    """All pictures of one server, in each window and theme."""
    for width, height in WINDOWS.items():
        for theme in THEMES:
            with browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce",
                timezone_id="Europe/Stockholm", locale="en-GB",
            ) as context:  # fmt: skip
                page = context.new_page()
                page.set_default_timeout(15_000)
                camera = Camera(page, demo)
                camera.sign_in()
                for name in names:
                    steps, whole = PICTURES[name]
                    steps(camera)
                    _shoot(page, target / f"{name}-{width}-{theme}.png", whole)


def _shoot(page: Page, path: Path, whole: bool) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    width = int(page.evaluate("innerWidth"))
    if whole:  # a taller window, not Playwright's full page, which leaves what sticks to the window behind
        tall = int(page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": min(max(tall, WINDOWS[width]), TALLEST)})
        page.wait_for_timeout(100)  # charts follow the size
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size({"width": width, "height": WINDOWS[width]})


def main() -> None:
    """Take the pictures named on the command line, or all."""
    names = sys.argv[1:] or list(PICTURES)
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tiltyard-") as directory,
        DemoServer(Path(directory)) as demo,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=chromium.find_or_install(), args=chromium.LAUNCH_ARGS, env=chromium.environment()
        )
        take(browser, demo, TARGET, names)
        browser.close()


if __name__ == "__main__":
    main()

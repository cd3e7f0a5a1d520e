"""`python -m tests.browser.screenshots` takes the pictures of docs/screenshots from a fresh demo tenant.

With names of pages as arguments it takes those alone.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser import chromium
from tests.browser.camera import CUP, FAILING, LEAGUE, OPEN, RUNNING, Camera
from tests.browser.demo import DemoServer
from tests.browser.stage import Stage

TARGET = servers.ROOT / "docs" / "screenshots"
WINDOWS = {1280: 832, 390: 844}  # width: height
THEMES = ("light", "dark")
TALLEST = 2400  # of a page that is pictured to its end


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
    "private-page": (Camera.private_page, True),
    "competitions": (lambda camera: camera.at("/competitions"), False),
    "competition-new-1": (lambda camera: camera.creating(1), True),
    "competition-new-2": (lambda camera: camera.creating(2), True),
    "competition-new-4": (lambda camera: camera.creating(4), True),
    "competition": (lambda camera: camera.of_cup(RUNNING), True),
    "entrants": (lambda camera: camera.of_cup(OPEN, "/entrants"), False),
    "check-in-desk": (lambda camera: camera.of_cup(OPEN, "/check-in"), False),
    "seeding": (lambda camera: camera.of_cup(OPEN, "/entrants/seeding"), True),
    "draw": (lambda camera: camera.of_cup(OPEN, "/entrants/start"), True),
    "matches": (lambda camera: camera.of_cup(RUNNING, "/matches"), False),
    "bracket": (lambda camera: camera.of_cup(RUNNING, "/matches/bracket"), True),
    "correction": (Camera.correction, False),
    "standings": (lambda camera: camera.of_cup(LEAGUE, "/standings"), False),
    "teams": (lambda camera: camera.at("/teams"), False),
    "team": (lambda camera: camera.followed("/teams?q=France", "France", "/matches"), False),
    "players": (lambda camera: camera.at("/players"), False),
    "player": (lambda camera: camera.followed("/players?q=Ayra", "Ayra"), False),
    "seasons": (lambda camera: camera.at("/seasons"), False),
    "season": (lambda camera: camera.followed("/seasons", "Great tournaments"), True),
    "analytics": (lambda camera: camera.at("/analytics"), True),
    "embed-builder": (Camera.embed_builder, True),
    "palette": (Camera.palette, False),
    "public-bracket": (lambda camera: camera.public(CUP), True),
    "public-table": (lambda camera: camera.public(LEAGUE), False),
    "public-entrant": (Camera.public_entrant, True),
    "embed": (lambda camera: camera.public(RUNNING, embed=True), True),
    "landing": (Camera.landing, False),
    "landing-used": (Camera.used, False),
    "docs-competition": (lambda camera: camera.docs("/competition#create_team"), False),
    "docs-call": (Camera.docs_call, True),
    "sign-in": (Camera.sign_in_page, False),
}
# Those for which something is set up first, after all the others: it is seen on other pages too.
STAGED: Mapping[str, tuple[Callable[[Camera], None], bool]] = {
    "webhooks": (lambda camera: camera.at("/webhooks"), False),
    "webhook-new": (Camera.new_webhook, False),
    "webhook": (lambda camera: camera.hook(), True),
    "webhook-deliveries": (lambda camera: camera.hook("deliveries"), False),
    "webhook-settings": (lambda camera: camera.hook("settings"), True),
    "webhook-snippets": (lambda camera: camera.hook("snippets"), True),
    "webhook-doctor": (Camera.doctor, True),
    "webhook-activity": (lambda camera: camera.hook("activity"), False),
    "webhook-test": (Camera.test_event, False),
    "webhook-recover": (lambda camera: camera.hook_drawer("Recover deliveries"), False),
    "webhook-recovery": (Camera.recovery, False),
    "webhook-failing": (lambda camera: camera.hook(name=FAILING), True),
    "deliveries": (lambda camera: camera.at("/webhooks/deliveries"), False),
    "delivery": (Camera.failed_delivery, True),
    "webhook-events": (lambda camera: camera.at("/webhooks/events"), False),
    "webhook-event": (lambda camera: camera.at("/webhooks/events/match.completed"), True),
    "offers": (lambda camera: camera.of_cup(RUNNING, "/offers"), False),
    "offer-new": (lambda camera: camera.offer_drawer("New offer"), False),
    "offer-settle": (Camera.settling, False),
    "settlements": (lambda camera: camera.of_cup(RUNNING, "/offers/log"), False),
    "feeds": (lambda camera: camera.at("/feeds"), False),
    "feed-new": (Camera.new_feed, False),
    "feed": (lambda camera: camera.followed("/feeds", "Odds desk"), False),
    "feed-failing": (lambda camera: camera.followed("/feeds", "Data warehouse"), False),
    "feed-message": (Camera.feed_message, True),
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
                    steps, whole = (PICTURES | STAGED)[name]
                    steps(camera)
                    _shoot(page, target / f"{name}-{width}-{theme}.png", whole)


def _shoot(page: Page, path: Path, whole: bool) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)  # what comes by itself afterwards; a page that follows events is never idle
    page.evaluate("document.fonts.ready")
    width = int(page.evaluate("innerWidth"))
    if whole:  # a taller window, not Playwright's full page, which leaves what sticks to the window behind
        tall = int(page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": min(max(tall, WINDOWS[width]), TALLEST)})
        page.wait_for_timeout(100)  # charts follow the size
    small(page.screenshot()).save(path, optimize=True)
    page.set_viewport_size({"width": width, "height": WINDOWS[width]})


def small(picture: bytes) -> Image.Image:
    """The same in 256 colours, a third of the size: pages are made of few."""
    return Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def take_staged(browser: Browser, demo: DemoServer, directory: Path, names: list[str]) -> None:
    """What is set up is set up once, in a window of its own."""
    with Stage(demo, directory) as stage:
        with browser.new_context(viewport={"width": 1280, "height": 832}) as context:
            camera = Camera(context.new_page(), demo)
            camera.sign_in()
            stage.set_up(camera)
        take(browser, demo, TARGET, names)


def main() -> None:
    """Take the pictures named on the command line, or all."""
    names = sys.argv[1:] or [*PICTURES, *STAGED]
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tiltyard-") as directory,
        tempfile.TemporaryDirectory(prefix="tiltyard-") as another,
        DemoServer(Path(directory), TILTYARD_WEBHOOK_ALLOW_LOCAL="1") as demo,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=chromium.find_or_install(), args=chromium.LAUNCH_ARGS, env=chromium.environment()
        )
        if plain := [name for name in names if name in PICTURES]:
            take(browser, demo, TARGET, plain)
        if staged := [name for name in names if name in STAGED]:
            take_staged(browser, demo, Path(another), staged)
        browser.close()


if __name__ == "__main__":
    main()

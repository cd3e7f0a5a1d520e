"""A real Chromium for the tests of pages. A test asks for `page` and opens addresses of a server that it started."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser import chromium

ACTION_MILLISECONDS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a process; each test gets a window of its own that shares nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find_or_install(), args=chromium.LAUNCH_ARGS, env=chromium.environment()
        )
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the console of `page` complained about so far. A test that provokes a complaint asserts it and clears it."""
    return []


@pytest.fixture
def page(browser: Browser, console_errors: list[str]) -> Iterator[Page]:
    """A fresh window (1280 × 800). The test fails when the console has seen an error that it did not clear:
    a refused inline style, a script that threw, an answer of 400 or more."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.set_default_timeout(ACTION_MILLISECONDS)
        page.on("console", on_console)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        yield page
    assert console_errors == []

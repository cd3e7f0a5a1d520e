"""A real Chromium for the tests of pages. A test asks for `page` and opens addresses of a server that it started."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.office import Office
from tests.conftest import SECRET, application, migrate
from tests.make import Make
from tests.servers import WebServer

ACTION_MILLISECONDS = 10_000
expect.set_options(timeout=ACTION_MILLISECONDS)  # several browsers share the machine with servers and workers


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Pages look the same on both databases: here SQLite alone, shared by the builders and the server."""
    path = tmp_path_factory.mktemp("browser") / "tiltyard.sqlite"
    migrate(f"sqlite:///{path}", path.parent)
    return f"sqlite:///{path}"


# pytest keeps a session's fixture as it was first made, whichever `database_url` it was made for. What hangs on the one
# above is therefore made here again, or it would be the application of the tests that ran before.
@pytest.fixture(scope="session")
def own_redis_url(redis_url: str, worker_id: str) -> str:
    worker = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    return f"{redis_url}?db={12 + worker % 4}"


@pytest.fixture(scope="session")
def app(database_url: str, own_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    yield from application(database_url, own_redis_url, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="package")
def server(database_url: str, own_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real web process on the database of `make`."""
    directory: Path = tmp_path_factory.mktemp("web")
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(directory),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    with WebServer(directory, environ) as web:
        yield web.url


@pytest.fixture
def office(page: Page, server: str, make: Make) -> Office:
    """The back office of an organization of the test's own, nobody signed in yet."""
    return Office(page, server, make.org())


def await_scripts(page: Page) -> None:
    """Let every action and expectation in `page` wait for the deferred scripts of what it shows.

    A click that leads to another page comes back when that page begins. Whoever acts in it before its scripts are there
    is served as without JavaScript, which a test of what they do would call a failure."""
    page.add_locator_handler(page.locator("html"), lambda: page.wait_for_load_state("domcontentloaded"), no_wait_after=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests here; each test gets a window of its own that shares nothing.

    Not for the whole run: Playwright's event loop would go on in the main thread below every later test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find_or_install(), args=chromium.LAUNCH_ARGS, env=chromium.environment()
        )
        browser.on("context", lambda context: context.on("page", await_scripts))
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

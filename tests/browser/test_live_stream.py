"""Pages that follow the live stream, and what they do without it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import SOON
from tests.competitions.playing import Organizer
from tests.conftest import SECRET
from tests.public.staging import team_cup
from tests.servers import WebServer
from tests.streaming.stage import StreamServer, relaying

NAMES = ["Lions", "Tigers", "Bears", "Wolves"]
DONE = ".m.over"


@pytest.fixture(scope="module")
def stream(database_url, own_redis_url, tmp_path_factory) -> Iterator[StreamServer]:
    directory = tmp_path_factory.mktemp("stream")
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(directory),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    with StreamServer(directory, environ) as server:
        yield server


@pytest.fixture(scope="module")
def web(stream, app, own_redis_url, tmp_path_factory) -> Iterator[WebServer]:
    """A web process whose pages know the stream, and somebody who hands events on, to nobody but the stream."""
    environ = stream.environ | {"TILTYARD_STREAM_URL": f"http://127.0.0.1:{stream.port}"}
    with WebServer(tmp_path_factory.mktemp("web"), environ) as server, relaying(app, own_redis_url):
        yield server


@pytest.fixture
def organizer(make, app) -> Organizer:
    return Organizer(make, app.test_client())


@pytest.fixture
def cup(organizer) -> str:
    return team_cup(organizer.make, organizer.org, NAMES)


def asked(page: Page) -> list[str]:
    """Addresses that the page fetches from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.resource_type == "fetch" else None)
    return found


def test_a_page_shows_a_result_that_the_stream_tells_of_and_does_not_ask_meanwhile(page: Page, web, organizer, cup):
    page.goto(f"{web.url}/c/{organizer.org.slug}/{cup}")
    expect(page.locator(DONE)).to_have_count(0)
    page.wait_for_timeout(3_000)  # connected, and the one look that follows it done
    fetched = asked(page)
    page.wait_for_timeout(5_000)
    assert fetched == [], "it asks although the stream stands"
    organizer.report(cup, organizer.ready(cup)[0], 2, 0)
    expect(page.locator(DONE)).to_have_count(1, timeout=SOON)
    assert len(fetched) == 1


def test_a_frame_on_somebody_elses_site_follows_too(page: Page, web, organizer, cup):
    page.goto(f"{web.url}/embed/{cup}")
    page.wait_for_timeout(1_500)
    organizer.report(cup, organizer.ready(cup)[0], 2, 0)
    expect(page.locator(DONE)).to_have_count(1, timeout=SOON)


def test_without_the_stream_the_page_asks_as_before_and_follows_it_again_when_it_is_back(
    page: Page, web, stream, organizer, cup, console_errors
):
    page.goto(f"{web.url}/c/{organizer.org.slug}/{cup}")
    page.wait_for_timeout(1_500)
    stream.kill()
    try:
        organizer.report(cup, organizer.ready(cup)[0], 2, 0)
        expect(page.locator(DONE)).to_have_count(1, timeout=6_000)
        organizer.report(cup, organizer.ready(cup)[0], 2, 0)
        expect(page.locator(DONE)).to_have_count(2, timeout=6_000)
    finally:
        with page.expect_response(lambda answer: "/live/c/" in answer.url and answer.ok, timeout=30_000):
            stream.start()
    organizer.report(cup, organizer.ready(cup)[0], 2, 0)
    expect(page.locator(DONE)).to_have_count(3, timeout=6_000)
    assert console_errors, "the browser tells of the connection that it lost"
    console_errors.clear()

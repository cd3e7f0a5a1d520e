"""Event feeds in a real browser, against a server that speaks SQS: switched on, tried, broken, understood, sent again."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app, worker
from portal.audit.service import SYSTEM
from portal.competitions.model import Match, competition_by_uid, matches_of
from portal.competitions.results import Report, record_result
from portal.kernel.db import db, unit_of_work
from tests.browser.axe import violations
from tests.browser.office import Office, give_cookie
from tests.conftest import SECRET, settings_for
from tests.servers import WebServer
from tests.transports.sqs_server import KEY_ID, SqsServer
from tests.transports.sqs_server import SECRET as AWS_SECRET

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module")
def sqs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqsServer]:
    with SqsServer(tmp_path_factory.mktemp("sqs")) as server:
        yield server


@pytest.fixture
def feeds(app, make, database_url, own_redis_url, tmp_path, page) -> Iterator[Office]:
    """alice's browser on a server that takes queues of this machine, and the worker's threads that send."""
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_LOG_LEVEL": "error",
        "TILTYARD_WEBHOOK_ALLOW_LOCAL": "1",
    }
    org = make.org()
    local = create_app(settings_for(database_url, own_redis_url, tmp_path / "worker", webhook_local=True))
    db.session.remove()
    with WebServer(tmp_path, environ) as server, worker.deliveries(local):
        yield Office(page, server.url, org).carry(make, org.alice)
        page.close()  # or its live parts ask on while the server ends


def fill(page: Page, queue: str, name: str = "Back office queue") -> None:
    """The form of an SQS feed, on a page or in the drawer."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Queue", exact=True).fill(queue)
    page.get_by_label("Access key id").fill(KEY_ID)
    page.get_by_label("Secret access key").fill(AWS_SECRET)
    page.get_by_role("button", name="Switch on", exact=True).click()


def play(make, org) -> tuple[str, str]:
    """A competition and a match of it that was just won."""
    cup = make.competition(org, status="active", entrants=4, category="cs2")
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, cup)
        ready = Match.a_id.is_not(None), Match.b_id.is_not(None), Match.status == "pending"
        match = session.scalars(matches_of(found).where(*ready).limit(1)).one().uid
        record_result(session, found, SYSTEM, match, Report("a", 2, 0))
    return cup, match


def test_alice_switches_a_queue_on_tries_it_breaks_it_sees_why_and_resends(feeds: Office, sqs: SqsServer, make):
    page, queue = feeds.page, sqs.queue(f"events-{feeds.org.slug}")
    feeds.at("/feeds")
    expect(page.get_by_role("heading", name="No event feeds yet")).to_be_visible()
    page.get_by_role("link", name="Switch on event feed").first.click()
    feeds.drawer.get_by_role("link", name="Choose Amazon SQS").click()
    expect(feeds.drawer.get_by_label("Name", exact=True)).to_be_visible()
    assert violations(page) == []
    fill(page, queue)
    expect(page.get_by_role("heading", level=1, name="Back office queue")).to_be_visible()
    assert violations(page) == []

    page.get_by_role("button", name="Send test").click()
    feeds.says("A test message is on its way.")
    expect(feeds.row("transport.test").locator(".state")).to_have_text("Sent")
    feeds.state_is("Healthy")
    feeds.row("transport.test").get_by_role("link", name="transport.test").click()
    expect(page.locator(".notice")).to_contain_text("The queue took it as message")
    expect(page.locator(".code").first).to_contain_text('"eventType": "transport.test"')
    assert violations(page) == []

    page.get_by_role("link", name="Back office queue").click()
    _, match = play(make, feeds.org)
    expect(feeds.row("match.completed").locator(".state")).to_have_text("Sent")
    sent = [json.loads(message["Body"]) for message in sqs.received(queue)]
    assert match in [(body["data"].get("match") or body["data"]).get("id", body["data"].get("matchId")) for body in sent]

    sqs.client().delete_queue(QueueUrl=queue)
    cup, _ = play(make, feeds.org)
    feeds.state_is("Failing")
    expect(page.locator("#feed-head .notice")).to_contain_text("There is no queue at this address.")
    page.get_by_label("Id of event, competition").fill(cup)
    expect(feeds.row("match.completed")).to_have_count(1)
    expect(feeds.row("match.completed").locator(".state")).to_have_text("Retrying")
    assert violations(page) == []
    wait_for(page, lambda: feeds.at("/").page.get_by_role("link", name="See why").count())
    expect(page.get_by_role("region", name="Needs attention")).to_contain_text("The event feed Back office queue is failing.")
    page.get_by_role("link", name="See why").click()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Switch off").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    feeds.state_is("Switched off")

    sqs.queue(f"events-{feeds.org.slug}")
    page.get_by_role("button", name="Resume").click()
    feeds.state_is("Healthy")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Resend what failed").click()
    feeds.says("sent once more.")
    page.get_by_label("Id of event, competition").fill(cup)
    expect(feeds.row("match.completed")).to_have_count(1)
    expect(feeds.row("match.completed").locator(".state")).to_have_text("Sent")
    assert cup in [json.loads(message["Body"])["tournamentId"] for message in sqs.received(queue)]


def test_the_log_keeps_what_is_selected_while_messages_come(feeds: Office, sqs: SqsServer, make):
    page, queue = feeds.page, sqs.queue(f"log-{feeds.org.slug}")
    feeds.at("/feeds/new?kind=sqs")
    fill(page, queue)
    page.get_by_role("button", name="Send test").click()
    expect(feeds.row("transport.test").locator(".state")).to_have_text("Sent")
    feeds.row("transport.test").get_by_role("checkbox").check()
    page.get_by_role("button", name="More", exact=True).click()
    make.event(feeds.org, "season.created")
    expect(feeds.row("season.created").locator(".state")).to_have_text("Sent")
    expect(feeds.row("transport.test").get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_role("link", name="Remove", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Send once more", exact=True).first.click()
    feeds.says("1 message is sent once more.")


def test_an_address_that_is_no_queue_is_told_by_its_field_and_what_was_typed_stays(feeds: Office, console_errors: list[str]):
    page = feeds.page
    feeds.at("/feeds").page.get_by_role("link", name="Switch on event feed").first.click()
    feeds.drawer.get_by_role("link", name="Choose Amazon SQS").click()
    fill(page, "https://sqs.eu-west-1.amazonaws.com/123456789012/plain")
    expect(page.locator("#queue_url-error")).to_contain_text("the name of a FIFO queue: /123456789012/events.fifo")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Back office queue")
    expect(page.get_by_label("Secret access key")).to_have_value("")
    assert violations(page) == []
    assert "422" in console_errors.pop()


def test_all_of_it_works_where_no_script_runs(feeds: Office, sqs: SqsServer, browser: Browser, make):
    queue = sqs.queue(f"plain-{feeds.org.slug}")
    with browser.new_context(java_script_enabled=False) as context:
        give_cookie(context, feeds.server, make, feeds.org.alice)
        page = context.new_page()
        page.set_default_timeout(10_000)
        plain = Office(page, feeds.server, feeds.org)
        plain.at("/feeds").page.get_by_role("link", name="Switch on event feed").first.click()
        page.get_by_role("link", name="Choose Amazon SQS").click()
        fill(page, queue)
        expect(page.get_by_role("heading", level=1, name=re.compile("Back office queue"))).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        plain.state_is("Paused")
        make.event(feeds.org, "season.created")
        wait_for(page, lambda: page.reload() and plain.row("season.created").count())
        expect(plain.row("season.created").locator(".state")).to_have_text("Waiting")
        plain.row("season.created").get_by_role("checkbox").check()
        page.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(plain.row("season.created").locator(".state")).to_have_text("Canceled")
        page.get_by_role("button", name="Resume").click()
        plain.row("season.created").get_by_role("link", name="season.created").click()
        page.get_by_role("button", name="Send once more").click()
        page.get_by_text("is sent once more, with the same id").wait_for()


def wait_for(page: Page, there: Callable[[], object]) -> None:
    """Where nothing asks by itself, somebody loads the page again, as `there` does."""
    for _ in range(60):
        if there():
            return
        page.wait_for_timeout(250)
    raise AssertionError("it never came")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_page_of_a_feed_fits_the_screen_and_everybody(feeds: Office, make, width: int, scheme: str):
    page = feeds.page
    uid = make.transport(feeds.org)
    message = make.transport_message(feeds.org, uid)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    of_feed = ("", "?tab=activity", "/edit", "/remove", f"/messages/{message}")
    for path in ("", "/new", "/new?kind=sqs", *(f"/{uid}{rest}" for rest in of_feed)):
        page.goto(f"{feeds.home}/feeds{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert violations(page) == [], path

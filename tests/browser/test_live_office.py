"""The back office while others work: pages follow what happens, keep what a person has in hand, and can do without the stream."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app, worker
from portal.audit.service import SYSTEM
from portal.competitions.model import competition_by_uid
from portal.competitions.results import Report, record_result
from portal.kernel.db import db, unit_of_work
from portal.keys.model import key_by_uid
from portal.keys.service import revoke_key
from portal.orgs.model import Organization
from tests.browser.office import SOON, Office, call, give_cookie
from tests.conftest import SECRET, settings_for
from tests.make import Make
from tests.public.staging import team_cup
from tests.servers import WebServer, free_port
from tests.streaming.stage import StreamServer
from tests.webhooks.office import Office as Hooks
from tests.webhooks.receiver import Receiver, receiving, status

pytestmark = [pytest.mark.browser, pytest.mark.processes]
POLLED = 12_000  # without the stream pages ask every two to five seconds


@pytest.fixture(scope="module")
def web(database_url, own_redis_url, tmp_path_factory) -> Iterator[WebServer]:
    """A web process whose pages know the stream."""
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path_factory.mktemp("data")),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_WEBHOOK_ALLOW_LOCAL": "1",
        "TILTYARD_STREAM_URL": f"http://127.0.0.1:{free_port()}",
    }
    with WebServer(tmp_path_factory.mktemp("web"), environ) as server:
        yield server


@pytest.fixture(scope="module")
def stream(web, tmp_path_factory) -> Iterator[StreamServer]:
    """The process that those pages follow: it answers the site's own pages alone."""
    server = StreamServer(tmp_path_factory.mktemp("stream"), web.environ | {"TILTYARD_BASE_URL": web.url})
    server.port = int(web.environ["TILTYARD_STREAM_URL"].rpartition(":")[2])
    server.environ["TILTYARD_STREAM_PORT"] = str(server.port)
    with server:
        yield server


@pytest.fixture
def working(make, database_url, own_redis_url, tmp_path) -> Iterator[Make]:
    """A worker's threads: events are handed on, deliveries sent; with builders that may name addresses of this machine."""
    local = create_app(settings_for(database_url, own_redis_url, tmp_path / "worker", webhook_local=True))
    db.session.remove()
    with worker.deliveries(local):
        yield Make(local)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def alice(web, stream, make, page) -> Office:
    org = make.org()
    return Office(page, web.url, org).carry(make, org.alice)


@contextmanager
def following(page: Page) -> Iterator[None]:
    """What the block opens follows the stream when it ends, and has had its first look."""
    with page.expect_response(lambda answer: "/live/o?ticket" in answer.url and answer.ok, timeout=30_000):
        yield
    page.wait_for_timeout(2_000)


def brought(page: Page):
    """With what the block does a live part fetches something new."""
    return page.expect_response(lambda answer: "seen=" in answer.url and answer.status == 200, timeout=POLLED)


def asked(page: Page) -> list[str]:
    """What live parts fetch from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "seen=" in request.url else None)
    return found


def test_the_delivery_log_shows_each_try_and_goes_on_without_the_stream(
    alice: Office, make, app, working, receiver: Receiver, stream, console_errors
):
    page, hooks = alice.page, Hooks(app, make, alice.org)
    receiver.answers["/in"] = status(500)
    working.webhook(alice.org, receiver.url("/in"), ["match.completed"])
    make.event(alice.org)
    receiver.wait(1, "/in")
    with following(page):
        alice.at("/webhooks/deliveries")
    page.evaluate("window.notReloaded = true")
    box = page.locator("tbody tr input[name=id]")
    expect(box).to_have_count(1)
    box.check()
    fetched = asked(page)
    page.wait_for_timeout(2_500)  # it would have asked once
    assert fetched == [], "it asks although the stream stands"

    make.event(alice.org)
    receiver.wait(2, "/in")
    expect(page.locator("tbody tr", has_text="500")).to_have_count(2, timeout=SOON)
    receiver.answers.clear()
    hooks.pass_time()
    receiver.wait(4, "/in")
    expect(page.locator("tbody tr", has_text="Delivered")).to_have_count(2, timeout=SOON)
    expect(page.locator("tbody tr:last-child input[name=id]")).to_be_checked()
    expect(page.locator("[data-selected]")).to_have_text("1 selected")
    expect(page.locator("#live")).to_be_empty()  # a list that goes on by itself says nothing

    stream.kill()
    try:
        make.event(alice.org)
        expect(page.locator("tbody tr", has_text="Delivered")).to_have_count(3, timeout=POLLED)
    finally:
        with following(page):
            stream.start()
    fetched.clear()
    page.wait_for_timeout(2_500)  # it would have asked once
    assert fetched == [], "it goes on asking although the stream is back"
    make.event(alice.org)
    expect(page.locator("tbody tr", has_text="Delivered")).to_have_count(4, timeout=SOON)
    assert page.evaluate("window.notReloaded")
    assert console_errors, "the browser tells of the connection that it lost"
    console_errors.clear()


def test_one_delivery_is_followed_from_its_failure_to_its_arrival(alice: Office, make, app, working, receiver: Receiver):
    page = alice.page
    receiver.answers["/in"] = status(503)
    uid = make.delivery(alice.org, working.webhook(alice.org, receiver.url("/in")))
    receiver.wait(1, "/in")
    with following(page):
        alice.at(f"/webhooks/deliveries/{uid}")
    details = page.locator("#attempt-1 details.more")
    details.locator("summary").click()
    receiver.answers.clear()
    Hooks(app, make, alice.org).pass_time()
    expect(page.locator("#attempt-2")).to_be_visible(timeout=SOON + 1_000)  # a worker looks once a second
    alice.state_is("Delivered")
    expect(details).to_have_attribute("open", "")
    expect(page.locator("#live")).to_have_text("match.completed: Delivered")


def test_a_key_shows_its_calls_and_what_colleagues_do_while_a_form_is_half_filled(alice: Office, make, web, console_errors):
    page = alice.page
    secret = make.key(alice.org, "competition", name="Nightly sync", scopes=["analytics:read"])
    uid = make.uid_of_key(secret)
    with following(page):
        alice.at(f"/keys/{uid}")
    expect(page.get_by_role("heading", name="No calls in the last 24 hours")).to_be_visible()
    assert call(web.url, "GET", f"/api/v1/analytics?org_id={alice.org.uid}", secret)[0] == 200
    expect(page.get_by_role("heading", name="1 call in the last 24 hours, none refused")).to_be_visible(timeout=SOON + 2_000)
    expect(page.locator(".facts", has_text="127.0.0.1")).to_be_visible()  # a process counts for two seconds

    page.locator("#calls-day summary").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    name = alice.drawer.get_by_label("Name", exact=True)
    name.fill("Nightly synchroni")
    assert call(web.url, "POST", "/api/v1/competitions", secret, {})[0] == 403
    expect(page.get_by_role("heading", name="2 calls in the last 24 hours, 50.0% refused")).to_be_attached(timeout=SOON + 2_000)
    with unit_of_work() as session:
        owner = session.get_one(Organization, alice.org.id)
        revoke_key(session, owner, key_by_uid(session, owner, uid), SYSTEM)
    expect(page.locator("#page-title")).to_have_text(re.compile(r"Revoked$"), timeout=SOON)
    expect(page.locator("#live")).to_have_text("Nightly sync: Revoked")
    expect(name).to_have_value("Nightly synchroni")
    expect(name).to_be_focused()
    expect(page.locator("#calls-day details")).to_have_attribute("open", "")
    expect(page.locator("#key").get_by_role("link", name="Revoke key")).to_have_count(0)


def test_the_list_of_keys_keeps_its_filter_and_an_open_menu(alice: Office, make, web):
    page = alice.page
    secret = make.key(alice.org, "competition", name="Nightly sync")
    make.key(alice.org, "competition", name="Something else")
    with following(page):
        alice.at("/keys?q=Nightly")
    row = alice.row("Nightly sync")
    expect(row).to_contain_text("Never")
    row.get_by_role("button", name="Actions for").click()
    menu = page.locator("[data-menu]:popover-open")
    expect(menu).to_be_visible()
    with brought(page):
        call(web.url, "GET", f"/api/v1/analytics?org_id={alice.org.uid}", secret)
    page.wait_for_timeout(300)
    expect(menu).to_be_visible()  # not taken from under the pointer
    page.keyboard.press("Escape")
    expect(row).to_contain_text("just now", timeout=POLLED)
    expect(page.locator("tbody tr")).to_have_count(1)


def test_at_the_desk_the_other_helper_sees_at_once_who_arrived(alice: Office, make, browser: Browser, working):
    cup = make.competition(alice.org, status="registration")
    make.enter(alice.org, cup, range(1, 5), checked_in=False)
    here = f"/competitions/{cup}/check-in"
    with browser.new_context() as window:
        give_cookie(window, alice.server, make, alice.org.alice)
        other = window.new_page()
        with following(other):
            other.goto(alice.home + here)
        search = other.get_by_role("searchbox")
        search.fill("0x")
        fetched = asked(other)
        alice.at(here).page.get_by_role("button", name="Check in 0x").first.click()
        expect(other.locator("[data-desk-said]")).to_contain_text("1 here", timeout=SOON)
        assert len(fetched) <= 3, "it was told, and did not ask on its own"
        expect(search).to_have_value("0x")
        expect(search).to_be_focused()


def test_a_bracket_shows_the_results_of_others_and_keeps_what_is_typed(alice: Office, make, working):
    page = alice.page
    cup = team_cup(make, alice.org, ["Lions", "Tigers", "Bears", "Wolves"])
    with following(page):
        alice.at(f"/competitions/{cup}/matches/bracket")
    mine, theirs = (page.locator("form[data-result]").nth(place) for place in (0, 1))
    match = theirs.get_attribute("data-match")
    typed = mine.locator(".score-in").first
    typed.fill("3")
    report(alice.org, cup, match)
    expect(page.locator(f"#m-{match}")).to_contain_text("2", timeout=SOON)
    expect(page.locator("#play-count")).to_have_text("1 of 3 played, 2 to go")
    expect(typed).to_have_value("3")
    expect(typed).to_be_focused()

    with brought(page):
        report(alice.org, cup, mine.get_attribute("data-match"))  # the one that alice types in: hers to send or to leave
    page.wait_for_timeout(300)
    expect(typed).to_be_focused()
    typed.blur()
    expect(page.locator("#play-count")).to_have_text("2 of 3 played, 1 to go", timeout=POLLED)


def report(org, cup: str, match: str) -> None:
    """Somebody reports 2 to 0."""
    with unit_of_work() as session:
        record_result(session, competition_by_uid(session, org.id, cup), SYSTEM, match, Report("a", 2, 0))

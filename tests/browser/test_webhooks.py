"""Webhooks in a real browser, against a real receiver: made, tried, broken, understood, sent again."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from portal import create_app, worker
from portal.kernel.db import db
from tests.browser.axe import violations
from tests.browser.office import Office
from tests.conftest import SECRET, settings_for
from tests.servers import WebServer
from tests.webhooks.receiver import Receiver, receiving, status

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture(scope="module")
def web(database_url, own_redis_url, tmp_path_factory) -> Iterator[WebServer]:
    """A server that may reach this machine."""
    directory = tmp_path_factory.mktemp("web")
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(directory),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_LOG_LEVEL": "error",
        "TILTYARD_WEBHOOK_ALLOW_LOCAL": "1",
    }
    with WebServer(directory, environ) as server:
        yield server


@pytest.fixture
def hooks(web, make, database_url, own_redis_url, tmp_path, page) -> Iterator[Office]:
    """alice's browser, and the worker's threads that deliver."""
    org = make.org()
    local = create_app(settings_for(database_url, own_redis_url, tmp_path / "worker", webhook_local=True))
    db.session.remove()
    with worker.deliveries(local):
        yield Office(page, web.url, org).carry(make, org.alice)


def add(hooks: Office, url: str, description: str) -> str:
    """A webhook for all events, made in the drawer; its secret, which still stands there."""
    hooks.at("/webhooks").page.get_by_role("link", name="Add webhook").first.click()
    hooks.drawer.get_by_label("Address", exact=True).fill(url)
    hooks.drawer.get_by_label("Description", exact=False).first.fill(description)
    hooks.drawer.get_by_role("checkbox", name=re.compile("^All events")).check()
    hooks.drawer.get_by_role("button", name="Add webhook").click()
    return hooks.secret.inner_text()


def send_test(hooks: Office, **data: object) -> None:
    hooks.page.get_by_role("link", name="Send test event").click()
    if data:
        hooks.drawer.get_by_label("Data").fill(json.dumps(data))
    hooks.drawer.get_by_role("button", name="Send", exact=True).click()


def test_alice_makes_a_webhook_tries_it_breaks_it_sees_why_and_resends(hooks: Office, receiver: Receiver):
    page = hooks.page
    assert add(hooks, receiver.url("/in"), "Scoreboard").startswith("whsec_")
    assert violations(page) == []
    page.get_by_role("link", name="I have stored it").click()
    page.get_by_role("link", name="Scoreboard", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Scoreboard")).to_be_visible()

    send_test(hooks, hello="world")
    expect(hooks.drawer.get_by_role("heading", name="Test event delivered")).to_be_visible()
    assert violations(page) == []
    sent = next(one for one in receiver.at("/in") if one.json.get("test"))
    assert sent.json["data"] == {"hello": "world"} and sent.json["type"] == "match.completed"

    receiver.answers["/in"] = status(500, body=b"the score table is locked")
    hooks.drawer.get_by_role("link", name="Send another").click()
    hooks.drawer.get_by_role("button", name="Send", exact=True).click()
    expect(hooks.drawer.get_by_role("heading", name="Test event not delivered")).to_be_visible()
    expect(hooks.drawer.get_by_text("the score table is locked")).to_be_visible()
    hooks.drawer.get_by_role("link", name="Open the delivery").click()
    hooks.state_is("Retrying")
    expect(page.get_by_text("The receiver answered 500.").first).to_be_visible()
    assert violations(page) == []

    receiver.answers.clear()
    page.get_by_role("button", name="Cancel").click()
    hooks.state_is("Canceled")
    page.get_by_role("button", name="Resend").click()
    hooks.state_is("Delivered")
    assert page.locator(".attempt").count() == 2


def test_the_log_shows_what_arrives_and_keeps_what_is_selected(hooks: Office, receiver: Receiver, make):
    page = hooks.page
    make_local(hooks, make, receiver.url("/in"))
    hooks.at("/webhooks/deliveries")
    expect(hooks.row("webhook.created").locator(".state")).to_have_text("Delivered")
    hooks.row("webhook.created").get_by_role("checkbox").check()
    make.event(hooks.org, "match.completed")
    expect(hooks.row("match.completed").locator(".state")).to_have_text("Delivered")
    expect(hooks.row("webhook.created").get_by_role("checkbox")).to_be_checked()
    page.get_by_role("button", name="Resend", exact=True).first.click()
    hooks.says("1 delivery is on the way once more.")
    assert violations(page) == []


def test_an_address_that_cannot_be_used_is_said_at_once_and_nothing_typed_is_lost(hooks: Office, console_errors: list[str]):
    page = hooks.page
    hooks.at("/webhooks/new")
    page.get_by_label("Address", exact=True).fill("https://10.0.0.7/hooks")
    expect(page.locator("#url-says")).to_contain_text("must lead to the public internet")
    page.get_by_label("Description", exact=False).first.fill("Scoreboard")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.locator(".error-summary")).to_contain_text("2 things need a change")
    expect(page.get_by_label("Description", exact=False).first).to_have_value("Scoreboard")
    assert violations(page) == []
    assert "422" in console_errors.pop()


def test_the_doctor_says_why_a_signature_is_refused(hooks: Office, receiver: Receiver, make):
    page = hooks.page
    uid = make_local(hooks, make, receiver.url("/in"))
    (arrival,) = receiver.wait(1, "/in")
    head = "\n".join(f"{name}: {value}" for name, value in arrival.headers.items())
    hooks.at(f"/webhooks/{uid}?tab=doctor")
    page.get_by_label("Received request").fill(f"{head}\n\n{json.dumps(arrival.json, indent=2)}")
    page.get_by_role("button", name="Examine").click()
    expect(page.locator("#doctor .notice")).to_contain_text("It is the same JSON in other bytes.")
    assert violations(page) == []
    page.get_by_label("Received request").fill(f"{head}\n\n{arrival.body.decode()}")
    page.get_by_role("button", name="Examine").click()
    expect(page.locator("#doctor .notice")).to_contain_text("The signature is right.")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_page_of_a_webhook_fits_the_screen_and_everybody(hooks: Office, receiver: Receiver, make, width: int, scheme: str):
    page = hooks.page
    receiver.answers["/in"] = status(503, "Retry-After: 30", "X-Rather-Long: " + "a" * 300, body=b"{}")
    uid = make_local(hooks, make, receiver.url("/in"), description="Scoreboard with a rather long name that does not end soon")
    receiver.wait(1, "/in")
    delivery = make.delivery(hooks.org, uid, text="x" * 300)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tabs = ("", *(f"?tab={name}" for name in ("deliveries", "settings", "snippets", "doctor", "activity")))
    acts = ("/edit", "/rotate", "/delete", "/recover", "/test")
    for path in ("", "/new", "/events", "/events/match.completed", "/deliveries", f"/deliveries/{delivery}"):
        fits(page, f"{hooks.home}/webhooks{path}", width)
    for path in (*tabs, *acts):
        fits(page, f"{hooks.home}/webhooks/{uid}{path}", width)


def make_local(hooks: Office, make, url: str, **terms: object) -> str:
    """The uid of a webhook for everything at an address of this machine, which the browser's server allows."""
    settings = make.app.config["SETTINGS"]
    make.app.config["SETTINGS"] = settings_for(settings.database_url, settings.redis_url, settings.data_dir, webhook_local=True)
    try:
        return make.webhook(hooks.org, url, **terms)
    finally:
        make.app.config["SETTINGS"] = settings


def fits(page: Page, url: str, width: int) -> None:
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, url
    assert violations(page) == [], url

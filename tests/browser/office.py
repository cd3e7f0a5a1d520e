"""What the journeys do again and again in the back office, and the program that calls with a key."""

import http.client
import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.make import Make, Org, Person

# The headless browser says so in its name, and a link that it opens would count as looked at by a program.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
SOON = 4_000  # milliseconds. Two seconds are the promise to who follows; a crowded machine gets twice that.


class Office:
    """The back office of one organization in one window."""

    def __init__(self, page: Page, server: str, org: Org) -> None:
        self.page, self.server, self.org = page, server, org
        self.home = f"{server}/o/{org.slug}"

    def at(self, path: str = "/") -> "Office":
        self.page.goto(self.home + path)
        return self

    def sign_in(self, person: Person) -> None:
        """As people do: on the page, with the keyboard or not."""
        self.page.goto(f"{self.server}/sign-in")
        self.page.get_by_label("E-mail").fill(person.email)
        self.page.get_by_label("Password").fill(person.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

    def carry(self, make: Make, person: Person) -> "Office":
        """Signed in already: the window gets the cookie of a sign-in that was made without it."""
        give_cookie(self.page.context, self.server, make, person)
        return self

    @property
    def drawer(self) -> Locator:
        return self.page.locator("#drawer")

    @property
    def secret(self) -> Locator:
        return self.page.locator("#secret-value")

    def open_issue_form(self, kind: str) -> None:
        """The form of a new key of `kind`, in the drawer."""
        self.page.get_by_role("link", name="Issue key").first.click()
        self.drawer.get_by_role("link", name=re.compile(f"^{kind}")).click()
        expect(self.drawer.get_by_label("Name", exact=True)).to_be_focused()

    def issue_key(self, name: str, kind: str, bundle: str) -> str:
        """Issue a key in the drawer; its secret, which still stands there."""
        self.at("/keys").open_issue_form(kind)
        self.drawer.get_by_label("Name", exact=True).fill(name)
        self.drawer.get_by_role("checkbox", name=re.compile(f"^{bundle}")).check()
        self.drawer.get_by_role("button", name="Issue key").click()
        return self.secret.inner_text()

    def open_key(self, name: str) -> None:
        self.at("/keys").page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def state_is(self, word: str) -> None:
        """The badge beside the page's title."""
        expect(self.page.locator("#page-title")).to_have_text(re.compile(rf"\b{word}$"))

    def says(self, text: str) -> Locator:
        """The toast with `text`."""
        toast = self.page.locator(".toast-box", has_text=text)
        expect(toast).to_be_visible()
        return toast

    def row(self, text: str) -> Locator:
        return self.page.locator("tbody tr", has_text=text)

    def from_menu(self, row: str, item: str) -> None:
        """Choose `item` in the menu of the row with `row`."""
        self.row(row).get_by_role("button", name="Actions for").click()
        self.page.locator("[data-menu]:popover-open").get_by_text(item, exact=True).click()


def give_cookie(context: BrowserContext, server: str, make: Make, person: Person) -> None:
    """`person` is signed in in `context`."""
    cookie = make.signed_in(person).get_cookie("tiltyard")
    assert cookie is not None
    context.add_cookies([{"name": "tiltyard", "value": cookie.value, "url": server}])


def player(browser: Browser) -> BrowserContext:
    """The browser of somebody who plays: no cookie, a phone's width, a person's name."""
    return browser.new_context(viewport={"width": 390, "height": 844}, user_agent=PERSON)


def call(server: str, method: str, path: str, key: str = "", body: object = None, **headers: str) -> tuple[int, dict]:
    """What an integrator's program sends; status and the JSON that came back ({} where it is none)."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=10)
    sent = {"Content-Type": "application/json"} | ({"X-API-Key": key} if key else {}) | headers
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if "json" in (answer.getheader("Content-Type") or "") else {}
    finally:
        connection.close()

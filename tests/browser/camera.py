"""One window on the demo tenant, and the ways to what the pictures of docs/screenshots show."""

import re
import secrets
from urllib.parse import quote, urljoin

from playwright.sync_api import Page

from tests.browser.demo import DemoServer

LEAGUE, CUP, RUNNING, OPEN = "Premier League 2022/23", "World Cup 2018", "Arena Five Invitational", "Friday Night Cup"

HOOK, FAILING = "Scoreboard in the arena", "Settlement ledger"
RECOVERIES: dict[str, str] = {}  # by the server, where one was made


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

    def private_page(self) -> None:
        """The private page of somebody who has just asked to take part."""
        self.register()
        self.page.get_by_label("Your name").fill(f"Ayra {secrets.token_hex(2)}")
        self.page.get_by_role("button", name="Ask to take part").click()
        self.page.goto(self.page.get_by_label("Private link of").input_value())

    def sign_in_page(self) -> None:
        self.page.context.clear_cookies()
        self.page.goto(f"{self.demo.url}/sign-in")

    def of_cup(self, title: str, rest: str = "") -> None:
        """A page of the competition that is called `title`."""
        self.at(f"/competitions?q={quote(title)}")
        way = self.page.locator("tbody").get_by_role("link", name=title, exact=True).get_attribute("href")
        self.page.goto(f"{self.demo.url}{way}{rest}")

    def followed(self, path: str, name: str, rest: str = "") -> None:
        """A page of the row that is called `name` in the list at `path`."""
        self.at(path)
        way = self.page.locator("tbody").get_by_role("link", name=name, exact=True).first.get_attribute("href") or ""
        self.page.goto(urljoin(self.page.url, way.split("?")[0] + rest))

    def creating(self, step: int) -> None:
        """Making a double elimination: 1 is the choice of a template, 4 what comes of it."""
        self.at("/competitions/new")
        if step > 1:
            self.page.locator("button.starter", has_text="Double elimination").click()
            self.page.get_by_label("Title").fill("Winter Open")
        for _ in range(step - 2):
            self.page.locator(".form-actions .btn-primary").click()
            self.page.wait_for_load_state("networkidle")

    def correction(self) -> None:
        """What another winner of the first match would take with it."""
        self.of_cup(RUNNING, "/matches?status=over&sort=number")
        self.page.get_by_role("button", name="Actions for").first.click()
        self.page.locator("[data-menu]:popover-open").get_by_text("Correct result").click()
        drawer = self.page.locator("#drawer")
        drawer.locator("#score_a").fill("1")
        drawer.locator("#score_b").fill("2")
        drawer.get_by_role("button", name="Preview").click()
        drawer.locator(".foreseen").wait_for()

    def public(self, title: str, rest: str = "", *, embed: bool = False) -> None:
        """The page that everybody sees, or what other sites show of it."""
        self.of_cup(title)
        uid = self.page.url.rsplit("/", 1)[1]
        shown = f"/embed/{uid}" if embed else f"/c/{self.facts['org_slug']}/{uid}"
        self.page.goto(self.demo.url + shown + rest)

    def public_entrant(self) -> None:
        self.public(RUNNING)
        self.page.locator(".m a").first.click()
        self.page.wait_for_url("**/entrants/**")

    def embed_builder(self) -> None:
        self.of_cup(RUNNING)
        uid = self.page.url.rsplit("/", 1)[1]
        self.at(f"/embeds?competition={uid}")
        self.page.frame_locator(".embed-shot iframe").first.locator(".m").first.wait_for()

    def palette(self) -> None:
        self.at("/competitions")
        self.page.keyboard.press("Control+k")
        self.page.keyboard.type("arena")
        self.page.locator("#palette [role=option]").nth(1).wait_for()

    def hook(self, tab: str = "", name: str = HOOK) -> None:
        self.followed("/webhooks", name, f"?tab={tab}" if tab else "")

    def new_webhook(self) -> None:
        self.at("/webhooks")
        self.page.get_by_role("link", name="Add webhook").click()
        drawer = self.page.locator("#drawer")
        drawer.get_by_label("Address", exact=True).fill("https://example.com/hooks")

    def hook_drawer(self, item: str, name: str = FAILING) -> None:
        """What the menu of a webhook opens in the drawer."""
        self.hook(name=name)
        self.page.get_by_role("button", name="More", exact=True).click()
        self.page.get_by_role("link", name=item).click()
        self.page.locator("#drawer form").wait_for()

    def recover(self, name: str) -> None:
        """Send what a webhook was never given, and stay until it is done."""
        self.hook_drawer("Recover deliveries", name)
        drawer = self.page.locator("#drawer")
        drawer.get_by_label("What it was never given").check()
        drawer.get_by_role("button", name="Send again").click()
        self.page.locator("#job-card .state-live").wait_for()
        self.page.locator("#job-facts", has_text="Not yet").wait_for(state="hidden")
        RECOVERIES[self.demo.url] = self.page.url

    def recovery(self) -> None:
        """The one that was made when the stage was set up: another would find nothing."""
        self.page.goto(RECOVERIES[self.demo.url])

    def test_event(self) -> None:
        self.hook()
        self.page.get_by_role("link", name="Send test event").click()
        self.page.locator("#drawer form").wait_for()

    def failed_delivery(self) -> None:
        self.at("/webhooks/deliveries?status=pending&sort=-attempts")
        self.page.locator("tbody .cell-link").first.click()
        self.page.locator(".attempt").first.wait_for()

    def doctor(self) -> None:
        """A body that was read as JSON and written again, which is what goes wrong most often."""
        self.hook("deliveries")
        self.page.locator("tbody .cell-link").first.click()
        head = "\n".join(
            ": ".join(row.locator("th, td").all_inner_texts())
            for row in self.page.locator(".attempt").first.locator("section").first.locator("tbody tr").all()
        )
        body = self.page.locator("#delivery > .panel .code code").last.inner_text()
        self.hook("doctor")
        self.page.get_by_label("Received request").fill(f"{head}\n\n{body}")
        self.page.get_by_role("button", name="Examine").click()
        self.page.locator("#doctor .notice").wait_for()

    def offer_drawer(self, link: str) -> None:
        self.of_cup(RUNNING, "/offers")
        self.page.get_by_role("link", name=link).click()
        self.page.locator("#drawer form").wait_for()

    def settling(self) -> None:
        self.of_cup(RUNNING, "/offers?status=suspended")
        self.page.get_by_role("button", name="Actions for").first.click()
        self.page.locator("[data-menu]:popover-open").get_by_text("Settle", exact=True).click()
        self.page.locator("#drawer form").wait_for()

    def new_feed(self) -> None:
        self.at("/feeds")
        self.page.get_by_role("link", name="Switch on event feed").click()
        self.page.locator("#drawer").get_by_role("link", name="Choose Amazon SQS").click()
        self.page.locator("#drawer").get_by_label("Name", exact=True).fill("Trading desk")

    def feed_message(self) -> None:
        self.followed("/feeds", "Odds desk", "?type=bet_settlement")
        self.page.locator("tbody .cell-link").first.click()
        self.page.locator("#message .code").first.wait_for()

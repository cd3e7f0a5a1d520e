"""Competitions as people see them: on the page, on a phone, without JavaScript, and in a frame on somebody else's site."""

import http.server
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.competitions.playing import Organizer
from tests.public.staging import NAMES, change, team_cup

LONG = "A team name so long that no box on any page has room for the whole of it, whatever the width"
STRANGE = [NAMES[0], LONG, "نادي الصقور", "<script>alert(1)</script>", *NAMES[4:]]
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 600);
})"""


@pytest.fixture
def organizer(make, app) -> Organizer:
    return Organizer(make, app.test_client())


@pytest.fixture
def cup(organizer) -> str:
    """A double elimination of 16 with strange names, its first matches played, one with a time."""
    uid = team_cup(organizer.make, organizer.org, STRANGE, rules={"format": "double_elimination", "grand_final": "reset"})
    first, second, third, *_ = organizer.ready(uid)
    organizer.report(uid, first, 2, 1)
    organizer.report(uid, second, 0, 2)
    organizer.call("PATCH", f"{uid}/matches/{third['id']}", {"scheduled_at": "2030-06-01T18:00:00Z"})
    return uid


def home(server: str, organizer: Organizer, uid: str, rest: str = "") -> str:
    return f"{server}/c/{organizer.org.slug}/{uid}{rest}"


class TestThePage:
    def test_every_view_is_accessible_wide_and_narrow_light_and_dark(self, page: Page, server, organizer, cup):
        league = team_cup(organizer.make, organizer.org, STRANGE[:6], kind="league", title=LONG)
        organizer.report(league, organizer.ready(league)[0], 3, 3)
        entrant = page.request.get(home(server, organizer, cup)).text().split("/entrants/")[1][:36]
        views = [(cup, rest) for rest in ("", "?view=schedule", "?view=results", "?view=entrants", f"/entrants/{entrant}")]
        found = []
        for uid, rest in [*views, (league, "")]:
            page.goto(home(server, organizer, uid, rest))
            found += axe.faults(page, rest or uid)
        page.goto(f"{server}/embed/{cup}?theme=auto")
        assert found + axe.faults(page, "embed") == []

    def test_the_way_of_one_entrant_lights_up_by_mouse_and_by_keyboard(self, page: Page, server, organizer, cup):
        page.goto(home(server, organizer, cup))
        link = page.locator(".tree a", has_text=NAMES[0]).first
        link.hover()
        assert page.locator(".lit").count() == page.locator(".s", has_text=NAMES[0]).count() == 2
        page.mouse.move(0, 0)
        expect(page.locator(".lit")).to_have_count(0)
        link.focus()
        assert page.locator(".lit").count() == 2

    def test_a_phone_shows_one_round_at_a_time_without_javascript(self, browser: Browser, server, organizer, cup):
        with browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(home(server, organizer, cup))
            winners = page.locator(".tree").first
            expect(winners.locator(".col:visible")).to_have_count(1)
            winners.get_by_role("radio", name="Winners quarterfinals").check()
            expect(winners.locator(".c2")).to_be_visible()
            expect(winners.locator(".c1")).to_be_hidden()
            page.get_by_role("link", name="Results").click()
            expect(page.locator(".list .m")).to_have_count(2)

    def test_times_are_those_of_the_viewer_and_utc_without_javascript(self, browser: Browser, server, organizer, cup):
        for script, shown in ((True, "Jun 2, 2030, 3:00"), (False, "01 Jun 2030, 18:00 UTC")):
            with browser.new_context(timezone_id="Asia/Tokyo", locale="en-US", java_script_enabled=script) as context:
                page = context.new_page()
                page.goto(home(server, organizer, cup, "?view=schedule"))
                expect(page.locator('time[datetime="2030-06-01T18:00:00Z"]').first).to_contain_text(shown)

    def test_a_result_appears_within_two_seconds_and_what_was_open_stays(self, page: Page, server, organizer):
        uid = team_cup(organizer.make, organizer.org, NAMES[:4], kind="league")
        page.goto(home(server, organizer, uid))
        page.locator("summary").last.click()
        page.get_by_role("link", name="Schedule").focus()
        named = page.locator("tr:has(details[open])").get_attribute("data-e")
        organizer.report(uid, organizer.ready(uid)[0], 7, 3)
        expect(page.get_by_role("cell", name="7:3")).to_be_visible(timeout=3_000)
        assert page.locator("tr:has(details[open])").get_attribute("data-e") == named
        expect(page.get_by_role("link", name="Schedule")).to_be_focused()

    def test_a_field_of_1024_can_be_walked_through(self, page: Page, server, organizer):
        uid = organizer.make.competition(organizer.org, status="active", entrants=1024)
        page.goto(home(server, organizer, uid))
        page.get_by_text("Earlier rounds, in 16 parts").click()
        page.get_by_role("link", name="Part 3", exact=True).click()
        expect(page.locator(".c1 .m")).to_have_count(32)
        label = page.locator(".c1 h3")
        page.locator(".tree .scroll").evaluate("one => { one.scrollTop = 900; }")
        top = page.locator(".tree .scroll").bounding_box()["y"]
        assert abs(label.bounding_box()["y"] - top) < 2, "the name of the round stays in sight"

    def test_the_lines_meet_the_matches(self, page: Page, server, organizer, cup):
        page.goto(home(server, organizer, cup))
        middles = (
            page.locator(".tree")
            .first.locator(".col")
            .evaluate_all(
                "all => all.map(c => [...c.querySelectorAll('.m')].map(m => { const b = m.getBoundingClientRect();"
                " return b.top + b.height / 2; }))"
            )
        )
        for before, after in pairwise(middles):
            for place, middle in enumerate(after):
                assert abs((before[2 * place] + before[2 * place + 1]) / 2 - middle) < 1.5


class Host:
    """A site on another origin with one page, which notes what the frame tells."""

    def __init__(self, body: str) -> None:
        page = f"<!doctype html><title>Host</title><link rel=icon href='data:,'>{body}".encode()

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_said: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


NOTE = """<script>
window.told = [];
for (const type of ["ready", "height", "navigate", "match.completed"])
  document.addEventListener("competition:" + type, event => told.push(event.detail));
</script>"""


@pytest.fixture
def hosted(server) -> Iterator:
    hosts: list[Host] = []

    def of(uid: str, more: str = "") -> Host:
        tag = f'<script src="{server}/embed.js" data-competition="{uid}" data-theme="dark" async></script>'
        hosts.append(Host(f'{NOTE}{more}<div id="lc-widget-{uid[:8]}"></div>{tag}'))
        return hosts[-1]

    yield of
    for host in hosts:
        host.stop()


def told(page: Page, kind: str) -> list[dict]:
    return page.evaluate("kind => told.filter(one => one.type === kind)", kind)


class TestTheFrame:
    def test_it_grows_with_its_content_and_tells_of_results(self, page: Page, organizer, hosted, cup):
        page.goto(hosted(cup).url)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", level=1)).to_have_text("Spring Invitational")
        page.wait_for_function("told.some(one => one.type === 'height')")
        body = page.frames[1].evaluate("document.body.getBoundingClientRect().height")
        expect(page.locator(f"#lc-widget-{cup[:8]} iframe")).to_have_count(1)
        page.wait_for_function("wanted => Math.abs(document.querySelector('iframe').clientHeight - wanted) < 2", arg=body)
        assert body > 600 and told(page, "ready")
        match = organizer.ready(cup)[0]
        organizer.report(cup, match, 2, 0)
        page.wait_for_function("told.some(one => one.type === 'match.completed')", timeout=4_000)
        assert [one["match"] for one in told(page, "match.completed")] == [match["id"]]
        frame.get_by_role("link", name="Entrants").click()
        page.wait_for_function("told.some(one => one.type === 'navigate')")
        assert told(page, "navigate")[0]["url"].endswith("view=entrants")
        expect(frame.get_by_role("heading", name="Entrants")).to_be_visible()
        page.wait_for_function("before => document.querySelector('iframe').clientHeight < before", arg=body)

    def test_it_listens_to_the_page_around_it_and_to_nobody_else(self, page: Page, server, hosted, cup):
        """A hostile frame beside it tells the host to grow, and asks the embed to talk: neither happens."""
        page.goto(hosted(cup).url)
        page.wait_for_function("told.some(one => one.type === 'ready')")
        height = page.evaluate("document.querySelector('iframe').clientHeight")
        counts = page.evaluate("told.length")
        forged = f'{{source: "competition-embed", type: "height", competition: "{cup}", height: 9999}}'
        hello = f'{{source: "competition-host", type: "hello", competition: "{cup}"}}'
        page.evaluate(
            """([forged, hello]) => new Promise(done => {
                const evil = document.createElement('iframe');
                evil.sandbox = 'allow-scripts';
                evil.srcdoc = `<script>parent.postMessage(${forged}, '*');
                    parent.frames[0].postMessage(${hello}, '*');
                    addEventListener('message', event => parent.postMessage({leak: event.data}, '*'));<\\/script>`;
                evil.onload = () => setTimeout(done, 400);
                window.leaks = [];
                addEventListener('message', event => { if (event.data.leak) leaks.push(event.data.leak); });
                document.body.append(evil);
            })""",
            [forged, hello],
        )
        assert page.evaluate("document.querySelector('iframe').clientHeight") == height
        assert page.evaluate("leaks") == [] and page.evaluate("told.length") == counts

    def test_it_says_nothing_to_a_site_that_is_not_listed(self, page: Page, organizer, hosted, cup, console_errors):
        change(organizer.org, embed_sites="https://news.example")
        host = hosted(cup)
        page.goto(host.url)
        expect(page.frame_locator("iframe").get_by_text(host.url).first).to_be_visible()
        page.wait_for_timeout(300)
        assert page.evaluate("told") == []
        assert len(console_errors) == 1 and "403" in console_errors.pop()

    def test_it_works_in_a_frame_without_an_origin_and_follows_there(self, page: Page, server, organizer, cup):
        host = Host(f'<iframe sandbox="allow-scripts" width="900" height="900" src="{server}/embed/{cup}"></iframe>')
        page.goto(host.url)
        expect(page.frame_locator("iframe").get_by_role("link", name="Results")).to_be_visible()
        assert page.frames[1].evaluate("getComputedStyle(document.querySelector('.col')).display") == "flex"
        over = page.frame_locator("iframe").locator(".m.over")
        before = over.count()
        organizer.report(cup, organizer.ready(cup)[0], 2, 0)
        expect(over).to_have_count(before + 1, timeout=4_000)
        host.stop()

    @pytest.mark.parametrize("script", [True, False])
    def test_it_is_painted_without_a_script_and_nothing_moves(self, browser: Browser, server, cup, script):
        with browser.new_context(viewport={"width": 900, "height": 700}, java_script_enabled=script) as context:
            page = context.new_page()
            page.route("**/*.js*", lambda route: route.continue_() if script else route.abort())
            page.goto(f"{server}/embed/{cup}?theme=light")
            expect(page.locator(".m").first).to_be_visible()
            if script:
                assert page.evaluate(SHIFT) < 0.01

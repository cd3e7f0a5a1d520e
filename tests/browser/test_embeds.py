"""The embed builder, and every code that it makes, on a site of another origin."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.office import Office
from tests.browser.test_public_competition import NOTE, Host
from tests.make import Make
from tests.public.staging import NAMES, change, team_cup

pytestmark = [pytest.mark.browser, pytest.mark.processes]

VENDOR = Path(__file__).parent / "vendor"
REACT = "".join(f"<script>{(VENDOR / f'{name}.production.min.js').read_text()}</script>" for name in ("react", "react-dom"))
# What a build step does with the two lines of JSX.
JSX = {
    "<div ref={place} />": "React.createElement('div', {ref: place})",
    r"<iframe src=\{(.*)\} \{\.\.\.frame\} />": r"React.createElement('iframe', {src: \1, ...frame})",
}


@pytest.fixture
def builder(office: Office, make: Make, server):
    """The builder of a bracket in alice's window; its site is the server that runs."""
    uid = team_cup(make, office.org, NAMES[:8], title="Spring <b>Invitational</b>")
    office.carry(make, office.org.alice).at(f"/embeds?competition={uid}")
    return office


def codes(page: Page, server: str) -> list[str]:
    """Every code on the page. The server was told no address of its own, so the test says which it listens on."""
    found = page.locator(".code code").all_inner_texts()
    return [re.sub(r"http://(?:127\.0\.0\.1|localhost)(?::\d+)?", server, one) for one in found]


def on_a_site(page: Page, body: str) -> Host:
    host = Host(NOTE + body)
    page.goto(host.url)
    return host


def as_react(code: str) -> str:
    for jsx, call in JSX.items():
        code = re.sub(jsx if "src=" in jsx else re.escape(jsx), call, code)
    assert "<div" not in code and "<iframe" not in code
    code = re.sub(r'^import .* from "react";', "const { useEffect, useRef } = React;", code, flags=re.MULTILINE)
    mount = "const root = ReactDOM.createRoot(document.getElementById('app')); window.root = root;"
    strict = "root.render(React.createElement(React.StrictMode, null, React.createElement(Competition)));"
    return f"<div id=app></div>{REACT}<script>{{{code.replace('export ', '')}\n{mount}{strict}}}</script>"


def test_what_is_chosen_is_seen_at_once_and_stands_in_the_address(builder: Office, page: Page):
    preview = page.frame_locator(".embed-desktop iframe")
    expect(preview.get_by_role("heading", level=1)).to_have_text("Spring <b>Invitational</b>")
    page.get_by_label("Dark").check()
    expect(preview.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("View", exact=True).focus()
    page.get_by_label("View", exact=True).select_option("schedule")
    expect(preview.locator(".list")).to_be_visible()
    expect(page.get_by_label("View", exact=True)).to_be_focused()
    expect(page).to_have_url(re.compile("view=schedule.*theme=dark"))
    page.get_by_label("View", exact=True).select_option("match")
    expect(page.get_by_role("alert")).to_contain_text("Write the number of the match")
    page.get_by_label("Match number").fill("3")
    expect(preview.get_by_role("heading", name="Match 3")).to_be_visible()
    page.reload()
    expect(preview.get_by_role("heading", name="Match 3")).to_be_visible()
    page.emulate_media(reduced_motion="reduce")  # colours that still change would be measured half-way
    assert axe.faults(page, "the embed builder") == []


def test_the_script_and_the_wordpress_block_grow_and_tell(builder: Office, page: Page, server: str):
    script, _, _, wordpress, _, _ = codes(page, server)
    for code in (script, wordpress):
        host = on_a_site(page, code)
        expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Spring <b>Invitational</b>")
        page.wait_for_function("told.some(one => one.type === 'height')")
        expect(page.locator("iframe")).to_have_attribute("title", "Spring <b>Invitational</b>")
        assert page.evaluate("document.querySelectorAll('b').length") == 0
        host.stop()


def test_the_plain_frame_shows_it_in_the_size_that_was_chosen(builder: Office, page: Page, server: str):
    page.get_by_label("Fixed height").check()
    page.get_by_label("Width").fill("640")
    expect(page.locator(".code code", has_text='width="640"').first).to_be_visible()
    _, html, react, wordpress, _, _ = codes(page, server)
    for code in (html, wordpress, as_react(react)):
        host = on_a_site(page, code)
        expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Spring <b>Invitational</b>")
        assert page.locator("iframe").bounding_box()["width"] == 640
        host.stop()


def test_the_react_component_grows_and_cleans_up_behind_itself(builder: Office, page: Page, server: str):
    host = on_a_site(page, as_react(codes(page, server)[2]))
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Spring <b>Invitational</b>")
    page.wait_for_function("told.some(one => one.type === 'height')")
    expect(page.locator("iframe")).to_have_count(1)
    page.evaluate("root.unmount()")
    expect(page.locator("iframe")).to_have_count(0)
    host.stop()


def test_the_link_tells_wordpress_how_to_show_it_and_markdown_gets_a_picture(builder: Office, page: Page, server: str):
    _, _, _, _, link, markdown = codes(page, server)
    told = page.request.get(f"{server}/oembed", params={"url": link}).json()
    assert told["title"] == "Spring <b>Invitational</b>" and "/embed/" in told["html"]
    picture, target = re.search(r"!\[.*\]\((\S+)\)\]\((\S+)\)$", markdown).groups()
    assert page.request.get(picture).headers["content-type"] == "image/png" and target == link
    assert page.request.get(link).ok


def test_a_site_off_the_list_is_told_which_to_add(builder: Office, page: Page, server: str, browser: Browser):
    change(builder.org, embed_sites="https://news.example")
    page.reload()
    expect(page.get_by_text("Only these sites may show it")).to_be_visible()
    expect(page.frame_locator(".embed-phone iframe").get_by_role("heading", level=1)).to_be_visible()  # here it shows
    with browser.new_context() as elsewhere:  # of somebody who has not seen it before: a copy would do for some seconds
        visitor, refused = elsewhere.new_page(), []
        visitor.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
        host = on_a_site(visitor, codes(page, server)[1])
        expect(visitor.frame_locator("iframe").get_by_text(host.url).first).to_be_visible()
        host.stop()
    assert len(refused) == 1 and "/embed/" in refused[0]

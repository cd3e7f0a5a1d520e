"""A page or its fragment, toasts that survive a redirect, and spreadsheets that run nothing."""

import json

import pytest
from flask import get_flashed_messages, make_response

from portal.web import render

HTMX = {"HX-Request": "true"}


def answered(app, response):
    """The response after the application's after-request functions."""
    return app.process_response(response)


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        (HTMX, False),
        (HTMX | {"HX-History-Restore-Request": "true"}, True),
        (HTMX | {"HX-Request-Type": "full"}, True),
        (HTMX | {"HX-Request-Type": "partial"}, False),
    ],
)
def test_only_a_swap_of_a_part_gets_the_fragment(app, headers, whole):
    with app.test_request_context("/", headers=headers):
        problem = {"status": 404, "message": "Not there.", "retry_after": 0}
        given = {"problem": problem, "title": "Nothing here", "request_id": "r1"}
        response = render.render("errors/page.html", "errors/_error.html", 404, **given)
        assert ("<html" in response.get_data(as_text=True)) is whole
        assert "Not there." in response.get_data(as_text=True)
        assert response.status_code == 404
        assert "HX-Request" in response.headers["Vary"]


def test_a_toast_rides_in_the_header_of_an_htmx_answer(app):
    with app.test_request_context("/", headers=HTMX):
        render.toast("Key “Änna” disabled.", undo_url="/undo")
        response = answered(app, make_response("", 200))
        assert response.headers["HX-Trigger"].isascii()
        items = json.loads(response.headers["HX-Trigger"])["toast"]["items"]
        assert items == [{"message": "Key “Änna” disabled.", "kind": "success", "undo": "/undo"}]


def test_a_toast_joins_the_events_that_an_answer_has_already(app):
    with app.test_request_context("/", headers=HTMX):
        render.toast("Saved.")
        response = answered(app, make_response("", 200, {"HX-Trigger": "counted, drawn"}))
        assert set(json.loads(response.headers["HX-Trigger"])) == {"counted", "drawn", "toast"}


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_toast_before_a_redirect_waits_for_the_next_page(app, headers):
    with app.test_request_context("/", headers=headers):
        render.toast("Key revoked.", "warning")
        response = answered(app, render.redirect_to("/keys"))
        assert "HX-Trigger" not in response.headers
        assert get_flashed_messages(with_categories=True) == [("warning", {"message": "Key revoked.", "undo": None})]
        assert (response.status_code, response.headers.get("HX-Redirect" if headers else "Location")) == (
            (204, "/keys") if headers else (303, "/keys")
        )


def test_finishing_closes_the_drawer_or_goes_on(app):
    with app.test_request_context("/", headers=HTMX):
        response = answered(app, render.finish("/keys", "Saved."))
        assert response.status_code == 204
        assert set(json.loads(response.headers["HX-Trigger"])) == {"office:done", "toast"}
    with app.test_request_context("/"):
        assert render.finish("/keys", "Saved.").status_code == 303


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(start):
    assert render.csv_cell(f"{start}cmd|calc") == f"'{start}cmd|calc"


@pytest.mark.parametrize(
    ("value", "text"), [(-2.5, "-2.5"), ("+41", "+41"), (None, ""), (["a", "b"], "a, b"), (0, "0"), ("a=b", "a=b")]
)
def test_numbers_and_plain_text_stay_as_they_are(value, text):
    assert render.csv_cell(value) == text


def test_our_files_carry_a_digest_and_vendored_ones_their_version(app):
    with app.test_request_context("/"):
        assert "?v=" in render.asset("css/office.css")
        assert render.asset("vendor/htmx-4.0.1/htmx.min.js") == "/static/vendor/htmx-4.0.1/htmx.min.js"


def test_every_icon_that_a_template_names_is_in_the_sprite(app):
    import re
    from pathlib import Path

    sprite = set(re.findall(r'<symbol id="([^"]+)"', (Path(app.static_folder) / "icons.svg").read_text()))
    named = set()
    for file in Path(app.root_path).parent.joinpath("templates").rglob("*.html"):
        named |= set(re.findall(r'icon\("([a-z0-9-]+)"', file.read_text()))
        named |= set(re.findall(r'icon_name="([a-z0-9-]+)"', file.read_text()))
    assert len(named) > 20
    assert named <= sprite

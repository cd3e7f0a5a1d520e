"""What players see when something goes wrong: a page of their own, which names no back office and keeps the token to itself."""

import re

import pytest

from portal.public import pages

PATHS = ["/play/x", "/play/game/1?session_token=x", "/play/demo-game?jwt=x"]


def is_of_players(answer, status: int) -> bool:
    """The page of `status`, private, with the request's id, and without a word of the back office."""
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html") and "css/player.css" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    for word in ("Tiltyard", "overview", "css/office.css", "<script"):
        assert word not in answer.text
    return True


@pytest.mark.parametrize("path", ["/play", "/play/", "/play/game/none", "/play/a/b/c", "/play/stream/99999999999999999999x"])
def test_an_address_that_leads_nowhere_says_what_to_do(client, path):
    answer = client.get(path)
    assert is_of_players(answer, 404)
    assert "This link does not lead anywhere" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_told_so(client, path):
    answer = client.put(path)
    assert is_of_players(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_a_form_of_nine_megabytes_is_refused_and_uses_nothing_up(client, make):
    link = make.link(make.org())
    answer = client.post(f"/play/{link.token}", data={"attempt": "x" * 9_000_000})
    assert is_of_players(answer, 413)
    assert client.get(f"/play/{link.token}").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_failure_shows_nothing_of_the_inside(app, client, monkeypatch, path):
    def broken(*_, **__):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(pages, "landing_of", broken)
    monkeypatch.setattr(pages, "examined", broken)
    answer = client.get(path)
    assert is_of_players(answer, 500)
    assert "secret inside" not in answer.text


@pytest.mark.parametrize("path", ["/play/x", "/play/demo-game"])
def test_too_many_visits_are_told_how_long_to_wait(app, client, path):
    address = {"REMOTE_ADDR": "192.0.2.77" if path.endswith("x") else "192.0.2.78"}
    while (answer := client.get(path, environ_base=address)).status_code != 429:
        pass
    assert is_of_players(answer, 429)
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert int(re.search(r"Open it again in (\d+) second", answer.text)[1]) == wait


def test_the_back_office_keeps_its_own_page(client):
    assert "Tiltyard" in client.get("/nothing").text

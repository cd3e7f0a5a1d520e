"""Server-sent events: who may follow what, what is said, and what is not."""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator

import pytest

from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.web.tickets import SECONDS, Ticket, read_ticket, write_ticket
from portal.webhooks.model import Endpoint
from tests.conftest import SECRET

pytestmark = pytest.mark.processes


@contextlib.contextmanager
def following(stream, path: str) -> Iterator[http.client.HTTPResponse]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", stream.port, timeout=4)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        yield response
        response.close()


def news(response: http.client.HTTPResponse) -> dict[str, object] | None:
    """What the next message says; None where none comes in four seconds, {} at the end."""
    try:
        while line := response.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
    except TimeoutError:
        return None
    return {}


def ticket(app, org, channel: str) -> str:
    with app.app_context():
        return "/live/o?ticket=" + write_ticket(SECRET, Ticket(org.id, channel), "somebody")


def test_a_public_competition_tells_everybody_that_there_is_news_and_no_more(make, org, cup, stream, relay):
    make.start(org, cup)
    with following(stream, f"/live/c/{cup}") as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cache-Control"] == "no-store"
        time.sleep(0.5)
        begun = time.monotonic()
        make.play(org, cup, lambda a, b: (2, 0))
        told = news(response)
        assert time.monotonic() - begun < 2.5
    assert set(told) == {"turn"}


@pytest.mark.parametrize("path", ["/live/c/00000000-0000-4000-8000-000000000000", "/live/c/x", "/live/o", "/", "/cs2/v1/stream"])
def test_what_is_not_there_is_404(stream, path):
    assert stream.get(path)[0] == 404


def test_a_private_competition_is_not_there_and_one_that_turns_private_ends(app, make, org, stream, relay):
    private = make.competition(org, visibility="private")
    assert stream.get(f"/live/c/{private}")[0] == 404
    public = make.competition(org)
    with following(stream, f"/live/c/{public}") as response:
        time.sleep(0.5)
        with unit_of_work() as session:
            competition_by_uid(session, org.id, public).visibility = "private"
        make.event(org, "competition.updated", {"competition_id": public})
        assert news(response) == {}


def test_a_delivery_log_is_told_of_tries_that_are_no_events(app, make, org, stream):
    make.webhook(org)
    with following(stream, ticket(app, org, "deliveries")) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8000"
        time.sleep(1.5)
        with unit_of_work() as session:
            session.query(Endpoint).filter_by(org_id=org.id).one().sequence += 1
        assert news(response) == {}


def test_a_desk_is_told_of_its_own_competition_only(app, make, org, stream, relay):
    mine, other = (make.competition(org, status="registration") for _ in range(2))
    time.sleep(1.5)  # what their making left is handed on
    with following(stream, ticket(app, org, f"desk:{mine}")) as response:
        time.sleep(0.5)
        make.enter(org, other, [1])
        assert news(response) is None
    with following(stream, ticket(app, org, f"desk:{mine}")) as response:
        time.sleep(0.5)
        make.enter(org, mine, [1])
        assert news(response) is not None


def test_a_ticket_is_good_for_a_minute_and_cannot_be_changed(monkeypatch):
    text = write_ticket(SECRET, Ticket(7, "keys"), "somebody")
    assert read_ticket(SECRET, text) == Ticket(7, "keys")
    body, mark = text.split(".")
    for wrong in ("", ".", "x", f"{body}.", f"{body[:-2]}.{mark}", f"{body}.{mark[:-2]}", f"é.{mark}", text + "x"):
        assert read_ticket(SECRET, wrong) is None, wrong
    assert read_ticket("another master key", text) is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + SECONDS + 1)
    assert read_ticket(SECRET, text) is None


def test_members_get_tickets_and_strangers_find_nothing(make, org):
    cup = make.competition(org)
    foreign = make.competition(make.org())
    for path, status in (("deliveries", 200), (f"desk/{cup}", 200), ("secrets", 404), (f"desk/{foreign}", 404)):
        answer = make.signed_in(org.bob).get(f"/o/{org.slug}/live/{path}")
        assert answer.status_code == status
        if status == 200:
            assert "/live/o?ticket=" in answer.json["url"]
            assert answer.headers["Cache-Control"] == "no-store"
    assert make.signed_in(org.charlie).get(f"/o/{org.slug}/live/deliveries").status_code == 404

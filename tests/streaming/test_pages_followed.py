"""Server-sent events: who may follow what, what is said, and what is not."""

import asyncio
import contextlib
import http.client
import json
import re
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions.model import competition_by_uid
from portal.console.following_pages import OF_ONE, WIDE
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey, UsageHour, key_by_uid
from portal.keys.service import set_active
from portal.orgs.model import Organization
from portal.streaming.channels import OF_ONE as OF_COMPETITION
from portal.streaming.channels import PUBLIC
from portal.streaming.follower import Follower
from portal.streaming.marks import MARKS
from portal.transports.model import Transport
from portal.web.tickets import SECONDS, Ticket, read_ticket, write_ticket
from portal.webhooks.deliveries import cancel_pending
from portal.webhooks.model import Endpoint
from tests.conftest import SECRET
from tests.servers import ROOT

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
        assert time.monotonic() - begun < 4
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
        assert any(news(response) == {} for _ in range(3)), "what its making left may be told first"


def test_a_delivery_log_is_told_of_tries_that_are_no_events(app, make, org, stream):
    make.webhook(org)
    with following(stream, ticket(app, org, "deliveries")) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8000"
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
    bob, charlie = make.signed_in(org.bob), make.signed_in(org.charlie)
    for path in ("deliveries", "feeds", "keys", f"desk/{cup}", f"matches/{cup}"):
        answer = bob.get(f"/o/{org.slug}/live/{path}")
        assert answer.status_code == 200
        assert "/live/o?ticket=" in answer.json["url"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert charlie.get(f"/o/{org.slug}/live/{path}").status_code == 404
    for path in ("secrets", f"desk/{foreign}", f"secrets/{cup}"):
        assert bob.get(f"/o/{org.slug}/live/{path}").status_code == 404


def test_a_delivery_log_is_told_when_one_of_many_is_canceled(app, make, org, stream):
    uid = make.webhook(org)
    last = [make.delivery(org, uid) for _ in range(3)][-1]
    with following(stream, ticket(app, org, "deliveries")) as response:
        with unit_of_work() as session:
            assert cancel_pending(session, session.get_one(Organization, org.id), uid, SYSTEM, [last]) == 1
        assert news(response) == {}


def test_pages_of_keys_are_told_of_calls_and_changes_that_are_no_events(app, make, org, stream):
    """A call counts a few seconds after it was made; a change is told as soon as it is committed."""
    key = make.uid_of_key(make.key(org, "session"))
    with following(stream, ticket(app, org, "keys")) as response:
        with unit_of_work() as session:
            found = session.scalars(select(ApiKey).where(ApiKey.uid == key)).one()
            hour = utc_now().replace(minute=0, second=0, microsecond=0)
            session.add(UsageHour(key_id=found.id, hour=hour, outcome="rate", calls=1))
        assert news(response) == {}
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            set_active(session, owner, key_by_uid(session, owner, key), False, SYSTEM)
        assert news(response) == {}
        make.key(make.org(), "session")
        assert news(response) is None, "another organization's keys are nobody's business here"


def test_the_log_of_an_event_feed_is_told_of_messages_and_tries(app, make, org, stream):
    feed = make.transport(org)
    with following(stream, ticket(app, org, "feeds")) as response:
        make.transport_message(org, feed)
        assert news(response) == {}
        with unit_of_work() as session:
            session.scalars(select(Transport).where(Transport.uid == feed)).one().last_failure_at = utc_now()
        assert news(response) == {}


def test_what_moves_as_a_page_comes_is_told(app, make, org, stream):
    """The figures are read before the answer begins, so nothing falls between the page's own look and the first message."""
    uid = make.webhook(org)
    for _ in range(3):
        with following(stream, ticket(app, org, "deliveries")) as response:
            make.delivery(org, uid)
            assert news(response) == {}


def test_however_much_happens_a_page_is_told_twice_a_second_at_most():
    async def told_while_much_happens() -> list[bytes]:
        follower, told = Follower(), []
        reading = asyncio.create_task(collect(follower, told))
        for number in range(130):
            follower.tell(str(number))
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.6)
        follower.end()
        await reading
        return told

    told = asyncio.run(told_while_much_happens())
    assert 3 <= len(told) <= 5
    assert told[0] == b"event: change\ndata: 0\n\n", "the first one comes at once"
    assert told[-1] == b"event: change\ndata: 129\n\n", "and the last one is not lost"


async def collect(follower: Follower, told: list[bytes]) -> None:
    while piece := await follower.next():
        told.append(piece)


@pytest.mark.parametrize("channel", ["secrets", "competition:x", "", "desk"])
def test_a_ticket_for_something_that_nobody_tells_of_is_404(app, org, stream, channel):
    """Another version of the web process may have written it."""
    assert stream.get(ticket(app, org, channel))[0] == 404


def test_what_pages_name_is_what_tickets_are_given_for_and_what_is_told():
    pages = "".join(page.read_text() for page in (ROOT / "templates").rglob("*.html"))
    assert set(re.findall(r'data-follow="([a-z]+)', pages)) == WIDE | OF_ONE
    assert {*MARKS, *(family.rstrip(":") for family in OF_COMPETITION if family != PUBLIC)} == WIDE | OF_ONE


def test_a_query_without_end_is_refused_by_name(stream):
    status, body = stream.get(f"/live/o?{'x=1&' * 30}")
    assert status == 400
    assert body["detail"] == "The query has more than 20 parameters. Send ticket alone."

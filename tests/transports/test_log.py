"""The log of an event feed: found again by what people know of a message, read, sent once more, canceled."""

import csv
import io
import re

import pytest

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.transports import service
from portal.transports.claiming import Outcome, write_down
from tests.make import post

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"


@pytest.fixture
def alice(desk):
    return desk.make.signed_in(desk.org.alice)


@pytest.fixture
def uid(desk) -> str:
    return desk.sqs(QUEUE, ("match.*", "competition.*"))


def take(desk, uid, refused: str = ""):
    """One turn in which everything is taken, or refused for good."""
    for _ in range(5 if refused else 1):
        with unit_of_work() as session:
            service.hold(session, desk.org.id, uid).due_at = service.clock_of(session)
        (turn,) = desk.claim()
        ids = [letter.id for letter in turn.letters]
        outcome = Outcome(refused=dict.fromkeys(ids, refused)) if refused else Outcome(sent=dict.fromkeys(ids, "Taken."))
        with unit_of_work() as session:
            assert write_down(session, turn, outcome)


def rows(client, desk, uid, **asked):
    """The log as its CSV has it."""
    answer = client.get(f"/o/{desk.org.slug}/feeds/{uid}", query_string={"format": "csv", "sort": "number"} | asked)
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:]


def test_the_log_is_narrowed_by_type_status_time_and_every_id_that_people_know(desk, alice, uid):
    cup = desk.make.competition(desk.org)
    told = desk.tell(2, competition_id=cup)
    desk.hand_on()
    first = desk.messages(uid)[0]
    assert [row[1] for row in rows(alice, desk, uid)] == ["competition.created", "match.completed", "match.completed"]
    assert [row[1] for row in rows(alice, desk, uid, type="competition.created")] == ["competition.created"]
    assert rows(alice, desk, uid, state="sent") == [] and len(rows(alice, desk, uid, state="pending")) == 3
    assert rows(alice, desk, uid, created_to="2020-01-01") == [] and len(rows(alice, desk, uid, created_from="2020-01-01")) == 3
    assert len(rows(alice, desk, uid, q=cup)) == 3, "what belongs to the competition"
    assert [row[0] for row in rows(alice, desk, uid, q=told[1].upper())] == ["3"], "the id that the receiver sees"
    assert [row[0] for row in rows(alice, desk, uid, q=first.uid)] == ["1"]
    assert rows(alice, desk, uid, q="0" * 36) == []


def test_a_message_shows_what_goes_out_what_came_back_and_what_to_do(desk, alice, uid):
    (told,) = desk.tell(1, competition_id="c-1", match_id="<b>m-1</b>")
    desk.hand_on()
    take(desk, uid, "The queue refused the message: InvalidMessageContents.")
    (row,) = desk.messages(uid)
    page = f"/o/{desk.org.slug}/feeds/{uid}/messages/{row.uid}"
    shown = alice.get(page).text
    assert "InvalidMessageContents" in shown and "Failed" in shown and told in shown
    assert "&#34;eventType&#34;: &#34;match.completed&#34;" in shown and "<b>m-1</b>" not in shown
    assert post(alice, f"{page}/resend").status_code == 303
    assert post(alice, f"{page}/resend").status_code == 303, "a double click is no error"
    assert desk.states(uid) == ["pending"]
    assert post(alice, f"{page}/cancel").status_code == 303 and desk.states(uid) == ["canceled"]
    assert post(alice, f"{page}/cancel").status_code == 303
    post(alice, f"{page}/resend")
    take(desk, uid)
    assert "Taken." in alice.get(page).text and desk.states(uid) == ["sent"]


def test_what_is_selected_is_sent_once_more_or_canceled(desk, alice, uid):
    base = f"/o/{desk.org.slug}/feeds/{uid}"
    desk.tell(3)
    desk.hand_on()
    ids = [row.uid for row in desk.messages(uid)]
    assert post(alice, f"{base}/messages/cancel", {"id": ids[:2]}).status_code == 303
    assert desk.states(uid) == ["canceled", "canceled", "pending"]
    assert "2 messages are canceled" in alice.get(base).text
    post(alice, f"{base}/messages/resend", {"id": ids})
    assert desk.states(uid) == ["pending"] * 3
    assert "The other 1 are on their way already." in alice.get(base).text
    other = desk.sqs(QUEUE, ("season.*",))
    post(alice, f"/o/{desk.org.slug}/feeds/{other}/messages/cancel", {"id": ids})
    assert desk.states(uid) == ["pending"] * 3, "another feed's messages are not its"
    assert post(alice, f"{base}/messages/cancel", {"id": [str(n) for n in range(501)]}).status_code == 400
    desk.do(service.disable, uid, SYSTEM)
    post(alice, f"{base}/messages/resend", {"id": ids})
    assert desk.states(uid) == ["canceled"] * 3 and "switched off" in alice.get(base).text


def test_the_page_asks_again_and_gets_nothing_until_something_changed(desk, alice, uid):
    base = f"/o/{desk.org.slug}/feeds/{uid}"
    again = re.search(r'id="feed-live" hx-get="([^"]+)"', alice.get(base).text).group(1).replace("&amp;", "&")
    asked = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert alice.get(again, headers=asked).status_code == 204
    desk.tell(1)
    desk.hand_on()
    answer = alice.get(again, headers=asked)
    assert answer.status_code == 200 and "match.completed" in answer.text and 'id="feed-head"' in answer.text
    (row,) = desk.messages(uid)
    page = f"{base}/messages/{row.uid}"
    again = re.search(r'id="message"[^>]* hx-get="([^"]+)"', alice.get(page).text).group(1).replace("&amp;", "&")
    assert alice.get(again, headers=asked).status_code == 204
    take(desk, uid)
    answer = alice.get(again, headers=asked)
    assert answer.status_code == 200 and "hx-trigger" not in answer.text, "it is over, so nothing asks any more"


def test_pressing_a_switch_twice_is_no_error(desk, alice, uid):
    base = f"/o/{desk.org.slug}/feeds/{uid}"
    for change, after in (("pause", "paused"), ("resume", "enabled"), ("disable", "disabled")):
        assert [post(alice, f"{base}/{change}").status_code for _ in range(2)] == [303, 303]
        assert desk.get(uid).status == after
    assert "Nothing is sent and nothing is kept" in alice.get(base).text


def test_nothing_to_resend_is_said(desk, alice, uid):
    base = f"/o/{desk.org.slug}/feeds/{uid}"
    post(alice, f"{base}/resend-failed")
    assert "No message failed or was canceled" in alice.get(base).text


def test_a_log_costs_the_same_statements_however_long_it_is(desk, alice, uid, count_sql):
    counts = set()
    for _ in range(2):
        desk.tell(20, competition_id=desk.make.competition(desk.org))
        desk.hand_on()
        with count_sql() as statements:
            alice.get(f"/o/{desk.org.slug}/feeds/{uid}")
        counts.add(len(statements))
    assert len(counts) == 1

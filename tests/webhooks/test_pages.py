"""The webhook pages: what is made, shown once, changed, filtered and sent again. alice owns, bob is a member."""

import html
import json
import re
import time

import pytest
from sqlalchemy import select, update

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.webhooks import health
from portal.webhooks.model import Delivery, Endpoint
from portal.webhooks.outgoing import custom_headers
from portal.webhooks.switching import switch_off
from tests.make import csrf_of
from tests.reading import plain
from tests.webhooks.office import bad

HTMX = {"HX-Request": "true"}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
FORM = {"url": "http://127.0.0.1:9/in", "events": "match.*", "in_flight_cap": "10"}


@pytest.fixture
def alice(make, office):
    return make.signed_in(office.org.alice)


def at(office, path=""):
    return f"/o/{office.org.slug}/webhooks{path}"


def post(client, office, path, **data):
    return client.post(at(office, path), data=csrf_of(client, "/account") | data)


def test_the_secret_of_a_new_webhook_is_shown_once_and_never_again(alice, office):
    answer = post(alice, office, "/new", **FORM, description="Scoreboard")
    (secret,) = set(SECRET.findall(html.unescape(answer.text)))
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    with unit_of_work() as session:
        uid = session.scalars(select(Endpoint.uid).where(Endpoint.org_id == office.org.id)).one()
    for path in ("", f"/{uid}", *(f"/{uid}?tab={tab}" for tab in ("settings", "snippets", "activity")), f"/{uid}/edit"):
        page = alice.get(at(office, path))
        assert page.status_code == 200 and secret not in html.unescape(page.text) and "Scoreboard" in page.text


def test_a_form_sent_twice_makes_one_webhook(alice, office):
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', alice.get(at(office, "/new")).text)[1]
    first = post(alice, office, "/new", **FORM, attempt=attempt)
    again = post(alice, office, "/new", **FORM, attempt=attempt)
    assert first.status_code == 200 and again.status_code == 422
    assert "This form was sent before" in plain(again) and not SECRET.search(again.text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": ""}, "Write the address that receives the events"),
        ({"url": "ftp://example.com/"}, "url must begin with https://"),
        ({"url": "http://192.168.0.1/"}, "url must lead to the public internet"),
        ({"url": "http://alice:secret@127.0.0.1/"}, "url must have no user name, password or fragment"),
        ({"events": "nothing.happened"}, "is not offered here"),
        ({"headers": "X-One: 1\nno colon"}, "Line 2 of the headers has no colon"),
        ({"headers": "X-One: 1\nx-one: 2"}, "A header stands there twice"),
        ({"headers": "Host: example.com"}, "Host is set by the delivery itself"),
        ({"in_flight_cap": "0"}, "Write a number from 1 to 50 deliveries"),
        ({"competition_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, "is not offered here"),
        ({"sudo": "1"}, "This form has no field `sudo`"),
    ],
)
def test_what_cannot_be_is_said_in_words_and_what_was_typed_stays(alice, office, change, words):
    answer = post(alice, office, "/new", **FORM | {"description": "Kept as typed"} | change)
    assert answer.status_code == 422 and words in plain(answer)
    assert "Kept as typed" in answer.text and not SECRET.search(answer.text)


def test_an_address_is_judged_while_it_is_typed(alice, office):
    def said(url):
        return plain(alice.get(at(office, "/address"), query_string={"url": url}, headers=HTMX))

    assert said("") == ""
    assert said("http://127.0.0.1:9/") == "This address can be used."
    assert "public internet" in said("https://169.254.169.254/latest") and "https://" in said("gopher://x")


def test_hidden_headers_stay_as_they_are_unless_they_are_written_anew(alice, office):
    uid = office.endpoint(headers={"X-Old": "kept secret", "X-Gone": "1"})
    page = alice.get(at(office, f"/{uid}/edit")).text
    assert "X-Old: [hidden]" in page and "kept secret" not in page
    answer = post(alice, office, f"/{uid}/edit", **FORM, headers="X-Old: [hidden]\nX-New: brand-new")
    assert answer.status_code == 303
    assert custom_headers(office.get(uid), office.settings.master) == {"X-Old": "kept secret", "X-New": "brand-new"}
    assert "brand-new" not in alice.get(at(office, f"/{uid}?tab=activity")).text


def test_a_rotation_shows_the_new_secret_and_the_overlap_until_it_is_ended(alice, office):
    uid = office.endpoint()
    answer = post(alice, office, f"/{uid}/rotate", overlap="24 hours")
    assert SECRET.search(html.unescape(answer.text)) and "the old secret signs too" in plain(answer)
    assert "Two secrets sign" in plain(alice.get(at(office, f"/{uid}")))
    post(alice, office, f"/{uid}/end-overlap")
    assert "Two secrets sign" not in plain(alice.get(at(office, f"/{uid}")))
    assert post(alice, office, f"/{uid}/rotate", overlap="none").status_code == 200
    assert office.get(uid).previous_secret is None


def test_pausing_keeps_a_backlog_that_is_counted_and_deleting_cancels_it(alice, office):
    uid = office.endpoint(description="Scoreboard")
    post(alice, office, f"/{uid}/pause")
    office.tell(3)
    assert "3 deliveries wait until you resume." in plain(alice.get(at(office, f"/{uid}")))
    assert "3 waiting" in plain(alice.get(at(office)))
    asked = plain(alice.get(at(office, f"/{uid}/delete")))
    assert "3 pending deliveries are canceled." in asked and "Write Scoreboard to confirm" in asked
    assert post(alice, office, f"/{uid}/delete", confirm="Score").status_code == 422
    assert post(alice, office, f"/{uid}/delete", confirm="Scoreboard").status_code == 303
    assert office.states(uid) == ["canceled"] * 3
    assert alice.get(at(office, f"/{uid}")).status_code == 404
    assert "Scoreboard deleted" in plain(alice.get(at(office, "/deliveries")))


def test_one_that_was_switched_off_says_why_and_is_enabled_again(alice, office):
    uid = office.endpoint(description="Scoreboard")
    with unit_of_work() as session:
        row = session.scalars(select(Endpoint).where(Endpoint.uid == uid)).one()
        switch_off(session, row, "The receiver answered 410 Gone.", utc_now())
    page = plain(alice.get(at(office, f"/{uid}")))
    assert "Switched off by itself. The receiver answered 410 Gone." in page
    assert "Scoreboard was switched off." in plain(alice.get(f"/o/{office.org.slug}/"))
    post(alice, office, f"/{uid}/enable")
    assert office.get(uid).status == "enabled"


def test_the_list_filters_and_sorts_by_health_in_every_state(alice, office):
    now = utc_now()
    states = {
        "healthy": {"failures": 0},
        "failing": {"failures": 3},
        "throttled": {"failures": 1, "throttled_until": now.replace(year=now.year + 1)},
        "paused": {"status": "paused"},
        "disabled": {"status": "disabled"},
    }
    for state, values in states.items():
        uid = office.endpoint(description=f"the {state} one")
        with unit_of_work() as session:
            session.execute(update(Endpoint).where(Endpoint.uid == uid).values(values))
        with unit_of_work() as session:
            row = session.scalars(select(Endpoint).where(Endpoint.uid == uid)).one()
            assert health.state_of(row, now) == state
    for state in states:
        shown = plain(alice.get(at(office), query_string={"health": state}))
        assert [other for other in states if f"the {other} one" in shown] == [state]
    rows = alice.get(at(office), query_string={"sort": "health", "format": "csv"}).get_data(as_text=True).splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [f"the {state} one" for state in states]


def test_the_log_is_narrowed_by_webhook_type_status_time_and_id(alice, office):
    cup = office.make.competition(office.org)
    one, other = office.endpoint(description="One"), office.endpoint(types=["team.*"], description="Other")
    office.tell(1, competition_id=cup)
    office.tell(1, name="team.created", team_id="x", name_=1)
    today = f"{utc_now():%Y-%m-%d}"

    def count(**asked):
        found = plain(alice.get(at(office, "/deliveries"), query_string=asked))
        match = re.search(r"1–(\d+) of", found)
        return int(match[1]) if match else 0

    with unit_of_work() as session:
        mine = Delivery.org_id == office.org.id, Delivery.due_at.is_not(None)
        open_ones = session.scalars(select(Delivery.uid).where(*mine)).all()
    assert len(open_ones) == 2
    assert count(webhook=one, status="pending") + count(webhook=other, status="pending") == 2
    assert count(type="team.created") == 1 and count(type="match.completed") == 1
    assert count(q=cup) == 1 and count(q=open_ones[0]) == 1
    assert count(created_from=today) == count() and count(created_to="2020-01-01") == 0
    assert count(webhook="nobody's") == count(), "what is strange is left out, and said"


def test_the_log_answers_204_while_nothing_has_changed(alice, office):
    uid = office.endpoint()
    office.tell()
    for path in ("/deliveries", f"/{uid}?tab=deliveries"):
        page = html.unescape(alice.get(at(office, path)).text)
        again = re.search(r'-live" hx-get="([^"]+)"', page)[1]
        assert alice.get(again, headers=HTMX).status_code == 204
        office.record(office.claim(), bad()) if path == "/deliveries" else office.tell()
        changed = alice.get(again, headers=HTMX)
        assert changed.status_code == 200 and "<html" not in changed.text and 'hx-swap-oob="true"' in changed.text


def test_a_delivery_shows_its_tries_and_a_curl_line_with_the_signature_and_without_the_secret(alice, office, receiver):
    uid, secret = office.make.webhook_with_secret(
        office.org, receiver.url("/it's"), ["match.*"], headers={"X-Token": "very private"}
    )
    with office.working():
        office.tell(1, text="it's <b>")
        (arrival,) = receiver.wait(1, "/it's")
        deadline = 100
        while office.states(uid) != ["delivered"] and deadline:
            deadline -= 1
            time.sleep(0.05)
    page = html.unescape(alice.get(at(office, f"/deliveries/{office.new(uid)[0].uid}")).text)
    assert arrival.headers["webhook-signature"] in page and "--data-binary" in page
    assert secret not in page and "very private" not in page and "X-Token: [hidden]" in page
    assert "it'\"'\"'s" in page, "quoted for a shell"


def test_selected_deliveries_are_sent_again_and_pending_ones_canceled(alice, office):
    uid = office.endpoint()
    office.tell(3)
    first, second, third = (row.uid for row in office.new(uid))
    post(alice, office, "/deliveries/cancel", id=[first, second])
    assert office.states(uid) == ["canceled", "canceled", "pending"]
    answer = post(alice, office, "/deliveries/resend", id=[first, third])
    assert answer.status_code == 303 and office.states(uid) == ["pending", "canceled", "pending"]
    assert "1 delivery is on the way once more. The other 1 are" in plain(alice.get(at(office, "/deliveries")))
    post(alice, office, "/deliveries/resend", id=["x"] * 501)
    assert "deliveries may name 500 at most." in plain(alice.get(at(office, "/deliveries")))
    theirs = office.make.delivery(office.make.org())
    post(alice, office, "/deliveries/cancel", id=[theirs])
    with unit_of_work() as session:
        assert session.scalars(select(Delivery.state).where(Delivery.uid == theirs)).one() == "pending"


def test_what_failed_and_what_is_missing_is_recovered_from_the_page(alice, office):
    office.tell(4)
    uid = office.endpoint()
    office.tell(2)
    post(alice, office, f"/{uid}/cancel")
    assert office.states(uid) == ["canceled"] * 2
    post(alice, office, f"/{uid}/recover", which="failed", since="2020-01-01T00:00")
    assert office.states(uid) == ["pending"] * 2
    answer = post(alice, office, f"/{uid}/recover", which="missing", since="2020-01-01T00:00")
    card = plain(alice.get(answer.headers["Location"]))
    assert answer.status_code == 303 and "Looking through" in card and "Waiting" in card
    again = post(alice, office, f"/{uid}/recover", which="missing", since="2020-01-01T00:00")
    assert again.status_code == 422 and "already" in plain(again)
    assert post(alice, office, f"/{uid}/recover", which="missing", since="soon").status_code == 422


@pytest.mark.parametrize("text", ["", "{", "[1]", "NaN", '{"a": NaN}', "[" * 5000, '{"a":"' + "x" * 21_000 + '"}'])
def test_a_test_event_needs_a_json_object_of_some_size(alice, office, text):
    uid = office.endpoint()
    answer = post(alice, office, f"/{uid}/test", type="match.completed", data=text)
    assert answer.status_code == 422 and "thing" in plain(answer)


def test_a_test_event_is_sent_as_it_was_edited_and_waits_in_place(alice, office):
    uid = office.endpoint()
    assert "884f5480" in alice.get(at(office, f"/{uid}/test")).text, "an example to begin with"
    assert "session_id" in alice.get(at(office, f"/{uid}/test/data?type=session.created"), headers=HTMX).text
    answer = post(alice, office, f"/{uid}/test", type="team.created", data='{"name": "Füchse"}')
    assert answer.status_code == 200 and "Waiting for the answer" in plain(answer)
    assert office.deliveries(uid)[-1].payload == {"name": "Füchse"}
    post(alice, office, f"/{uid}/pause")
    refused = post(alice, office, f"/{uid}/test", type="team.created", data="{}")
    assert refused.status_code == 422 and "not enabled" in plain(refused)


def test_the_catalogue_finds_types_and_gives_schemas_as_files(alice, office):
    assert "match.advanced" in alice.get(at(office, "/events?q=advanced")).text
    assert "No event types match" in plain(alice.get(at(office, "/events?q=nothing-like-that")))
    file = alice.get(at(office, "/events/match.completed/schema.json"))
    assert json.loads(file.text)["title"] == "match.completed"
    assert file.headers["Content-Disposition"] == "attachment; filename=match.completed.v1.schema.json"
    assert alice.get(at(office, "/events/nothing.happened")).status_code == 404


def test_a_member_sees_everything_and_changes_nothing(make, office):
    bob, uid = make.signed_in(office.org.bob), office.endpoint()
    office.tell()
    for path in ("", f"/{uid}", f"/{uid}?tab=settings", "/deliveries", f"/deliveries/{office.new(uid)[0].uid}"):
        page = bob.get(at(office, path))
        assert page.status_code == 200
        assert not re.search(r">(Resend|Rotate secret|Delete webhook|Add webhook|Pause)<", page.text), path


def test_the_log_costs_the_same_statements_however_long_it_is(alice, office, count_sql):
    office.endpoint()
    costs = []
    for count in (1, 20):
        office.tell(count)
        with count_sql() as statements:
            assert alice.get(at(office, "/deliveries")).status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1]

"""Competition API, "Webhooks": the page's samples, what others see, what is refused, what it costs; and the list of events."""

import re

import pytest
from sqlalchemy import select

from portal.kernel.db import unit_of_work
from portal.outbox.relay import relay
from portal.webhooks.fan_out import fan_out
from portal.webhooks.model import Delivery, Endpoint
from tests.contracts.pages import same_shape, sample
from tests.make import unique

URL = "/api/v1/webhooks"
EVENTS = "/api/v1/events"
NOWHERE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
# Of a public range, so that no test waits for the DNS.
HOOK = "https://192.0.78.1/hooks/lightchallenge"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def key(make, org):
    return {"Authorization": f"Bearer {make.key(org, 'competition')}"}


def hand_on():
    """Everything that waits, of everybody."""
    more = True
    while more:
        with unit_of_work() as session:
            more = relay(session, [fan_out])


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    assert list(answer.json) == ["ok", "error"]
    for word in words:
        assert word in answer.json["error"], answer.json


def create(client, org, key, **terms):
    answer = client.post(URL, json={"org_id": org.uid, "url": HOOK, "events": ["match.completed"]} | terms, headers=key)
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_the_page_s_samples_are_answered_as_it_prints_them(client, make, org, key):
    def send(route, **values):
        asked = sample(route).filled({"f47ac10b-...": org.uid, "https://myserver.com": "https://192.0.78.1", **values})
        answer = asked.send(client, {"authorization": key["Authorization"]})
        assert answer.status_code == asked.status, answer.text
        return asked.expected, answer.json

    expected, got = send("POST /api/v1/webhooks")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", got["data"]["secret"])
    expected["data"] |= {"url": HOOK, "secret": got["data"]["secret"]}
    same_shape(expected, got)
    hook = {"wh-1234-...": got["data"]["id"]}
    make.event(org, "match.completed")
    hand_on()
    with unit_of_work() as session:
        row = session.scalars(select(Delivery).join(Endpoint).where(Endpoint.uid == got["data"]["id"])).one()
        row.state, row.due_at, row.response_status, row.done_at = "delivered", None, 200, row.created_at
        session.get_one(Endpoint, row.endpoint_id).last_try_at = row.created_at
    expected, got = send("GET /api/v1/webhooks")
    expected["data"][0]["url"] = HOOK
    same_shape(expected, got)
    expected, got = send("GET /api/v1/webhooks/[id]", **hook)
    expected["data"]["url"] = HOOK
    same_shape(expected, got, ours=("status", "description", "competition_id", "season_id", "ordered", "headers"))
    same_shape(*send("PATCH /api/v1/webhooks/[id]", **hook))
    same_shape(*send("DELETE /api/v1/webhooks/[id]", **hook))


def test_the_secret_is_shown_once(client, org, key):
    made = create(client, org, key)
    for path in (f"{URL}/{made['id']}", f"{URL}?org_id={org.uid}"):
        assert made["secret"] not in client.get(path, headers=key).text


def test_our_own_terms_are_kept_and_header_values_hidden(client, make, org, key):
    cup, season = make.competition(org), make.season(org)
    terms = {"description": "Scoreboard", "competition_id": cup, "season_id": season, "ordered": True}
    made = create(client, org, key, headers={"X-Token": "canary-55aa"}, **terms)
    shown = client.get(f"{URL}/{made['id']}", headers=key)
    assert "canary-55aa" not in shown.text
    assert {name: shown.json["data"][name] for name in terms} == terms and shown.json["data"]["headers"] == ["X-Token"]
    answer = client.patch(f"{URL}/{made['id']}", json={"competition_id": None, "headers": {}}, headers=key)
    assert answer.json["data"] == {"id": made["id"], "competition_id": None, "headers": []} | {
        "updated_at": answer.json["data"]["updated_at"]
    }


def test_switching_off_cancels_and_switching_on_begins_anew(client, make, org, key):
    made = create(client, org, key)
    make.event(org)
    hand_on()
    off = client.patch(f"{URL}/{made['id']}", json={"active": False}, headers=key).json["data"]
    assert off["active"] is False
    shown = client.get(f"{URL}/{made['id']}", headers=key).json["data"]
    assert shown["status"] == "disabled" and shown["recent_deliveries"][0]["status"] == "canceled"
    assert client.patch(f"{URL}/{made['id']}", json={"active": True}, headers=key).json["data"]["active"] is True


def test_what_is_deleted_is_gone(client, org, key):
    made = create(client, org, key)
    assert client.delete(f"{URL}/{made['id']}", headers=key).status_code == 200
    for call in (client.get, client.delete):
        refused(call(f"{URL}/{made['id']}", headers=key), 404, "Webhook not found.")
    refused(client.patch(f"{URL}/{made['id']}", json={}, headers=key), 404)
    assert client.get(f"{URL}?org_id={org.uid}", headers=key).json["data"] == []


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"url": "http://192.0.78.1/"}, "https://"),
        ({"url": "https://127.0.0.1/"}, "public internet"),
        ({"url": "https://localhost/"}, "private network"),
        ({"url": "https://user:pw@192.0.78.1/"}, "user name"),
        ({"url": "https://192.0.78.1:22/"}, "ports"),
        ({"url": "https://192.0.78.1/\r\nX: y"}, "ASCII"),
        ({"events": []}, "events"),
        ({"events": ["match.exploded"]}, "match.exploded"),
        ({"events": "match.completed"}, "events"),
        ({"events": ["match.completed", 7]}, "events"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"competition_id": "x"}, "competition_id"),
        ({"competition_id": NOWHERE}, "competition_id"),
        ({"headers": {"Host": "a"}}, "headers"),
        ({"ordered": "yes"}, "ordered"),
    ],
)
def test_bad_fields_are_refused_by_name(client, org, key, terms, word):
    body = {"org_id": org.uid, "url": HOOK, "events": ["match.completed"]} | terms
    refused(client.post(URL, json=body, headers=key), 400, word)
    made = create(client, org, key)
    refused(client.patch(f"{URL}/{made['id']}", json=terms, headers=key), 400, word)
    assert len(client.get(f"{URL}?org_id={org.uid}", headers=key).json["data"]) == 1


def test_a_missing_field_is_named(client, org, key):
    for name in ("org_id", "url", "events"):
        body = {"org_id": org.uid, "url": HOOK, "events": ["*"]}
        del body[name]
        refused(client.post(URL, json=body, headers=key), 400, name)


def test_somebody_else_s_webhook_and_event_are_not_there(client, make, org, key):
    stranger = make.org()
    hook, event = make.webhook(stranger), make.event(stranger)
    for path in (f"{URL}/{hook}", f"{EVENTS}/{event}", f"{URL}/{NOWHERE}", f"{EVENTS}/{NOWHERE}", f"{URL}/x", f"{EVENTS}/x"):
        refused(client.get(path, headers=key), 404, "not found.")
    refused(client.get(f"{URL}?org_id={stranger.uid}", headers=key), 404)
    refused(client.get(f"{EVENTS}?org_id={stranger.uid}", headers=key), 404)
    outsider = make.wallet(org, "owner")
    for path in (f"{URL}/{hook}", f"{EVENTS}/{event}"):
        refused(client.get(path, headers=outsider.headers()), 404, "not found.")


def test_wallets_act_within_their_role(client, make, org):
    member, admin = make.wallet(org, "member"), make.wallet(org, "admin")
    made = create(client, org, member.headers())
    assert client.get(f"{URL}/{made['id']}", headers=member.headers()).status_code == 200
    refused(client.patch(f"{URL}/{made['id']}", json={"active": False}, headers=member.headers()), 403)
    refused(client.delete(f"{URL}/{made['id']}", headers=member.headers()), 403)
    assert client.delete(f"{URL}/{made['id']}", headers=admin.headers()).status_code == 200
    refused(client.get(EVENTS, headers=member.headers()), 400, "org_id")
    assert client.get(f"{EVENTS}?org_id={org.uid}", headers=member.headers()).status_code == 200


def test_creating_twice_with_one_idempotency_key_makes_one_and_shows_the_secret_again(client, org, key):
    once = key | {"Idempotency-Key": unique("hook")}
    body = {"org_id": org.uid, "url": HOOK, "events": ["*"]}
    first, second = (client.post(URL, json=body, headers=once) for _ in range(2))
    assert first.json == second.json
    assert len(client.get(f"{URL}?org_id={org.uid}", headers=key).json["data"]) == 1


class TestEvents:
    def test_a_receiver_reads_on_and_misses_nothing(self, client, make, org, key):
        made = [make.event(org, data={"n": number}) for number in range(5)]
        hand_on()
        first = client.get(f"{EVENTS}?limit=2", headers=key).json["data"]
        known = {event["id"] for event in first["items"]}
        assert first["has_more"] is True
        seen, cursor = list(first["items"]), first["next"]
        while (page := client.get(f"{EVENTS}?limit=2&after={cursor}", headers=key).json["data"])["items"]:
            seen, cursor = seen + page["items"], page["next"]
        assert [event["id"] for event in seen if event["id"] in made] == made and len(known) == 2
        assert page["next"] == cursor and page["has_more"] is False
        late = make.event(org)
        hand_on()
        (event,) = client.get(f"{EVENTS}?after={cursor}", headers=key).json["data"]["items"]
        assert event["id"] == late and event["org_id"] == org.uid

    def test_one_event_is_shown_whole(self, client, make, org, key):
        uid = make.event(org, data={"text": "x" * 30_000})
        assert client.get(f"{EVENTS}/{uid}", headers=key).json["data"]["data"] == {"text": "x" * 30_000}

    @pytest.mark.parametrize("asked", ["limit=0", "limit=501", "limit=x", "org_id=x", "after=1&after=1"])
    def test_a_bad_question_is_refused_by_name(self, client, key, asked):
        refused(client.get(f"{EVENTS}?{asked}", headers=key), 400, asked.partition("=")[0])

    @pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "01", "+1", "1e3", "9" * 19, "%D9%A1", "1%0A", "1;DROP", NOWHERE])
    def test_what_is_no_cursor_is_refused_with_a_word_on_where_cursors_come_from(self, client, key, cursor):
        refused(client.get(f"{EVENTS}?after={cursor}", headers=key), 400, "after must be the cursor of an answer before")

    def test_a_cursor_that_was_never_given_out_here_is_refused_so_that_nobody_misses_what_comes_before(
        self, client, make, org, key
    ):
        make.event(org)
        hand_on()
        last = client.get(EVENTS, headers=key).json["data"]["next"]
        assert client.get(f"{EVENTS}?after={last}", headers=key).json["data"] == {"items": [], "next": last, "has_more": False}
        for foreign in (int(last) + 1, int(last) + 1000, 10**18 - 1):
            refused(client.get(f"{EVENTS}?after={foreign}", headers=key), 400, "after", "another one", "Leave it out")
        empty = make.org()
        none = {"Authorization": f"Bearer {make.key(empty, 'competition', scopes=['webhooks:read'])}"}
        refused(client.get(f"{EVENTS}?after={10**17}", headers=none), 400, "after")


def test_lists_cost_the_same_however_long_they_are(client, make, org, key, count_sql):
    def cost(path):
        with count_sql() as statements:
            assert client.get(path, headers=key).status_code == 200
        return len(statements)

    hook = make.webhook(org)
    paths = (f"{URL}?org_id={org.uid}", f"{URL}/{hook}", EVENTS)
    client.get(paths[0], headers=key)
    few = [cost(path) for path in paths]
    for _ in range(5):
        make.webhook(org)
        make.event(org)
    hand_on()
    assert [cost(path) for path in paths] == few
    assert max(few) <= 5

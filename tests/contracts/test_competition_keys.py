"""The Competition API's "API Keys" part, call by call as its page prints it."""

import re
import time
import uuid

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.crypto import digest
from portal.kernel.db import reading, unit_of_work
from portal.keys import service as keys
from portal.keys.kinds import Limits
from portal.keys.model import ApiKey, KeySecret
from portal.orgs.model import Organization

URL = "/api/v1/auth/api-keys"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def key(make, org):
    return make.key(org, "competition")


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def uid_of(secret):
    query = select(ApiKey.uid).join(KeySecret, KeySecret.key_id == ApiKey.id).where(KeySecret.digest == digest(secret))
    with reading() as connection:
        return connection.scalar(query)


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    assert list(answer.json) == ["ok", "error"] and answer.json["ok"] is False
    for word in words:
        assert word in answer.json["error"], answer.json
    return True


def test_a_key_is_made_as_the_page_prints_it(client, org, key):
    answer = client.post(URL, headers=bearer(key), json={"org_id": org.uid, "label": "CI Pipeline"})
    assert answer.status_code == 201
    assert answer.json["ok"] is True
    data = answer.json["data"]
    assert set(data) == {"id", "org_id", "label", "key", "created_at"}
    assert (data["org_id"], data["label"]) == (org.uid, "CI Pipeline")
    assert str(uuid.UUID(data["id"])) == data["id"] and MOMENT.fullmatch(data["created_at"])
    assert re.fullmatch(r"lc_[0-9a-f]{64}", data["key"])
    assert client.get(f"{URL}?org_id={org.uid}", headers=bearer(data["key"])).status_code == 200
    for header in ("Limit", "Remaining", "Reset"):
        assert answer.headers[f"X-RateLimit-{header}"].isdigit()


def test_the_label_is_optional_and_scopes_may_be_fewer(client, org, key):
    answer = client.post(URL, headers=bearer(key), json={"org_id": org.uid, "scopes": ["teams:read"]})
    assert (answer.status_code, answer.json["data"]["label"]) == (201, "API key")
    narrow = answer.json["data"]["key"]
    assert refused(client.get(f"{URL}?org_id={org.uid}", headers=bearer(narrow)), 403, "keys:manage")
    assert refused(client.post(URL, headers=bearer(narrow), json={"org_id": org.uid}), 403, "keys:manage")


def test_keys_are_listed_without_anything_secret(client, org, key):
    made = client.post(URL, headers=bearer(key), json={"org_id": org.uid, "label": "Bot"}).json["data"]
    answer = client.get(f"{URL}?org_id={org.uid}", headers={"X-API-Key": key})
    assert answer.status_code == 200 and answer.json["ok"] is True
    assert len(answer.json["data"]) == 2
    row = answer.json["data"][-1]
    assert set(row) == {"id", "org_id", "label", "created_by", "created_at", "last_used_at", "revoked_at"}
    assert (row["id"], row["label"], row["revoked_at"]) == (made["id"], "Bot", None)
    assert made["key"][8:20] not in answer.text


def test_a_revoked_key_is_dead_within_a_second_and_stays_listed(client, org, key):
    made = client.post(URL, headers=bearer(key), json={"org_id": org.uid}).json["data"]
    assert client.get(f"{URL}?org_id={org.uid}", headers=bearer(made["key"])).status_code == 200
    answer = client.delete(f"{URL}?id={made['id']}", headers=bearer(key))
    revoked = time.monotonic()
    assert answer.status_code == 200
    assert answer.json["data"]["id"] == made["id"] and MOMENT.fullmatch(answer.json["data"]["revoked_at"])
    asked = revoked
    while client.get(f"{URL}?org_id={org.uid}", headers=bearer(made["key"])).status_code == 200:
        assert asked - revoked < 1
        time.sleep(0.02)
        asked = time.monotonic()
    assert refused(client.get(f"{URL}?org_id={org.uid}", headers=bearer(made["key"])), 401)
    again = client.delete(f"{URL}?id={made['id']}", headers=bearer(key))
    assert again.json == answer.json
    listed = client.get(f"{URL}?org_id={org.uid}", headers=bearer(key)).json["data"][-1]
    assert listed["revoked_at"] == answer.json["data"]["revoked_at"]


def test_a_key_may_revoke_itself_without_key_management(client, make, org):
    plain = make.key(org, "casino")
    other = make.key(org, "session")
    assert refused(client.delete(f"{URL}?id={uid_of(other)}", headers=bearer(plain)), 403, "keys:manage")
    assert client.delete(f"{URL}?id={uid_of(plain)}", headers=bearer(plain)).status_code == 200


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_without_a_good_key_the_answer_is_the_one_sentence_of_the_page(client, make, org, method):
    dead = make.key(org, "competition")
    with unit_of_work() as session:
        place = session.get(Organization, org.id)
        keys.revoke_key(session, place, keys.key_by_uid(session, place, uid_of(dead)), SYSTEM)
    for headers in ({}, bearer("lc_" + "0" * 64), bearer(dead), {"X-API-Key": "nonsense"}):
        answer = getattr(client, method)(f"{URL}?org_id={org.uid}", headers=headers)
        assert (answer.status_code, answer.json) == (401, {"ok": False, "error": "Authentication required"})


def test_what_is_another_organizations_is_not_there(client, make, org, key):
    stranger = make.org()
    theirs = uid_of(make.key(stranger, "competition"))
    absent = str(uuid.uuid4())
    for uid in (stranger.uid, absent):
        assert refused(client.get(f"{URL}?org_id={uid}", headers=bearer(key)), 404, "Organization not found.")
        assert refused(client.post(URL, headers=bearer(key), json={"org_id": uid}), 404, "Organization not found.")
    answers = [client.delete(f"{URL}?id={uid}", headers=bearer(key)) for uid in (theirs, absent)]
    assert all(refused(answer, 404, "Key not found.") for answer in answers)
    assert answers[0].json == answers[1].json
    with reading() as connection:
        assert connection.scalar(select(ApiKey.revoked_at).where(ApiKey.uid == theirs)) is None


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "org_id"),
        ({"org_id": 5}, "org_id"),
        ({"org_id": "5"}, "org_id"),
        ({"org_id": None}, "org_id"),
        ({"label": ""}, "label"),
        ({"label": "  "}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"label": 7}, "label"),
        ({"label": "two\nlines"}, "label"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "teams:read"}, "scopes"),
        ({"scopes": ["teams:fly"]}, "teams:fly"),
        ({"is_active": True}, "is_active"),
        ({"created_by": "root"}, "created_by"),
        ({"kind": "feed"}, "kind"),
    ],
)
def test_a_bad_body_is_refused_naming_the_field(client, org, key, body, word):
    sent = body if "org_id" in body or not body else {"org_id": org.uid, **body}
    assert refused(client.post(URL, headers=bearer(key), json=sent), 400, word)


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b'{"org_id": "a", "org_id": "b"}', "application/json", 400),
        (b'{"org_id": NaN}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"label": "' + b"x" * 1_000_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_not_one_json_object_is_refused(client, key, raw, kind, status):
    assert refused(client.post(URL, headers=bearer(key), data=raw, content_type=kind), status)


@pytest.mark.parametrize("query", ["", "?org_id=", "?org_id=1", "?org_id=not-a-uuid"])
def test_a_list_without_its_organization_is_refused_by_name(client, key, query):
    assert refused(client.get(URL + query, headers=bearer(key)), 400, "org_id")


@pytest.mark.parametrize("query", ["", "?id=", "?id=7", "?id=%00"])
def test_a_revocation_without_its_key_is_refused_by_name(client, key, query):
    assert refused(client.delete(URL + query, headers=bearer(key)), 400, "id")


def test_two_different_credentials_are_refused(client, make, org, key):
    headers = bearer(key) | {"X-API-Key": make.key(org, "competition")}
    assert refused(client.get(f"{URL}?org_id={org.uid}", headers=headers), 400, "two different credentials")


def test_a_new_key_never_exceeds_the_key_that_made_it(client, make, org):
    narrow = make.key(org, "competition", scopes=["keys:manage", "teams:read"], limits=Limits(per_minute=9, per_day=90))
    assert refused(
        client.post(URL, headers=bearer(narrow), json={"org_id": org.uid, "scopes": ["teams:write"]}), 403, "teams:write"
    )
    made = client.post(URL, headers=bearer(narrow), json={"org_id": org.uid}).json["data"]
    with unit_of_work() as session:
        row = keys.key_by_uid(session, session.get(Organization, org.id), made["id"])
        assert set(row.scopes) == {"keys:manage", "teams:read"}
        assert (row.per_minute, row.writes_per_minute, row.per_hour, row.per_day) == (9, 60, 1000, 90)


def test_over_the_rate_the_page_s_sentence_names_the_moment(client, make, org):
    tight = make.key(org, "competition", limits=Limits(per_minute=2))
    answers = [client.get(f"{URL}?org_id={org.uid}", headers=bearer(tight)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    reset = answers[2].headers["X-RateLimit-Reset"]
    assert answers[2].json == {"ok": False, "error": f"Rate limit exceeded. Retry after {reset}."}
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60


def test_a_key_that_was_just_revoked_leaves_no_heir(app, client, org, key):
    assert client.get(f"{URL}?org_id={org.uid}", headers=bearer(key)).status_code == 200
    with unit_of_work() as session:
        place = session.get(Organization, org.id)
        keys.revoke_key(session, place, keys.key_by_uid(session, place, uid_of(key)), SYSTEM)
    answer = client.post(URL, headers=bearer(key), json={"org_id": org.uid})
    assert refused(answer, 401), "admission may remember the key for a moment; issuing asks again"


def test_what_a_key_does_is_in_the_audit_log_under_its_name(client, org, key):
    made = client.post(URL, headers=bearer(key), json={"org_id": org.uid}).json["data"]
    client.delete(f"{URL}?id={made['id']}", headers=bearer(key))
    query = select(AuditRow.action, AuditRow.actor_kind, AuditRow.actor_id).where(AuditRow.subject_id == made["id"])
    with reading() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(AuditRow.id))]
    assert rows == [("key.issued", "key", uid_of(key)), ("key.revoked", "key", uid_of(key))]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_other_methods_are_refused_in_the_same_envelope(client, key, method):
    answer = getattr(client, method)(URL, headers=bearer(key))
    assert refused(answer, 405)
    assert "DELETE" in answer.headers["Allow"]

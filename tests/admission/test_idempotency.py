"""`Idempotency-Key`: the same POST sent again gets the same answer and has one effect, whatever happens in between."""

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.admission import idempotency
from portal.admission.idempotency import KeptAnswer
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import db, reading, unit_of_work
from tests.admission.racing import at_once
from tests.conftest import SECRET
from tests.make import unique
from tests.servers import ROOT

TEAMS, KEYS = "/api/v1/teams", "/api/v1/auth/api-keys"


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def key(make, org):
    return make.key(org, "competition")


def headers(key: str, mark: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Idempotency-Key": mark}


def teams(client, org) -> list[str]:
    return [row["name"] for row in client.get(f"{TEAMS}?org_id={org.uid}").json["data"]]


def kept(mark: str) -> list[KeptAnswer]:
    with unit_of_work() as session:
        rows = list(session.scalars(select(KeptAnswer).where(KeptAnswer.key_digest == digest(mark))))
        session.expunge_all()
        return rows


def test_the_same_request_again_gets_the_same_answer_and_has_one_effect(client, org, key):
    mark, body = unique("mark"), {"org_id": org.uid, "name": "Team Alpha"}
    first, again = (client.post(TEAMS, json=body, headers=headers(key, mark)) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data and again.content_type == first.content_type
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
    assert teams(client, org) == ["Team Alpha"]
    assert client.post(TEAMS, json=body, headers=headers(key, unique("mark"))).status_code == 201
    assert len(teams(client, org)) == 2


def test_the_same_key_with_another_request_is_refused(client, org, key):
    mark = unique("mark")
    assert client.post(TEAMS, json={"org_id": org.uid, "name": "Team Alpha"}, headers=headers(key, mark)).status_code == 201
    for url, body in (
        (TEAMS, {"org_id": org.uid, "name": "Team Bravo"}),
        (f"{TEAMS}?x=1", {"org_id": org.uid, "name": "Team Alpha"}),
        (KEYS, {"org_id": org.uid}),
    ):
        answer = client.post(url, json=body, headers=headers(key, mark))
        assert answer.status_code == 422 and "Idempotency-Key" in answer.json["error"]
    assert teams(client, org) == ["Team Alpha"]


def test_a_refused_request_is_not_kept(client, org, key):
    mark = unique("mark")
    assert client.post(TEAMS, json={"org_id": org.uid, "name": "x"}, headers=headers(key, mark)).status_code == 400
    assert kept(mark) == []
    assert client.post(TEAMS, json={"org_id": org.uid, "name": "Team Alpha"}, headers=headers(key, mark)).status_code == 201


def test_another_caller_s_key_is_another_key(client, make, org, key):
    mark, wallet, theirs = unique("mark"), make.wallet(org, "owner"), make.org()
    body = {"org_id": org.uid, "name": "Team Alpha"}
    for sent in (headers(key, mark), headers(make.key(org, "competition"), mark), wallet.headers() | {"Idempotency-Key": mark}):
        answer = client.post(TEAMS, json=body, headers=sent)
        assert answer.status_code == 201 and "Idempotent-Replayed" not in answer.headers
    elsewhere = headers(make.key(theirs, "competition"), mark)
    assert client.post(TEAMS, json=body, headers=elsewhere).status_code == 404
    assert (len(teams(client, org)), len(kept(mark))) == (3, 3)


def test_a_wallet_signs_again_and_gets_the_first_answer(client, make, org):
    wallet, mark, body = make.wallet(org, "owner"), unique("mark"), {"org_id": org.uid, "name": "Team Alpha"}
    first = client.post(TEAMS, json=body, headers=wallet.headers() | {"Idempotency-Key": mark})
    lower = wallet.headers() | {"Idempotency-Key": mark, "x-lc-address": wallet.address.lower()}
    again = client.post(TEAMS, json=body, headers=lower)
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert teams(client, org) == ["Team Alpha"]


@pytest.mark.parametrize(("hours", "runs_again"), [(23.9, False), (24.1, True)])
def test_it_is_kept_for_a_day(client, org, key, hours, runs_again):
    mark, body = unique("mark"), {"org_id": org.uid, "name": "Team Alpha"}
    first = client.post(TEAMS, json=body, headers=headers(key, mark))
    with unit_of_work() as session:
        mine = session.query(KeptAnswer).filter(KeptAnswer.key_digest == digest(mark))
        mine.update({"created_at": utc_now() - timedelta(hours=hours)})
    again = client.post(TEAMS, json=body, headers=headers(key, mark))
    assert again.status_code == 201 and (again.data != first.data) is runs_again
    assert (len(teams(client, org)), len(kept(mark))) == (2 if runs_again else 1, 1)


def test_an_answer_with_a_secret_is_sealed_and_still_shown_to_whoever_asks_again(client, org, key):
    mark, body = unique("mark"), {"org_id": org.uid, "label": "CI"}
    first, again = (client.post(KEYS, json=body, headers=headers(key, mark)) for _ in range(2))
    secret = first.json["data"]["key"]
    assert again.json["data"]["key"] == secret
    (row,) = kept(mark)
    assert secret.encode() not in row.sealed_body and secret[8:24].encode() not in row.sealed_body
    listed = client.get(f"{KEYS}?org_id={org.uid}", headers=headers(key, mark)).json["data"]
    assert [row["label"] for row in listed].count("CI") == 1


@pytest.mark.parametrize("mark", ["x" * 256, "\x01", "é", "a\tb"])
def test_a_malformed_key_is_refused(client, org, key, mark):
    answer = client.post(TEAMS, json={"org_id": org.uid, "name": "Team Alpha"}, headers=headers(key, mark))
    assert answer.status_code == 400 and "Idempotency-Key" in answer.json["error"]
    assert teams(client, org) == []


def test_other_methods_take_no_notice_of_it(client, org, key):
    mark = unique("mark")
    url = f"/api/v1/organizations/{org.uid}"
    for name in ("Acme", "Apex"):
        assert client.patch(url, json={"name": name}, headers=headers(key, mark)).json["data"]["name"] == name
    assert kept(mark) == []


def test_sent_many_times_at_once_it_has_one_effect(app, client, org, key):
    """PostgreSQL tells the others that the first is running; SQLite lets them wait for its answer."""
    mark = unique("mark")
    answers = at_once(app, [sending(org, key, mark)] * 4)
    good = [answer for answer in answers if answer.status_code == 201]
    assert good and {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in good}) == 1
    assert teams(client, org) == ["Team Alpha"]
    again = sending(org, key, mark)(client)
    assert (again.status_code, again.data) == (201, good[0].data)


def test_while_the_first_runs_the_second_is_told_so(app, client, org, key, monkeypatch):
    with app.app_context():
        if db.engine.dialect.name != "postgresql":
            pytest.skip("SQLite has one writer: the second waits and gets the first's answer")
    mark, inside, go_on = unique("mark"), threading.Event(), threading.Event()
    sealed = idempotency.seal

    def slow(*arguments):
        inside.set()
        assert go_on.wait(10)
        return sealed(*arguments)

    monkeypatch.setattr(idempotency, "seal", slow)
    first: list[object] = []
    thread = threading.Thread(target=lambda: first.append(sending(org, key, mark)(app.test_client())))
    thread.start()
    assert inside.wait(10)
    second = sending(org, key, mark)(client)
    go_on.set()
    thread.join(20)
    assert second.status_code == 409 and "still running" in second.json["error"]
    assert first[0].status_code == 201 and teams(client, org) == ["Team Alpha"]


def test_keeping_answers_in_a_dictionary_would_let_two_pass(app, client, org, key, monkeypatch):
    """The naive twin: look for an answer, run, keep it. Both look before either keeps."""
    answers, both = {}, threading.Barrier(2)

    def naively(owner, mark, view):
        found = answers.get((owner, mark))
        both.wait(10)
        if found is None:
            found = answers[owner, mark] = view()
        return found

    monkeypatch.setattr(idempotency, "once", naively)
    at_once(app, [sending(org, key, unique("mark"))] * 2)
    assert teams(client, org) == ["Team Alpha", "Team Alpha"]


def sending(org, key, mark):
    body = {"org_id": org.uid, "name": "Team Alpha"}
    return lambda client: client.post(TEAMS, json=body, headers=headers(key, mark))


@pytest.mark.processes
def test_a_process_that_dies_before_the_end_leaves_neither_effect_nor_answer(client, org, key, database_url, tmp_path):
    mark = unique("mark")
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": "memory://",
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_LOG_LEVEL": "error",
    }
    facts = {"environ": environ, "path": TEAMS, "body": {"org_id": org.uid, "name": "Team Alpha"}, "headers": headers(key, mark)}
    command = [sys.executable, "-m", "tests.admission.killed"]
    dead = subprocess.run(command, input=json.dumps(facts) + "\n", text=True, cwd=ROOT, timeout=60, check=False)
    assert dead.returncode == -signal.SIGKILL
    until = time.monotonic() + 10  # PostgreSQL needs a moment to see that its client is gone
    while (answer := sending(org, key, mark)(client)).status_code == 409 and time.monotonic() < until:
        time.sleep(0.05)
    assert answer.status_code == 201 and "Idempotent-Replayed" not in answer.headers
    assert teams(client, org) == ["Team Alpha"] and len(kept(mark)) == 1
    with reading() as connection:
        assert connection.scalar(select(KeptAnswer.status).where(KeptAnswer.key_digest == digest(mark))) == 201

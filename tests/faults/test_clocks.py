"""F19: a web process ten minutes fast and workers ten minutes slow and fast. Everything goes by the database's clock."""

import http.client
import json
import re
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from portal.webhooks.model import LISTENING
from tests.faults.scene import Scene
from tests.make import Make
from tests.servers import WebServer, wait_until
from tests.webhooks.receiver import slow, status

pytestmark = pytest.mark.processes
ROOMS = ("outbox", "webhooks", "transports")
CUP = {"title": "Skewed", "type": "bracket"}


def post(web: WebServer, key: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """The data of an answer that grants it."""
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)) as connection:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text)["data"]


def subscribed(scene: Scene, web: WebServer, path: str):
    """An organization with a webhook made through the web process, a key, and the webhook's secret."""
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org()
        key = make.key(org, "competition")
    made = post(web, key, "/api/v1/webhooks", {"org_id": org.uid, "url": scene.receiver.url(path), "events": ["competition.*"]})
    return org, key, str(made["secret"])


def test_clocks_that_are_wrong_by_ten_minutes_neither_delay_nor_hurry_nor_double_anything(scene, tmp_path):
    scene.receiver.answers["/in"] = slow(1.2, 500)
    fast = scene.environ | {"TILTYARD_TEST_SKEW": "600"}
    with WebServer(tmp_path, fast, target="tests.faults.skewed:app") as web:
        for ahead in ("-600", "600"):
            scene.start(module="tests.faults.skewed", TILTYARD_TEST_SKEW=ahead)
        org, key, secret = subscribed(scene, web, "/in")
        post(web, key, "/api/v1/competitions", CUP | {"org_id": org.uid})
        (first,) = scene.receiver.wait(1, "/in", 20)
    Webhook(secret).verify(first.body, first.headers)  # which allows five minutes
    wait_until(lambda: [row.tries for row in scene.deliveries(org)] == [1], "the first try written down", 20)
    now = scene.now()
    ((row,), (attempt,), (endpoint,)) = scene.deliveries(org), scene.attempts(org), scene.endpoints(org)
    told = abs((now - row.created_at).total_seconds()), abs((now - attempt.at).total_seconds())
    assert max(told) < 30, "when it was told, and when it was tried"
    assert 20 < (row.due_at - attempt.at).total_seconds() < 40, "half a minute later, whoever has what time"
    assert endpoint.status in LISTENING and abs((now - endpoint.served_at).total_seconds()) < 30
    time.sleep(1.2)  # longer than a sweep: the worker whose clock is fast must not think that it is due
    assert len(scene.receiver.at("/in")) == 1, "neither the lease nor the time of the next try was judged by a worker's clock"
    scene.receiver.answers["/in"] = status(200)
    scene.pass_time(timedelta(seconds=40))
    scene.wait(1, org, 20)
    assert [arrival.id for arrival in scene.receiver.at("/in")] == [first.id] * 2


def test_a_worker_whose_clock_is_wrong_says_so(scene):
    scene.start(module="tests.faults.skewed", TILTYARD_TEST_SKEW="-600")
    log = Path(scene.directory / "workers.log")
    wait_until(lambda: "set it by NTP" in log.read_text(), "the warning", 20)
    assert re.search(r'"seconds_ahead": ?-(599|600)', log.read_text()), log.read_text()


def test_what_decides_about_deliveries_reads_no_wall_clock():
    """Only pages do, for what people look at, and what belongs to others' clocks: the credentials that a queue's owner lends."""
    own, asked = set(), set()
    for path in (path for room in ROOMS for path in Path("portal", room).glob("*.py")):
        text = path.read_text()
        if re.search(r"^    .*(?<!abs\()\b(time\.time|time_ns|datetime\.now|utcnow)\(", text, re.M):
            own.add(path.stem)
        if "utc_now()" in text and not path.stem.endswith("pages"):
            asked.add(path.stem)
    assert (own, asked) == (set(), {"skew", "sqs"})

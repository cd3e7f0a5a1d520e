"""`/metrics` of a stream process: who is connected, and for whom that is."""

import http.client
from contextlib import closing

import pytest

from tests.servers import wait_until
from tests.streaming.stage import StreamServer, frame

pytestmark = pytest.mark.processes


def asked(stream: StreamServer, headers: dict[str, str] | None = None) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", stream.port, timeout=5)) as connection:
        connection.request("GET", "/metrics", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def connected(stream: StreamServer) -> dict[str, int]:
    """By kind."""
    lines = [line for line in asked(stream)[1].splitlines() if line.startswith("tiltyard_stream_connections{")]
    return {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in lines}


def test_it_counts_who_is_connected_and_forgets_who_left(make, org, stream):
    before = connected(stream)
    assert set(before) == {"socket", "page"}
    with stream.connect(make.key(org, "feed")) as client:
        frame(client)
        assert connected(stream)["socket"] == before["socket"] + 1
    wait_until(lambda: connected(stream) == before, "the end of the connection", 10)


def test_callers_behind_a_proxy_do_not_see_it(stream):
    status, text = asked(stream, {"X-Forwarded-For": "203.0.113.9"})
    assert status == 404 and "tiltyard" not in text
    assert asked(stream)[0] == 200

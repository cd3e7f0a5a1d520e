"""What the log offers to copy is what was sent."""

import shlex
import shutil
import subprocess

import pytest

from portal.webhooks.exchange import curl_of, readable
from portal.webhooks.model import Attempt

BODY = '{"name":"O\'Neill \\"Zoë\\" $HOME `id` \\\\ @x"}'.encode()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed here")
@pytest.mark.parametrize("path", ["/in", "/in?a=1&b=$HOME;c='d'", "/[1-3]", "/[a,b]"])
def test_the_line_for_curl_sends_the_same_request_once(receiver, path):
    headers = {"Content-Type": "application/json", "webhook-id": "m", "X-Own": "it's $HOME `id`; @file"}
    line = curl_of(Attempt(url=receiver.url(path), request_headers=headers), BODY)
    subprocess.run(["sh", "-c", f"{line} --noproxy '*' -s"], check=True, timeout=20)
    (arrival,) = receiver.arrivals
    assert (arrival.path, arrival.body) == (path, BODY)
    assert {name.lower(): value for name, value in headers.items()}.items() <= arrival.headers.items()
    assert shlex.split(line)[0] == "curl"


def test_json_is_shown_with_indents_and_anything_else_as_it_is():
    assert readable(b'{"a":["\xc3\xab"]}') == '{\n  "a": [\n    "ë"\n  ]\n}'
    for body in (b"<html>", b"", b"\xff\x00", b"[" * 100_000):
        assert readable(body) == body.decode("utf-8", "replace")

"""A whole Tiltyard, the receivers beside it, and those who call it: over the network, as integrators and operators do."""

import http.client
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Self

from tests import servers
from tests.browser.demo import DemoServer

HERE = Path(__file__).parent
SECRET = "TILTYARD_WEBHOOK_SECRET"
SECONDS = 20.0


class Platform(DemoServer):
    """`python app.py`, whose webhooks may go to this machine, and its stream on a port that is known."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.stream_port = servers.free_port()
        self.environ |= {"TILTYARD_WEBHOOK_ALLOW_LOCAL": "1", "TILTYARD_STREAM_PORT": str(self.stream_port)}


class Program(servers.Server):
    """A receiver: `argv`, a port and what else it wants, with its secret in the environment. Stopped and started again it
    listens at the same address."""

    def __init__(self, directory: Path, argv: list[str | Path], *more: str | Path, **environ: str) -> None:
        super().__init__(directory)
        self.port = servers.free_port()
        self.log = directory / f"receiver-{self.port}.log"
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self.argv = [*argv, str(self.port), *more]
        self.environ = servers.plain_environment() | environ

    def start(self) -> Self:
        return self._launch(self.argv, lambda: self.told() is not None, env=self.environ)

    def told(self) -> Any:
        """What it shows of itself."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", "/")
            return json.loads(connection.getresponse().read())

    def post(self, headers: Mapping[str, str], body: str) -> int:
        """The status with which it answers this request."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            framing = ("host", "content-length")
            kept = {name: value for name, value in headers.items() if name not in framing}
            connection.request("POST", "/hooks", body.encode(), kept)
            return connection.getresponse().status


class Api:
    """The API with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.port, self.key = urllib.parse.urlsplit(url).port, key

    def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The `data` of the answer, which must have this status."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, f"/api/v1/{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        assert answer.status == status, (method, path, answer.status, text[:500])
        return json.loads(text).get("data")

    def events(self, after: str = "") -> tuple[list[dict[str, Any]], str]:
        """Everything that happened after the cursor, and the cursor after that."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"events?after={after}&limit=500")
            found, after = found + page["items"], page["next"]
            if not page["has_more"]:
                return found, after


class Operator:
    """Somebody in the back office, without a browser: forms as they are sent without JavaScript."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.url = url
        self._web = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()))
        self.send("/sign-in", {"email": email, "password": password})

    def send(self, path: str, data: Mapping[str, str], page: str = "") -> str:
        """Send a form with the token of its page, or of another; the text of the answer."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self._open(page or path))
        assert token, f"{page or path} has no form"
        return self._open(path, urllib.parse.urlencode({"csrf_token": token[1], **data}).encode())

    def _open(self, path: str, data: bytes | None = None) -> str:
        asked = urllib.request.Request(f"{self.url}{path}", data, {"Origin": self.url})
        with self._web.open(asked, timeout=10) as answer:
            return str(answer.read().decode())


def until(found: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """What `found` gives once that is true. Raises AssertionError naming `what`."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
    return value

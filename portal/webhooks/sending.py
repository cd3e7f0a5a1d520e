"""One try: dial, send, read the beginning of the answer. Nothing here touches the database.

No redirects, no proxy from the environment, no cookies, no decompression; 5 s to connect, 15 s in all however slowly an
answer drips (M25), 16 KB of it kept.
"""

import asyncio
import errno
import ssl
import time
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from portal.kernel.errors import Invalid
from portal.webhooks.addresses import RefusedAddressError, Rules, Vetting, check_url
from portal.webhooks.connecting import Connector
from portal.webhooks.outgoing import Outgoing

CONNECT_SECONDS, ALL_SECONDS = 5.0, 15.0
KEPT_BYTES = 16_384
MOST_HEADERS, LONGEST_HEADER = 50, 500
# What is said where the network is down, a firewall of ours refuses, or this process has run out of files or memory.
_DOWN = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_UNREACHABLE = frozenset((*_DOWN, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


@dataclass(frozen=True, slots=True)
class Answer:
    """How one try went, `at` by the database's clock. `status` is None where no answer came; `error` says why, for people.

    `unreachable`: not even a connection came about, in a way that our own network may be to blame for."""

    at: datetime
    took_ms: int
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""
    first_byte_ms: int | None = None
    unreachable: bool = False

    @property
    def delivered(self) -> bool:
        """Whole, in time, and 2xx."""
        return not self.error and self.status is not None and 200 <= self.status < 300


class Client:
    """Sends many at once; one for a worker process. Use it as an async context manager."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._vetting = rules, Vetting(rules)

    async def __aenter__(self) -> "Client":
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        self._http = aiohttp.ClientSession(
            connector=Connector(self._vetting),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept", "User-Agent"),
            trace_configs=[_tracing()],
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.close()

    async def send(self, out: Outgoing) -> Answer:
        """One try. Never raises for what the receiver or the network does."""
        begun = time.perf_counter()
        progress = _Progress()
        try:
            async with asyncio.timeout(ALL_SECONDS):
                await self._exchange(out, progress, begun)
            error, unreachable = _unwelcome(progress.status), False
        except Exception as problem:  # whatever a receiver can do to us is an outcome, not an accident
            error, unreachable = _words(problem, progress)
        took = round((time.perf_counter() - begun) * 1000)
        body = bytes(progress.body)
        return Answer(out.at, took, progress.status, progress.headers, body, error, progress.first_byte_ms, unreachable)

    async def _exchange(self, out: Outgoing, progress: "_Progress", begun: float) -> None:
        url = URL(check_url(out.url, self._rules), encoded=True)  # once more: what is allowed may have changed since
        sent: dict[str, Any] = {"data": out.body, "headers": out.headers, "trace_request_ctx": progress}
        async with self._http.post(url, **sent, allow_redirects=False) as answer:
            progress.first_byte_ms = round((time.perf_counter() - begun) * 1000)
            progress.status = answer.status
            progress.headers = _kept_headers(answer)
            while len(progress.body) < KEPT_BYTES:
                part = await answer.content.read(KEPT_BYTES - len(progress.body))
                if not part:
                    return
                progress.body += part
            if not answer.content.at_eof():
                answer.close()  # the rest is not read, so the connection cannot be used again


@dataclass
class _Progress:
    """What has come about until now."""

    connected: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    first_byte_ms: int | None = None


def _tracing() -> aiohttp.TraceConfig:
    """Notes in a try's progress when it has a connection, be it new or one that stands."""

    async def connected(_session: object, context: SimpleNamespace, _how: object) -> None:
        context.trace_request_ctx.connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    tracing.on_connection_reuseconn.append(connected)
    return tracing


def _kept_headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    kept = list(answer.headers.items())[:MOST_HEADERS]
    return {_storable(name)[:100]: _storable(value)[:LONGEST_HEADER] for name, value in kept}


def _storable(text: str) -> str:
    """What every database takes: no NUL, and no bytes that were not text."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\0")


def _unwelcome(status: int | None) -> str:
    """What is wrong with this status, "" for 2xx."""
    if status is None or 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver answered {status}. Redirects are not followed; give the address where it leads."
    return f"The receiver answered {status}."


def _words(problem: Exception, progress: _Progress) -> tuple[str, bool]:
    """A sentence for people, and whether our own network may be to blame."""
    cause = getattr(problem, "os_error", None) or problem
    if isinstance(cause, RefusedAddressError) or isinstance(cause.__cause__, RefusedAddressError):
        return "The host leads to an address that is not in the public internet, so it was not called.", False
    if isinstance(problem, Invalid):
        return f"The address may not be called: {problem.message}", False
    if isinstance(problem, aiohttp.InvalidURL):
        return "The address is not one that can be called.", False
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return "The host's name could not be resolved.", True
    if isinstance(problem, aiohttp.ServerTimeoutError):
        return f"No connection within {CONNECT_SECONDS:g} seconds.", True
    if isinstance(problem, TimeoutError) and not progress.connected:  # a name with several addresses, each of them silent
        return f"No connection within {ALL_SECONDS:g} seconds.", True
    if isinstance(problem, TimeoutError):
        what = "The answer was not complete" if progress.status is not None else "No answer"
        return f"{what} within {ALL_SECONDS:g} seconds.", False
    if isinstance(problem, aiohttp.ClientSSLError | ssl.SSLError):
        return f"The TLS certificate or handshake failed: {_reason(problem)}.", False
    if isinstance(problem, aiohttp.ClientConnectorError):
        number = getattr(cause, "errno", None)
        name = "refused" if number == errno.ECONNREFUSED else "not possible"
        return f"The connection was {name}.", number in _UNREACHABLE
    if isinstance(problem, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return "The answer was not valid HTTP.", False
    if isinstance(problem, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | OSError):
        return "The connection was closed before the answer was complete.", False
    return f"The request failed ({type(problem).__name__}).", False


def _reason(problem: Exception) -> str:
    certificate = getattr(problem, "certificate_error", None)
    text = getattr(certificate, "verify_message", "") or getattr(getattr(problem, "os_error", None), "reason", "") or "not valid"
    return _storable(str(text))[:150].rstrip(".")

"""The connections that deliveries go over: vetted before they are dialled, and bounded in what is read of an answer.

The HTTP library parses all that has come before anybody else gets a turn. Interim answers (1xx) without end, or a body in
chunks that are nothing but extensions, keep the event loop busy with that, and so everybody's deliveries waiting: ten such
receivers held the others up for as long as they liked. So of an answer no more than its first READ_BYTES reach the parser.
"""

import functools
import ssl
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from portal.webhooks.addresses import Vetting

READ_BYTES = 65_536  # of an answer, with its headers and whatever stands between the parts of its body
# Below what receivers commonly wait (Node: 5 s) before they close an idle connection, so that we never write into a closed one.
IDLE_SECONDS = 4.0
DNS_CACHE_SECONDS = 30


class Connector(aiohttp.TCPConnector):
    """For one session. Any number of connections; how many there are is decided by who claims deliveries."""

    def __init__(self, vetting: Vetting) -> None:
        super().__init__(
            resolver=vetting,  # type: ignore[arg-type]
            socket_factory=vetting.socket,
            ssl=ssl.create_default_context(),
            limit=0,
            ttl_dns_cache=DNS_CACHE_SECONDS,
            keepalive_timeout=IDLE_SECONDS,
        )
        self._factory = functools.partial(Bounded, loop=self._loop)  # type: ignore[assignment]


class Bounded(ResponseHandler):
    """One connection. What comes after the first READ_BYTES of an answer stays with the sender, whose window closes, until
    the try is over; the connection is not used again."""

    _left = READ_BYTES

    def set_response_params(self, **params: Any) -> None:
        """At the beginning of each request."""
        self._left = READ_BYTES
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Without any data the parser goes on with what it has."""
        read = data[: self._left]
        if read or not data:
            super().data_received(read)
        self._left -= len(read)
        if self._left == 0 and self.transport is not None:
            self.force_close()
            self.transport.pause_reading()

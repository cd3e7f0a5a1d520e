"""One WebSocket on the wire: uvicorn's protocol, held to bounds that it leaves open."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSING_SECONDS = 2.0
WRITE_BUFFER = 32_768  # bytes that wait in the process for one peer before its frames are queued instead
MOST_FRAGMENTS = 16
ABORT = "tiltyard.abort"


class Protocol(WebSocketsSansIOProtocol):
    """Nothing waits for a peer that does not read, and nothing is read from it meanwhile: its pings would be answered into
    a buffer without end."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        self.close_timeout = CLOSING_SECONDS

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["state"][ABORT] = self.transport.abort  # the application runs later, in a task of its own

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= MOST_FRAGMENTS:
            self.transport.abort()
        else:
            super().handle_cont(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        self.transport.abort()  # a close frame would wait for the peer that is not there

"""The live stream: `python -m portal.stream`, an ASGI process beside web. Any number of them may run."""

import resource
import socket
import sys
from contextlib import suppress

import uvicorn

from portal import create_app
from portal.config import Settings
from portal.streaming.protocol import Protocol
from portal.streaming.server import Stream

MOST_INCOMING = 1_024  # bytes of a message; nothing is read from it
SEND_BUFFER = 131_072  # bytes that the system holds for a peer that reads slowly
BACKLOG = 4_096
DRAIN_SECONDS = 3


def main() -> int:
    """Serve until told to stop."""
    app = create_app()
    settings: Settings = app.config["SETTINGS"]
    _open_files()
    config = uvicorn.Config(
        Stream(app),
        ws=Protocol,
        ws_max_size=MOST_INCOMING,
        ws_per_message_deflate=False,  # a window for each connection costs more than all the rest of it
        ws_ping_interval=20,
        ws_ping_timeout=20,
        http="h11",
        loop="asyncio",
        lifespan="on",
        proxy_headers=False,  # admission reads X-Forwarded-For by its own rule
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",  # at `info` uvicorn writes addresses with their queries, where keys ride
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    with _listening(settings.host, settings.stream_port) as place:
        uvicorn.Server(config).run(sockets=[place])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    place = socket.socket(family, kind)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # connections inherit it
    place.bind(address)
    place.listen(BACKLOG)
    return place


def _open_files() -> None:
    """As many connections as the system lets this user have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())

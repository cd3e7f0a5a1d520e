"""`python app.py`: everything on one machine, started in order, watched, and stopped together.

Order: data directory locked, port free, Redis (our own where none is configured), migrations, demo tenant, then web,
worker, clock and stream. Whatever prevents the start is told in one sentence, with exit code 1.
"""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from types import FrameType
from typing import IO

import redis
from sqlalchemy.exc import OperationalError

from portal import children, embedded_redis, prepare
from portal.config import SettingError, Settings
from portal.paths import ROOT

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where to ask, not to bind
READY_SECONDS = 60
PREVIOUS_RUN_SECONDS = 10  # what a run that was killed may take until its last process is gone
DRAIN_SECONDS = 6.0
REDIS_SECONDS = 2.5
FIRST_DELAY, LAST_DELAY = 0.5, 30.0  # between the death of a child and its next start
STEADY_SECONDS = 30.0  # a child that lived this long starts again with the first delay


class StartError(Exception):
    """The platform cannot start; the text says why and what to do."""


class Stopped(BaseException):
    """Ctrl-C or SIGTERM came before everything was up."""


def say(text: str) -> None:
    """Lines for the person at the terminal.

    Written without a buffer, so that a signal handler may speak too; a terminal that is gone is no reason to fail."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"== {text}\n".encode())


def main() -> int:
    """Run until told to stop. Exit code 0 after a stop, 1 when something prevented the start."""
    os.umask(0o077)  # what is written below the data directory is its owner's
    house = House()
    house.listen_for_signals()
    try:
        with contextlib.ExitStack() as stack:
            _open(house, stack, os.environ)
            house.watch()
    except (SettingError, StartError, embedded_redis.RedisMissingError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    except Stopped:
        pass
    say("Stopped.")
    return 0


def _open(house: "House", stack: contextlib.ExitStack, environ: MutableMapping[str, str]) -> None:
    """Start everything in order; what was started is stopped in the reverse order when `stack` closes."""
    for name in ("PORT", "TILTYARD_STREAM_PORT"):
        if environ.get(name) == "0":
            environ[name] = str(_any_port())
    settings = _settings(environ)
    say(f"Data: {settings.data_dir}")
    house.lock = stack.enter_context(_sole_use(settings.data_dir))
    for name, port in (("PORT", settings.port), ("TILTYARD_STREAM_PORT", settings.stream_port)):
        _require_free_port(settings.host, port, name)
    environ["TILTYARD_DATA"] = str(settings.data_dir)
    environ.setdefault("MALLOC_ARENA_MAX", "2")  # glibc: threads share two heaps, 5 MB less for each process
    if not settings.production and not environ.get("TILTYARD_REDIS_URL"):
        environ["TILTYARD_REDIS_URL"] = stack.enter_context(_own_redis(house, settings.data_dir / "redis"))
        settings = _settings(environ)
    try:
        facts = prepare.prepare(settings, say)
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise StartError(f"Cannot use the database ({reason}): see that it runs and TILTYARD_DATABASE_URL is right.") from None
    house.interrupt_point()
    if settings.web_processes > 1:  # they count for /metrics in files that all of them can read
        environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="tiltyard-"))
    stack.callback(house.stop_all, DRAIN_SECONDS)
    for name, argv in _programs(settings).items():
        house.start(name, argv)
    say(f"Starting {', '.join(_programs(settings))}")
    house.wait_until_ready(settings)
    say(prepare.welcome(settings, facts))


def _programs(settings: Settings) -> dict[str, list[str]]:
    """The processes besides Redis, by name."""
    # fmt: off
    web = [
        "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(settings.port),
        "--workers", str(settings.web_processes), "--blocking-threads", str(settings.web_threads),
        "--workers-kill-timeout", "5", "--log-level", "error", "app:app",
    ]
    # fmt: on
    modules = {"web": web, "worker": ["portal.worker"], "clock": ["portal.clock"], "stream": ["portal.stream"]}
    return {name: [sys.executable, "-m", *module] for name, module in modules.items()}


@dataclass
class Child:
    """One process that has to be there, and when it may be started again after it died."""

    name: str
    argv: list[str]
    process: Popen[bytes]
    started: float
    delay: float = FIRST_DELAY
    due: float | None = None


@dataclass
class House:
    """The child processes and the wish to stop."""

    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    lock: IO[str] | None = None

    def listen_for_signals(self) -> None:
        """The first signal asks for a stop, the second kills."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if not (number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN):  # nohup: stay
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            for child in self.children:
                children.kill(child.process)
            os._exit(1)
        self.stopping = True
        say("Stopping; once more kills.")

    def interrupt_point(self) -> None:
        """Leave a start that is no longer wanted."""
        if self.stopping:
            raise Stopped

    def start(self, name: str, argv: list[str]) -> Child:
        """Start a child and watch over it from now on."""
        child = Child(name, argv, self._launch(argv), time.monotonic())
        self.children.append(child)
        return child

    def _launch(self, argv: list[str]) -> Popen[bytes]:
        # Each child holds the lock too: the next run waits until the last one of a killed run is gone.
        return children.start(argv, cwd=ROOT, keep_open=[self.lock.fileno()] if self.lock else [])

    def stop(self, child: Child, patience: float) -> None:
        """Stop one child for good."""
        self.children.remove(child)
        children.stop([child.process], patience)

    def stop_all(self, patience: float) -> None:
        """Stop all but Redis, which they need to the end."""
        leaving = [child for child in self.children if child.name != "redis"]
        children.stop([child.process for child in leaving], patience)
        self.children = [child for child in self.children if child.name == "redis"]

    def watch(self) -> None:
        """Start again what dies, until a stop is asked for."""
        while not self.stopping:
            self.revive(time.monotonic())
            time.sleep(0.1)

    def revive(self, now: float) -> None:
        """Note the deaths, and start again those whose waiting time is over."""
        for child in self.children:
            if child.due is None and child.process.poll() is not None:
                children.kill(child.process)  # what it left behind would hold its port
                child.delay = FIRST_DELAY if now - child.started > STEADY_SECONDS else child.delay
                child.due = now + child.delay
                say(f"{child.name} ended ({_ending(child.process.returncode)}); again in {child.delay:g} s")
                child.delay = min(child.delay * 2, LAST_DELAY)
            elif child.due is not None and now >= child.due:
                child.process, child.started, child.due = self._launch(child.argv), now, None

    def wait_until_ready(self, settings: Settings) -> None:
        """Wait for /readyz. Raises StartError when web dies first or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        web = next(child for child in self.children if child.name == "web")
        while not _ready(settings):
            self.interrupt_point()
            if web.process.poll() is not None:
                raise StartError(f"Web did not start ({_ending(web.process.returncode)}): the lines above say why.")
            if time.monotonic() > deadline:
                raise StartError(f"/readyz did not answer 200 within {READY_SECONDS} s: the lines above say why.")
            self.revive(time.monotonic())
            time.sleep(0.1)


def _settings(environ: MutableMapping[str, str]) -> Settings:
    try:
        settings = Settings.from_env(environ)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(_unwritable(error)) from None
    return settings


def _unwritable(error: OSError) -> str:
    return f"Cannot write {error.filename} ({error.strerror}): set TILTYARD_DATA to a directory that you may write."


@contextlib.contextmanager
def _sole_use(data_dir: Path) -> Iterator[IO[str]]:
    """Hold the lock of the data directory. Raises StartError where another run holds it."""
    try:
        lock = (data_dir / "run.lock").open("a+")
    except OSError as error:
        raise StartError(_unwritable(error)) from None
    with lock:
        deadline = time.monotonic() + PREVIOUS_RUN_SECONDS
        while not _locked(lock):
            lock.seek(0)
            holder = lock.read().strip()
            if _alive(holder) or time.monotonic() > deadline:
                raise StartError(
                    f"Tiltyard is already running on {data_dir} (process {holder}): "
                    "stop it, or set TILTYARD_DATA to another directory."
                )
            time.sleep(0.2)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def _own_redis(house: House, directory: Path) -> Iterator[str]:
    """A Redis of our own, its data in `directory`; gives its address once it answers."""
    server = embedded_redis.find_or_install(say)
    say(f"Redis: {server}")
    directory.mkdir(mode=0o700, exist_ok=True)
    # The system allows 107 bytes for a socket's path: the data directory may be deeper than that.
    with tempfile.TemporaryDirectory(prefix="tiltyard-", dir="/tmp", ignore_cleanup_errors=True) as short:
        path = Path(short) / "redis.sock"
        child = house.start("redis", embedded_redis.command(server, path, directory))
        try:
            _wait_for_redis(house, child, embedded_redis.url(path), directory)
            yield embedded_redis.url(path)
        finally:
            house.stop(child, REDIS_SECONDS)


def _wait_for_redis(house: House, child: Child, url: str, directory: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        house.interrupt_point()
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(url, socket_timeout=1) as client:
            client.ping()  # answers with an error while it still loads its file
            return
        if child.process.poll() is not None or time.monotonic() > deadline:
            raise StartError(f"The embedded Redis did not start: {directory / 'redis.log'} says why.")
        time.sleep(0.05)


def _require_free_port(host: str, port: int, name: str) -> None:
    """Raises StartError where nobody could listen on the port that the setting `name` says."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise StartError(
            f"Cannot listen on port {port} of {host} ({error.strerror}): free it, or set {name} or HOST to another."
        ) from None


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK.get(settings.host, settings.host), settings.port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


def _ending(code: int | None) -> str:
    return f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"

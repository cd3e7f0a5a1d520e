"""The whole product as `python app.py` starts it, demo tenant included, for what needs every process at once."""

import json
import sys
from pathlib import Path
from typing import Any, Self

from tests import servers


class DemoServer(servers.Server):
    """Web, worker, clock and an embedded Redis, on a free port, with its data in `directory`."""

    def __init__(self, directory: Path, **settings: str) -> None:
        super().__init__(directory)
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = servers.plain_environment() | {"TILTYARD_DATA": str(directory), "PORT": str(self.port)} | settings

    def start(self) -> Self:
        return self._launch([sys.executable, "app.py"], self._ready, env=self.environ, cwd=servers.ROOT)

    def facts(self) -> dict[str, Any]:
        """demo.json: the sign-in, the keys, the ids."""
        return json.loads((self.directory / "demo.json").read_text())

    def _ready(self) -> bool:
        return "Stop with" in self.log.read_text()

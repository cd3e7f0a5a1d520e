"""A stage with a database and a Redis of its own for each test: here workers look at every row, and servers die."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import migrate
from tests.faults.scene import Scene, staged
from tests.servers import RedisServer


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to be copied."""
    path = tmp_path_factory.mktemp("filled") / "tiltyard.sqlite"
    migrate(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture
def postgres_url(tmp_path: Path, worker_id: str) -> str:
    """A migrated PostgreSQL database of the run's server."""
    return servers.database_from_template(f"faults_{worker_id}_{time.time_ns()}", lambda url: migrate(url, tmp_path))


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A stage on one of the two databases; `scene.redis` is its Redis."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('filled'), tmp_path)}"
    else:
        url = request.getfixturevalue("postgres_url")
    with RedisServer(tmp_path) as server, staged(url, server.url, tmp_path) as stage:
        stage.redis = server
        yield stage

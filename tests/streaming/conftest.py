"""One stream process for each database, and a tenant with a competition for each test."""

from collections.abc import Iterator

import pytest

from tests.conftest import SECRET
from tests.streaming.stage import StreamServer, relaying


@pytest.fixture(scope="session")
def stream_environ(database_url, own_redis_url, tmp_path_factory) -> dict[str, str]:
    return {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path_factory.mktemp("stream")),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_LOG_LEVEL": "debug",
    }


@pytest.fixture(scope="package")
def stream(stream_environ, tmp_path_factory) -> Iterator[StreamServer]:
    with StreamServer(tmp_path_factory.mktemp("log"), stream_environ) as server:
        yield server


@pytest.fixture
def relay(app, own_redis_url) -> Iterator[None]:
    """Gone with the test: of two relays on one database, the one may take what the other is waited for."""
    with relaying(app, own_redis_url):
        yield


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def cup(make, org) -> str:
    """A running bracket of four in CS2."""
    return make.competition(org, category="CS2", status="registration", entrants=4)

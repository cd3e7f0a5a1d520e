"""A database and an application of their own: workers here look at every row there is, and may reach this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests import servers
from tests.conftest import application, migrate
from tests.webhooks.office import Office
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """As in the other tests, but nobody else's."""
    directory: Path = tmp_path_factory.mktemp("webhooks")
    if request.param == "sqlite":
        migrate(f"sqlite:///{directory / 'tiltyard.sqlite'}", directory)
        return f"sqlite:///{directory / 'tiltyard.sqlite'}"
    return servers.database_from_template(f"webhooks_{worker_id}", lambda url: migrate(url, directory))


@pytest.fixture(scope="session")
def app(database_url: str, own_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application, with addresses of this machine allowed."""
    yield from application(database_url, own_redis_url, tmp_path_factory.mktemp("data"), webhook_local=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on the loopback, over http."""
    with receiving() as one:
        yield one


@pytest.fixture
def office(app: Flask, make) -> Office:
    """One organization with what the tests ask and do by hand."""
    return Office(app, make, make.org())

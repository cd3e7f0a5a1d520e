"""Brokers of their own, and a database of their own: the worker here looks at every row there is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests import servers
from tests.conftest import application, migrate
from tests.transports import rabbit
from tests.transports.desk import Desk
from tests.transports.rabbit import RabbitServer
from tests.transports.sqs_server import SqsServer


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A real RabbitMQ; without one the tests that need it are left out, visibly, and fail where CI runs."""
    if why := rabbit.find_or_install():
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with RabbitServer(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="session")
def sqs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqsServer]:
    """An SQS-compatible server."""
    with SqsServer(tmp_path_factory.mktemp("sqs")) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """As in the other tests, but nobody else's."""
    directory: Path = tmp_path_factory.mktemp("transports")
    if request.param == "sqlite":
        migrate(f"sqlite:///{directory / 'tiltyard.sqlite'}", directory)
        return f"sqlite:///{directory / 'tiltyard.sqlite'}"
    return servers.database_from_template(f"transports_{worker_id}", lambda url: migrate(url, directory))


@pytest.fixture(scope="session")
def app(database_url: str, own_redis_url: str, broker: RabbitServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with a broker, and with queues of this machine allowed."""
    brokers = {"rabbitmq_url": broker.url, "rabbitmq_management_url": broker.management}
    yield from application(database_url, own_redis_url, tmp_path_factory.mktemp("data"), webhook_local=True, **brokers)


@pytest.fixture
def desk(app: Flask, make) -> Desk:
    """One organization with what the tests ask and do by hand."""
    return Desk(app, make, make.org())

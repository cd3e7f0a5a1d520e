"""A stage for faults: a database, a Redis, a receiver, and real worker processes that can be killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, update

from portal import children, create_app
from portal.config import Settings
from portal.kernel.db import db, unit_of_work
from portal.outbox.emit import emit
from portal.webhooks.model import Delivery, Endpoint
from tests.conftest import SECRET
from tests.make import Make, Org
from tests.servers import ROOT, plain_environment, wait_until
from tests.webhooks.receiver import Receiver, receiving

TYPE = "match.completed"


class Scene:
    """Events go to `receiver` through workers that this scene starts; everything is counted by the delivery's id."""

    def __init__(self, database_url: str, redis_url: str, directory: Path, receiver: Receiver) -> None:
        self.directory, self.receiver = directory, receiver
        self.environ = {
            "TILTYARD_ENV": "test",
            "TILTYARD_DATA": str(directory),
            "TILTYARD_DATABASE_URL": database_url,
            "TILTYARD_REDIS_URL": redis_url,
            "TILTYARD_SECRET_KEY": SECRET,
            "TILTYARD_LOG_LEVEL": "error",
            "TILTYARD_WEBHOOK_ALLOW_LOCAL": "1",
            "TILTYARD_WEBHOOK_HOURLY": "1000000",
        }
        self.app: Flask = create_app(Settings.from_env(self.environ))
        self.workers: list[subprocess.Popen[bytes]] = []
        self.kills = 0
        self.caught = 0  # in flight when something died, added up: what may come again

    def tenant(self, *, endpoints: int = 1, cap: int = 10) -> Org:
        """An organization with endpoints that listen to TYPE."""
        with self.app.app_context():
            make = Make(self.app)
            org = make.org()
            for _ in range(endpoints):
                make.webhook(org, self.receiver.url(), [TYPE], in_flight_cap=cap)
            return org

    def tell(self, org: Org, count: int) -> None:
        """So many events in transactions of their own."""
        with self.app.app_context():
            for number in range(count):
                with unit_of_work() as session:
                    emit(session, org.id, TYPE, "x", {"n": number})

    def start(self, failpoint: str = "") -> subprocess.Popen[bytes]:
        """A worker process, which dies at `failpoint` when given."""
        environ = plain_environment() | self.environ | {"TILTYARD_FAILPOINT": failpoint}
        with (self.directory / "workers.log").open("ab") as log:
            process = children.start([sys.executable, "-m", "portal.worker"], env=environ, cwd=ROOT, output=log)
        self.workers.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        self.catch()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        self.workers.remove(process)
        self.kills += 1

    def catch(self) -> None:
        """Something dies now: count what workers hold."""
        self.caught += self.states()["sending"]

    def died(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it killed itself."""
        assert process.wait(60) == -signal.SIGKILL
        self.workers.remove(process)
        self.kills += 1

    def end_leases(self) -> None:
        """What dead workers hold is due now, as it will be when half a minute has passed."""
        with self.app.app_context(), unit_of_work() as session:
            span = timedelta(seconds=30)
            for row in session.scalars(select(Delivery).where(Delivery.state == "sending")):
                row.due_at -= span
                session.execute(update(Endpoint).where(Endpoint.id == row.endpoint_id).values(next_due_at=row.due_at))

    def states(self, org: Org | None = None) -> Counter[str]:
        """How many deliveries are in each state."""
        query = select(Delivery.state, func.count()).group_by(Delivery.state)
        with self.app.app_context(), unit_of_work() as session:
            found = session.execute(query if org is None else query.where(Delivery.org_id == org.id)).all()
        return Counter(dict(found))

    def wait(self, count: int, org: Org | None = None, seconds: float = 60) -> None:
        """Until so many are delivered, and nothing else is left."""
        wait_until(lambda: self.states(org) == {"delivered": count}, f"{count} deliveries, {self.states(org)}", seconds)

    def arrivals(self) -> Counter[str]:
        """How often each delivery's id came."""
        return Counter(arrival.id for arrival in self.receiver.arrivals)

    def close(self) -> None:
        children.stop(self.workers, patience=8)
        with self.app.app_context():
            db.engine.dispose()


@contextmanager
def staged(database_url: str, redis_url: str, directory: Path) -> Iterator[Scene]:
    """A scene, taken down at the end."""
    with receiving() as receiver:
        scene = Scene(database_url, redis_url, directory, receiver)
        try:
            yield scene
        finally:
            scene.close()

"""A stage for faults: a database, a Redis, a receiver, and real worker processes that can be killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import func, make_url, select, update

from portal import children, create_app
from portal.config import Settings
from portal.kernel.db import clock_of, unit_of_work
from portal.outbox.emit import emit
from portal.outbox.relay import relay
from portal.webhooks.fan_out import fan_out
from portal.webhooks.model import Attempt, Delivery, Endpoint
from tests.conftest import SECRET, leave
from tests.make import Make, Org
from tests.servers import ROOT, plain_environment, wait_until
from tests.webhooks.receiver import Receiver, receiving

TYPE = "match.completed"


class Scene:
    """Events go to `receiver` through workers that this scene starts; everything is counted by the delivery's id."""

    def __init__(self, database_url: str, redis_url: str, directory: Path, receiver: Receiver, **settings: str) -> None:
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
        } | settings
        self.app: Flask = create_app(Settings.from_env(self.environ))
        self.workers: list[subprocess.Popen[bytes]] = []
        self.kills = 0
        self.caught: Counter[str] = Counter()  # by delivery: how often it had arrived, not written down, when something died

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

    def hand_on(self) -> None:
        """What a worker's relay would do, so that deliveries wait without one."""
        more = True
        while more:
            with self.app.app_context(), unit_of_work() as session:
                more = relay(session, [fan_out]) > 0

    def start(self, failpoint: str = "", module: str = "portal.worker", **environ: str) -> subprocess.Popen[bytes]:
        """A worker process, which dies at `failpoint` when given; `module` is a worker of another kind."""
        whole = plain_environment() | self.environ | {"TILTYARD_FAILPOINT": failpoint} | environ
        with (self.directory / "workers.log").open("ab") as log:
            process = children.start([sys.executable, "-m", module], env=whole, cwd=ROOT, output=log)
        self.workers.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.1)  # for what is in the receiver's sockets still
        self.catch()
        self.workers.remove(process)
        self.kills += 1

    def freeze(self, process: subprocess.Popen[bytes]) -> None:
        """SIGSTOP, at a moment when it holds no lock that everybody else would wait for."""
        while True:
            os.kill(process.pid, signal.SIGSTOP)
            if self._unlocked():
                return
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.01)

    def _unlocked(self) -> bool:
        url = make_url(self.environ["TILTYARD_DATABASE_URL"])
        try:
            if url.get_backend_name() == "sqlite":
                with closing(sqlite3.connect(str(url.database), timeout=0)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
            else:
                with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
                    connection.execute("SELECT 1 FROM webhook_endpoints FOR UPDATE NOWAIT")
        except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
            return False
        return True

    def catch(self) -> None:
        """Something died: note what has arrived and is not written down, which may come again."""
        arrived = self.arrivals()
        with self.app.app_context(), unit_of_work() as session:
            held = session.scalars(select(Delivery.uid).where(Delivery.state == "sending")).all()
        self.caught |= Counter({uid: arrived[uid] for uid in held if arrived[uid]})

    def died(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it killed itself."""
        assert process.wait(60) == -signal.SIGKILL
        self.workers.remove(process)
        self.kills += 1

    def end_leases(self) -> None:
        """What dead workers hold is due now, as it will be when half a minute has passed."""
        self.pass_time(timedelta(seconds=30), "sending")

    def pass_time(self, span: timedelta, *states: str) -> None:
        """Open deliveries, those in `states` when given, were due this much earlier."""
        with self.app.app_context(), unit_of_work() as session:
            session.scalars(select(Endpoint).order_by(Endpoint.id).with_for_update()).all()  # first, as everybody does
            for row in session.scalars(select(Delivery).where(Delivery.state.in_(states or ("sending", "pending")))):
                row.due_at -= span
                session.execute(update(Endpoint).where(Endpoint.id == row.endpoint_id).values(next_due_at=row.due_at))

    def now(self) -> datetime:
        """By the database's clock."""
        with self.app.app_context(), unit_of_work() as session:
            return clock_of(session)

    def deliveries(self, org: Org) -> list[Delivery]:
        """Of one organization, the first one first."""
        return self._all(select(Delivery).where(Delivery.org_id == org.id).order_by(Delivery.id))

    def attempts(self, org: Org) -> list[Attempt]:
        """The same of tries."""
        return self._all(select(Attempt).join(Delivery).where(Delivery.org_id == org.id).order_by(Attempt.id))

    def endpoints(self, org: Org) -> list[Endpoint]:
        return self._all(select(Endpoint).where(Endpoint.org_id == org.id).order_by(Endpoint.id))

    def _all(self, query: Any) -> list[Any]:
        with self.app.app_context(), unit_of_work() as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

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
        leave(self.app)


@contextmanager
def staged(database_url: str, redis_url: str, directory: Path, **settings: str) -> Iterator[Scene]:
    """A scene with these settings besides its own, taken down at the end."""
    with receiving() as receiver:
        scene = Scene(database_url, redis_url, directory, receiver, **settings)
        try:
            yield scene
        finally:
            scene.close()

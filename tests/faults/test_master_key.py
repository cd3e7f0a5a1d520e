"""A new secret key while everything runs (T32): what the one before sealed opens all the while, and afterwards without it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import LargeBinary, select, update
from standardwebhooks import Webhook

from portal import create_app, resealing
from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.crypto import Master, seal, seal_anew, unseal
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Fault
from portal.mail.service import send
from portal.orgs.model import Organization
from portal.resealing import EVERYTHING
from portal.session_tokens.player_jwt import signing_key
from portal.webhooks.model import Endpoint
from portal.webhooks.service import rotate_secret
from portal.webhooks.signing import bound_to
from tests.conftest import SECRET, leave
from tests.faults.scene import TYPE
from tests.make import Make, unique
from tests.servers import wait_until

pytestmark = pytest.mark.processes
NEW = "the-new-key-of-the-tests-0123456789abcdef"
BOTH = {"TILTYARD_SECRET_KEY": NEW, "TILTYARD_SECRET_KEY_BEFORE": SECRET}
LETTER = {"name": "Bob", "competition": "Cup", "url": "https://play.example.com/r/1"}
NOT_SEALED = {
    ("brand_images", "data"),
    ("webhook_attempts", "response_body"),
    ("signing_keys", "public"),
    ("session_tokens", "attempt"),
}


def test_no_sealed_column_is_forgotten(app):
    """Bytes are digests, for everybody to see, or sealed."""
    columns = {(t.name, c.name) for t in db.metadata.sorted_tables for c in t.columns if isinstance(c.type, LargeBinary)}
    named = {(each.model.__tablename__, each.column) for each in EVERYTHING}
    assert named | NOT_SEALED == {(table, column) for table, column in columns if "digest" not in column}


def test_sealed_anew_opens_with_the_new_key_alone_and_in_its_own_row():
    both = Master(NEW, SECRET)
    old = seal(Master(SECRET), b"kept", "a row")
    new = seal_anew(both, old, "a row")
    assert new is not None and unseal(both, old, "a row") == unseal(Master(NEW), new, "a row") == b"kept"
    assert seal_anew(both, new, "a row") is None
    for master, row in ((Master(NEW), "a row"), (both, "another row")):
        with pytest.raises(Fault):
            unseal(master, old, row)
        with pytest.raises(Fault):
            seal_anew(master, old, row)
    assert NEW not in repr(both) and SECRET not in repr(both)


def fill(scene) -> dict:
    """A row of everything that is sealed, with the first key; the call whose answer is kept."""
    scene.app.config["SETTINGS"] = replace(scene.app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1", mail_from="a@example.com")
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org()
        uid = make.webhook(org, headers={"X-Mine": "secret"})
        make.batch(org), make.transport(org)
        with unit_of_work() as session:
            signing_key(session, Master(SECRET))
            owner = session.get_one(Organization, org.id)
            assert send(session, owner, "registration_approved", "bob@example.com", LETTER)
            rotate_secret(session, owner, uid, SYSTEM, scene.app.config["SETTINGS"])
        client, key = scene.app.test_client(), make.key(org, "competition")
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": unique("mark")}
        asked = {"headers": headers, "json": {"org_id": org.uid, "name": "Alpha"}}
        assert client.post("/api/v1/teams", **asked).status_code == 201
    return asked


@contextmanager
def keyed(scene, key: str, before: str = "") -> Iterator[Flask]:
    """The application of a process with these keys."""
    app = create_app(replace(scene.app.config["SETTINGS"], secret_key=key, secret_key_before=before))
    with app.app_context():
        yield app
        db.session.remove()
    leave(app)


def reseal(app: Flask) -> Result:
    """The command."""
    return app.test_cli_runner().invoke(args=["reseal"])


def under(scene, key: str) -> dict[str, int]:
    """How many rows of each column open with that key alone."""
    found = {}
    with scene.app.app_context(), unit_of_work() as session:
        for each in EVERYTHING:
            rows = session.scalars(select(each.model).where(getattr(each.model, each.column).is_not(None))).all()
            found[f"{each.model.__tablename__}.{each.column}"] = sum(opens(key, each, row) for row in rows)
    return found


def opens(key, each, row) -> bool:
    try:
        unseal(Master(key), getattr(row, each.column), each.bound_to(row))
    except Fault:
        return False
    return True


def test_everything_is_sealed_anew_by_the_command_and_opens_with_the_new_key_alone(scene, monkeypatch):
    monkeypatch.setattr(resealing, "AT_ONCE", 1)
    asked = fill(scene)
    scene.tenant()
    before = under(scene, SECRET)
    assert min(before.values()) >= 1 and before["webhook_endpoints.secret"] == 2, before
    first = scene.app.test_client().post("/api/v1/teams", **asked)
    with keyed(scene, NEW, SECRET) as app:
        assert app.test_client().post("/api/v1/teams", **asked).data == first.data, "what the old key sealed opens"
        said = reseal(app)
        assert said.exit_code == 0 and "Everything opens with TILTYARD_SECRET_KEY alone." in said.output, said.output
        assert under(scene, NEW) == before and set(under(scene, SECRET).values()) == {0}
        again = reseal(app)
        assert again.exit_code == 0 and " 0 sealed anew" in again.output and " 1 sealed anew" not in again.output
    with keyed(scene, NEW) as alone:
        answer = alone.test_client().post("/api/v1/teams", **asked)
        assert answer.data == first.data and answer.headers["Idempotent-Replayed"] == "true"
    with scene.app.app_context(), unit_of_work() as session:
        told = session.scalars(select(AuditRow.after).where(AuditRow.action == "secret_key.resealed").order_by(AuditRow.id)).all()
    assert told == [{"anew": sum(before.values()), "lost": 0}, {"anew": 0, "lost": 0}]
    answer = scene.app.test_client().post("/api/v1/teams", **asked)
    assert answer.status_code == 409 and "cannot be shown again" in answer.text


def test_what_opens_with_neither_key_is_counted_and_kept(scene):
    scene.tenant()
    with keyed(scene, NEW, "wrong" * 8) as app:
        said = reseal(app)
    assert said.exit_code == 1 and "1 open with neither key. Set TILTYARD_SECRET_KEY_BEFORE" in said.output
    assert under(scene, SECRET)["webhook_endpoints.secret"] == 1


def test_the_key_is_changed_with_deliveries_running_and_no_signature_is_wrong(scene):
    """Workers are replaced one after the other; one that knows the old key alone leaves what it cannot open."""
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org()
        secrets = [make.webhook_with_secret(org, scene.receiver.url(f"/{n}"), [TYPE], in_flight_cap=2)[1] for n in range(3)]
    over = threading.Event()
    telling = threading.Thread(target=lambda: [scene.tell(org, 1) for _ in range(10_000) if not over.wait(0.02)])
    telling.start()
    try:
        old = scene.start()
        await_more(scene)
        new = scene.start(**BOTH)
        with keyed(scene, NEW, SECRET) as app:
            assert reseal(app).exit_code == 0
        await_more(scene)
        scene.kill(old), scene.end_leases()
        last = scene.start(TILTYARD_SECRET_KEY=NEW)
        await_more(scene)
        scene.kill(new), scene.end_leases()
        await_more(scene)
    finally:
        over.set()
        telling.join()
    scene.end_leases()
    wait_until(lambda: set(scene.states()) == {"delivered"}, f"everything, {scene.states()}", 60)
    assert last.poll() is None and len(scene.arrivals()) == scene.states()["delivered"]
    for number, secret in enumerate(secrets):
        for arrival in scene.receiver.at(f"/{number}"):
            Webhook(secret).verify(arrival.body, arrival.headers)


def test_whoever_opens_a_page_while_both_keys_are_known_stays_signed_in(scene):
    with scene.app.app_context():
        make = Make(scene.app)
        org = make.org()
        old = make.signed_in(org.alice).get_cookie("tiltyard").value
        db.session.remove()
    assert visit(scene, org, old, NEW)[0] == 303
    status, renewed = visit(scene, org, old, NEW, SECRET)
    assert status == 200 and renewed != old
    assert visit(scene, org, renewed, NEW)[0] == 200


def visit(scene, org, cookie: str, *keys: str) -> tuple[int, str]:
    """Status of a page of the back office, and the cookie afterwards."""
    with keyed(scene, *keys) as app:
        client = app.test_client()
        client.set_cookie("tiltyard", cookie)
        return client.get(f"/o/{org.slug}/").status_code, client.get_cookie("tiltyard").value


def await_more(scene) -> None:
    """A few dozen deliveries, after those that had come."""
    scene.receiver.wait(len(scene.receiver.at("/0")) + 20, "/0", 40)


@pytest.mark.parametrize("kept", [True, False])
def test_what_somebody_writes_in_the_same_moment_stays(scene, monkeypatch, kept):
    """The wrong twin writes whatever stands there now."""
    if db_is_sqlite(scene):
        pytest.skip("SQLite has one writer: nobody writes in the same moment")
    org = scene.tenant()
    (endpoint,) = scene.endpoints(org)
    newest = seal(Master(NEW), b"whsec_of_a_rotation", bound_to(org.id, endpoint.uid, "secret"))

    def meanwhile(*args):
        with unit_of_work() as session:
            session.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(secret=newest))
        return seal_anew(*args)

    monkeypatch.setattr(resealing, "seal_anew", meanwhile)
    if not kept:
        monkeypatch.setattr(resealing, "update", Heedless)
    with scene.app.app_context():
        list(resealing.seal_everything_anew(Master(NEW, SECRET)))
    assert (scene.endpoints(org)[0].secret == newest) is kept


class Heedless:
    """An UPDATE that looks at the row alone, not at what it holds."""

    def __init__(self, table) -> None:
        self._update = update(table)

    def where(self, row, _unchanged):
        return self._update.where(row)


def db_is_sqlite(scene) -> bool:
    return scene.environ["TILTYARD_DATABASE_URL"].startswith("sqlite")

"""The first owner. Each test has a database of its own, in which nobody exists yet."""

import threading

import pytest
from sqlalchemy import func, select

from portal import create_app
from portal.kernel.db import db
from portal.orgs.model import Membership, Organization, User
from tests import servers
from tests.conftest import Browser, migrate, settings_for
from tests.make import PASSWORD, csrf_of, unique

FORM = {"organization": "First Ltd", "currency": "SEK", "name": "Ada", "email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def empty(request, database_url, redis_url, tmp_path):
    """An application on a fresh installation."""
    if database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path}/empty.sqlite"
    else:
        url = servers.create_database(servers.shared("postgres"), unique("empty").replace("-", "_"))
    migrate(url, tmp_path)
    app = create_app(settings_for(url, "memory://", tmp_path))
    app.test_client_class = Browser
    yield app
    with app.app_context():
        db.engine.dispose()


def count(app, kind) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(kind))


def test_a_fresh_installation_leads_to_the_setup_and_signs_the_owner_in(empty):
    client = empty.test_client()
    assert client.get("/").headers["Location"] == "/sign-in"
    assert client.get("/sign-in").headers["Location"] == "/setup"
    answer = client.post("/setup", data={**FORM, **csrf_of(client, "/setup")})
    assert answer.headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/o/first-ltd/"
    assert client.get("/o/first-ltd/settings").status_code == 200
    with empty.app_context():
        assert db.session.scalar(select(Organization.is_sandbox)) is False
        row = db.session.execute(select(Membership.role, Organization.currency, User.email).select_from(Membership)
                                 .join(Organization).join(User)).one()  # fmt: skip
    assert tuple(row) == ("owner", "SEK", "ada@example.com")


def test_the_setup_is_gone_once_somebody_exists(empty):
    client = empty.test_client()
    token = csrf_of(client, "/setup")
    assert client.post("/setup", data={**FORM, **token}).status_code == 303
    late = empty.test_client()
    assert late.get("/setup").status_code == 404
    assert late.post("/setup", data={**FORM, "email": "eve@example.com", **csrf_of(late, "/sign-in")}).status_code == 404
    assert count(empty, User) == 1


@pytest.mark.parametrize(
    "change, says",
    [
        ({"password": "short"}, "The password has 5 characters. Use 12 to 200."),
        ({"email": "ada"}, "This is not an e-mail address."),
        ({"organization": ""}, "Write the organization&#39;s name."),
        ({"organization": "x"}, "Use at least 2."),
        ({"currency": "XXX"}, "currency"),
        ({"name": ""}, "Write your name."),
        ({"is_admin": "1"}, "has no field `is_admin`"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field_and_the_rest_is_kept(empty, change, says):
    client = empty.test_client()
    answer = client.post("/setup", data={**FORM, **change, **csrf_of(client, "/setup")})
    assert answer.status_code == 422
    assert says.lower() in answer.text.lower()
    kept = next(value for name, value in FORM.items() if name not in change and name in ("organization", "name"))
    assert f'value="{kept}"' in answer.text
    assert PASSWORD not in answer.text
    assert count(empty, User) == count(empty, Organization) == 0


def test_two_setups_at_once_make_one_owner(empty):
    clients = [empty.test_client() for _ in range(6)]
    tokens = [csrf_of(client, "/setup") for client in clients]
    start, answers = threading.Barrier(len(clients)), []

    def go(number):
        start.wait()
        data = {**FORM, "email": f"ada{number}@example.com", **tokens[number]}
        answers.append(clients[number].post("/setup", data=data).status_code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 404, 404, 404, 404, 404]
    assert count(empty, User) == count(empty, Organization) == count(empty, Membership) == 1

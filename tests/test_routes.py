"""Every route x who calls x whose thing it is."""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.kernel.db import unit_of_work
from portal.orgs.model import ROLES as LEVELS
from portal.orgs.model import Membership
from tests.make import csrf_of
from tests.routes import FIXED, KEYS, OPEN, PARAMETERS, ROLES

SAFE = {"GET", "HEAD", "OPTIONS"}
AGENT_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def rules(app: Flask, endpoint: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint]


def methods(app: Flask, endpoint: str) -> list[str]:
    return sorted({method for rule in rules(app, endpoint) for method in rule.methods} - {"HEAD", "OPTIONS"})


def address(app: Flask, endpoint: str, slug: str, things: dict[str, object]) -> str:
    """The path of a route with its parameters filled from `things`."""
    rule = rules(app, endpoint)[0]
    values: dict[str, object] = {}
    for name in rule.arguments:
        if name == "org_slug":
            values[name] = slug
        elif name in (rule.defaults or {}):
            values[name] = rule.defaults[name]
        elif name in FIXED:
            values[name] = FIXED[name]
        else:
            values[name] = things[PARAMETERS[endpoint.split(".")[0], name]]
    with app.test_request_context():
        return app.url_map.bind("localhost").build(endpoint, values, method=sorted(rule.methods - {"HEAD", "OPTIONS"})[0])


@pytest.fixture
def things(make):
    """An organization's things by the names of `routes.PARAMETERS`."""

    def of(org) -> dict[str, object]:
        person = make.member(org, "member")
        with unit_of_work() as session:
            member = session.query(Membership).filter_by(org_id=org.id, user_id=person.id).one().uid
        return {"member": member} | make.things(org)

    return of


@pytest.fixture
def rank(make):
    """Somebody with exactly the given role in the organization, signed in."""

    def of(org, role: str):
        if role == "owner":
            return make.signed_in(org.alice)
        if role == "member":
            return make.signed_in(org.bob)
        return make.signed_in(make.member(org, role))

    return of


def test_every_route_has_exactly_one_row(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    rows = [*ROLES, *KEYS, *OPEN]
    assert sorted(rows) == sorted(set(rows)), "a route stands in two tables"
    assert endpoints - set(rows) == set(), "routes without a row in tests/routes.py"
    assert set(rows) - endpoints == set(), "rows without a route"


def test_the_guards_of_the_views_say_what_the_table_says(app):
    for endpoint, role in ROLES.items():
        assert app.view_functions[endpoint].required_role == role, endpoint
    for endpoint, scope in KEYS.items():
        assert app.view_functions[endpoint].required_scope == (scope or "any key"), endpoint


@pytest.mark.parametrize("endpoint", ROLES)
class TestPages:
    def test_nobody_signed_in_is_sent_to_sign_in(self, app, client, make, things, endpoint):
        org = make.org()
        url = address(app, endpoint, org.slug, things(org))
        for method in methods(app, endpoint):
            answer = client.open(url, method=method, data=csrf_of(client, "/sign-in") if method not in SAFE else None)
            assert answer.status_code in (302, 303, 401), (method, answer.status_code)
            assert "/sign-in" in answer.headers["Location"]

    def test_a_stranger_finds_nothing_there(self, app, make, things, endpoint):
        org = make.org()
        charlie = make.signed_in(org.charlie)
        url = address(app, endpoint, org.slug, things(org))
        for method in methods(app, endpoint):
            data = csrf_of(charlie, "/account") if method not in SAFE else None
            assert charlie.open(url, method=method, data=data).status_code == 404, method

    def test_every_role_below_is_refused_and_the_role_itself_is_let_in(self, app, make, things, rank, endpoint):
        org = make.org()
        needed = ROLES[endpoint]
        for role in LEVELS:
            person, url = rank(org, role), address(app, endpoint, org.slug, things(org))
            for method in methods(app, endpoint):
                data = csrf_of(person, "/account") if method not in SAFE else None
                status = person.open(url, method=method, data=data).status_code
                if LEVELS.index(role) < LEVELS.index(needed):
                    assert status == 403, (role, method)
                else:
                    assert status not in (401, 403, 404, 405, 500), (role, method, status)

    def test_a_thing_of_another_organization_is_not_there(self, app, make, things, endpoint):
        mine, theirs = make.org(), make.org()
        if not set(rules(app, endpoint)[0].arguments) - {"org_slug"} - set(FIXED):
            return
        alice = make.signed_in(mine.alice)
        url = address(app, endpoint, mine.slug, things(theirs))
        for method in methods(app, endpoint):
            data = csrf_of(alice, "/account") if method not in SAFE else None
            assert alice.open(url, method=method, data=data).status_code == 404, method

    def test_a_write_without_the_token_or_from_another_site_is_refused(self, app, make, things, endpoint):
        org = make.org()
        alice = make.signed_in(org.alice)
        url = address(app, endpoint, org.slug, things(org))
        for method in set(methods(app, endpoint)) - SAFE:
            assert alice.open(url, method=method).status_code == 403
            data = csrf_of(alice, "/account")
            for headers in (
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
                {"Origin": "https://evil.example"},
            ):
                assert alice.open(url, method=method, data=data, headers=headers).status_code == 403


@pytest.mark.parametrize("endpoint", KEYS)
class TestKeys:
    def call(self, app, client, endpoint, headers):
        return [
            client.open(address(app, endpoint, "", {}), method=method, headers=AGENT_HEADERS | headers, data=b"{}")
            for method in methods(app, endpoint)
        ]

    def test_no_key_and_a_cookie_alone_are_refused(self, app, client, make, endpoint):
        org = make.org()
        for caller in (client, make.signed_in(org.alice)):
            for answer in self.call(app, caller, endpoint, {}):
                assert answer.status_code == 401

    def test_a_key_without_the_scope_is_refused_and_with_it_let_in(self, app, client, make, endpoint):
        org, scope = make.org(), KEYS[endpoint]
        if scope is not None:
            lacking = make.key(org, "casino", scopes=["players.read"])
            for answer in self.call(app, client, endpoint, {"X-API-Key": lacking}):
                assert answer.status_code == 403
                assert scope in answer.text
        kind = "agent" if scope == "providers:read" else "competition"
        for answer in self.call(app, client, endpoint, {"X-API-Key": make.key(org, kind)}):
            assert answer.status_code not in (401, 403, 429, 500)


def test_security_headers_stand_on_every_kind_of_answer(app, client, make):
    org = make.org()
    alice = make.signed_in(org.alice)
    urls = [
        "/healthz",
        "/sign-in",
        "/nothing",
        "/v1/whoami",
        "/api/org-api-keys",
        "/api/v1/nothing",
        "/play/x",
        "/static/none.css",
    ]
    answers = [client.get(url) for url in urls] + [alice.get(f"/o/{org.slug}/"), client.post("/sign-in"), client.put("/healthz")]
    for answer in answers:
        where = (answer.request.path, answer.status_code)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert answer.headers["X-Frame-Options"] == "DENY", where
        assert re.fullmatch(r"[0-9a-f]{20}", answer.headers["X-Request-ID"]), where
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), where


def test_an_error_page_shows_the_request_id_and_nothing_of_the_inside(app, client, monkeypatch):
    def broken():
        raise RuntimeError("secret inside")

    monkeypatch.setitem(app.view_functions, "health.healthz", broken)
    answer = client.get("/healthz")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text
    assert "secret inside" not in answer.text and "RuntimeError" not in answer.text

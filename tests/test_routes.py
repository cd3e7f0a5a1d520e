"""Every route x who calls x whose thing it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.orgs.model import ROLES as LEVELS
from tests.make import csrf_of
from tests.open_routes import OPEN
from tests.parameters import FIXED, PARAMETERS
from tests.routes import KEYS, PUBLIC, ROLES, WALLETS
from tests.sent import ASKED, ON_A_RUNNING_ONE, SEGMENTS, SENT

SAFE = {"GET", "HEAD", "OPTIONS"}
AGENT_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def rules(app: Flask, endpoint: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint]


def methods(app: Flask, endpoint: str) -> list[str]:
    return sorted({method for rule in rules(app, endpoint) for method in rule.methods} - {"HEAD", "OPTIONS"})


def address(app: Flask, endpoint: str, slug: str, things: Mapping[str, object]) -> str:
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
            values[name] = things[thing_in(rule, endpoint, name)]
    with app.test_request_context():
        return app.url_map.bind("localhost").build(endpoint, values, method=sorted(rule.methods - {"HEAD", "OPTIONS"})[0])


def thing_in(rule: Rule, endpoint: str, name: str) -> str:
    """The name of the thing that a parameter stands for."""
    room = endpoint.split(".")[0]
    if room != "competition_api":
        return PARAMETERS[room, name]
    segment = re.search(rf"([\w-]+)/<{name}>", rule.rule)[1]
    return "running" if segment == "competitions" and endpoint in ON_A_RUNNING_ONE else SEGMENTS[segment]


def filled(value: Any, things: Mapping[str, object]) -> Any:
    """`value` with each `{name}` in it replaced by that thing."""
    if isinstance(value, dict):
        return {name: filled(item, things) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, things) for item in value]
    found = re.fullmatch(r"\{(\w+)\}", value) if isinstance(value, str) else None
    return things[found[1]] if found else value


def call(app: Flask, client: Any, endpoint: str, things: Mapping[str, object], headers: Mapping[str, str]) -> Any:
    """The answer to the call with what it has to carry."""
    (method,) = methods(app, endpoint)
    return client.open(
        address(app, endpoint, "", things),
        method=method,
        headers=AGENT_HEADERS | headers,
        query_string=filled(ASKED.get(endpoint, {}), things),
        data=json.dumps(filled(SENT.get(endpoint, {}), things)),
    )


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
        view = app.view_functions[endpoint]
        assert view.required_scope == (scope or "any key"), endpoint
        assert view.lets_in == (endpoint in WALLETS or endpoint in PUBLIC, endpoint in PUBLIC), endpoint
    assert set(WALLETS) <= set(KEYS)


@pytest.mark.parametrize("endpoint", ROLES)
class TestPages:
    def test_nobody_signed_in_is_sent_to_sign_in(self, app, client, make, endpoint):
        org = make.org()
        url = address(app, endpoint, org.slug, make.things(org))
        for method in methods(app, endpoint):
            answer = client.open(url, method=method, data=csrf_of(client, "/sign-in") if method not in SAFE else None)
            assert answer.status_code in (302, 303, 401), (method, answer.status_code)
            assert "/sign-in" in answer.headers["Location"]

    def test_a_stranger_finds_nothing_there(self, app, make, endpoint):
        org = make.org()
        charlie = make.signed_in(org.charlie)
        url = address(app, endpoint, org.slug, make.things(org))
        for method in methods(app, endpoint):
            data = csrf_of(charlie, "/account") if method not in SAFE else None
            assert charlie.open(url, method=method, data=data).status_code == 404, method

    def test_every_role_below_is_refused_and_the_role_itself_is_let_in(self, app, make, rank, endpoint):
        org = make.org()
        needed = ROLES[endpoint]
        for role in LEVELS:
            person, url = rank(org, role), address(app, endpoint, org.slug, make.things(org))
            for method in methods(app, endpoint):
                data = csrf_of(person, "/account") if method not in SAFE else None
                status = person.open(url, method=method, data=data).status_code
                if LEVELS.index(role) < LEVELS.index(needed):
                    assert status == 403, (role, method)
                else:
                    assert status not in (401, 403, 404, 405, 500), (role, method, status)

    def test_a_thing_of_another_organization_is_not_there(self, app, make, endpoint):
        mine, theirs = make.org(), make.org()
        if not set(rules(app, endpoint)[0].arguments) - {"org_slug"} - set(FIXED):
            return
        alice = make.signed_in(mine.alice)
        url = address(app, endpoint, mine.slug, make.things(theirs))
        for method in methods(app, endpoint):
            data = csrf_of(alice, "/account") if method not in SAFE else None
            assert alice.open(url, method=method, data=data).status_code == 404, method

    def test_a_write_without_the_token_or_from_another_site_is_refused(self, app, make, endpoint):
        org = make.org()
        alice = make.signed_in(org.alice)
        url = address(app, endpoint, org.slug, make.things(org))
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
    def test_nobody_and_a_cookie_alone_get_in_only_where_everybody_may(self, app, client, make, endpoint):
        org = make.org()
        things = make.things(org)
        for caller in (client, make.signed_in(org.alice)):
            status = call(app, caller, endpoint, things, {}).status_code
            assert status == 200 if endpoint in PUBLIC else status == 401

    def test_a_key_without_the_scope_is_refused_and_with_it_let_in(self, app, client, make, endpoint):
        org, scope = make.org(), KEYS[endpoint]
        things = make.things(org)
        if scope is not None:
            scope = scope.replace("{sport}", str(FIXED["sport"]))
            lacking = make.key(org, "casino", scopes=["players.read"])
            answer = call(app, client, endpoint, things, {"X-API-Key": lacking})
            assert answer.status_code == 403
            assert scope in answer.text
        kind = {"agent_api": "agent", "feed_api": "feed"}.get(endpoint.split(".")[0], "competition")
        let_in(endpoint, call(app, client, endpoint, things, {"X-API-Key": make.key(org, kind)}))

    def test_a_thing_of_another_organization_is_not_there_for_a_key(self, app, client, make, endpoint):
        names = rules(app, endpoint)[0].arguments or SENT.get(endpoint, {}).keys() & {"org_id"} or ASKED.get(endpoint)
        names = set(names or ()) - set(FIXED)
        if not names or not endpoint.startswith(("competition_api.", "feed_api.")):
            return
        theirs, kind = make.things(make.org()), endpoint.split("_")[0]
        answer = call(app, client, endpoint, theirs, {"X-API-Key": make.key(make.org(), kind)})
        assert answer.status_code == (200 if endpoint in PUBLIC else 404), answer.text


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in KEYS if endpoint.startswith("competition_api.")])
class TestWallets:
    def test_a_wallet_gets_in_from_its_role_on(self, app, client, make, endpoint):
        org, needed = make.org(), "" if endpoint in PUBLIC else WALLETS[endpoint]
        for role in ("", *LEVELS):
            wallet = make.wallet(org, role) if role else make.wallet()
            things = make.things(org)
            things["wallet"] = wallet.address
            answer = call(app, client, endpoint, things, wallet.headers())
            if ("", *LEVELS).index(role) >= ("", *LEVELS).index(needed):
                let_in(endpoint, answer)
            else:
                assert answer.status_code in ((403,) if role else (403, 404)), (role, answer.text)

    def test_an_owner_elsewhere_is_a_stranger_here(self, app, client, make, endpoint):
        wallet, things = make.wallet(make.org(), "owner"), make.things(make.org())
        answer = call(app, client, endpoint, things, wallet.headers())
        if WALLETS.get(endpoint):
            assert answer.status_code in (403, 404), answer.text

    def test_a_signature_and_a_key_together_are_refused(self, app, client, make, endpoint):
        org = make.org()
        both = make.wallet(org, "owner").headers() | {"X-API-Key": make.key(org, "competition")}
        assert call(app, client, endpoint, make.things(org), both).status_code == 400


# What the call asks for is not there, though the competition is: nobody registered, nothing was decided, no
# season holds it.
NOT_THERE = {
    "competition_api.check_in": "registered",
    "competition_api.delete_decision": "Decision",
    "competition_api.remove_season_competition": "not in the season",
}


def let_in(endpoint: str, answer: Any) -> None:
    """What the call asks may be impossible now, but not for want of a right."""
    assert answer.status_code not in (401, 403, 405, 429, 500), (endpoint, answer.text)
    if answer.status_code == 404:
        assert NOT_THERE.get(endpoint, "never") in answer.text, (endpoint, answer.text)


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

"""The OpenAPI document: valid, complete, and what it says of each call."""

from datetime import date

import pytest
from flask import Blueprint, Flask, jsonify
from openapi_spec_validator import validate

from portal.contracts.reference.openapi import document
from portal.contracts.reference.operations import operations
from portal.web import headers
from portal.web.deprecation import deprecated
from tests.answers import hold, shape


@pytest.fixture
def spec(app):
    return document(app)


def test_the_document_is_valid_openapi(spec):
    validate(spec)
    assert spec["openapi"] == "3.1.0"


def test_every_route_of_every_api_is_described(app):
    described = {one.path for one in operations(app)}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if hasattr(view, "required_scope") and not rule.rule.endswith(".xml"):
            assert any(
                path.count("{") == rule.rule.count("<") and path.split("{")[0] == rule.rule.split("<")[0] for path in described
            ), rule


def test_operation_ids_are_unique_and_every_call_has_words(app, spec):
    calls = operations(app)
    ids = [one.operation_id for one in calls]
    assert len(ids) == len(set(ids)) and len(ids) > 20
    for one in calls:
        assert one.description.summary and not one.description.summary.endswith("."), one.operation_id
        assert "Raises" not in one.notes and "RULINGS" not in one.notes, one.notes


def test_refusals_and_rate_headers_stand_on_every_operation(spec):
    for path, methods in spec["paths"].items():
        for method, one in methods.items():
            answers = one["responses"]
            assert {"400", "401", "403", "429", "500"} <= set(answers), (path, method)
            for status, answer in answers.items():
                assert "X-RateLimit-Remaining" in answer["headers"], (path, method, status)
            assert "Retry-After" in answers["429"]["headers"]


def test_a_write_asks_for_a_credential_and_a_keyed_post_takes_an_idempotency_key(spec):
    made = spec["paths"]["/api/v1/competitions"]
    ways = [set(way) for way in made["post"]["security"]]
    assert {"bearer"} in ways and {"apiKey"} in ways
    assert {"walletAddress", "walletSignature", "walletTimestamp"} in ways and set() not in ways
    assert "Idempotency-Key" in [one["name"] for one in made["post"]["parameters"]]
    assert {} in made["get"]["security"]


def test_it_is_served_with_an_etag_that_saves_the_second_download(client, spec):
    first = client.get("/api/openapi.json")
    assert first.status_code == 200 and first.json == spec
    again = client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_a_status_or_a_shape_that_is_not_documented_fails_the_test_that_sees_it(app, client, make):
    good = client.get("/v1/alive", headers={"X-API-Key": make.key(make.org(), "feed")})
    alive = next(one for one in operations(app) if one.operation_id == "feed_alive")
    shape(alive, True).validate_json(good.data, strict=True)
    good.status_code = 418
    with pytest.raises(AssertionError, match="not documented"):
        hold(app, good)
    good.status_code = 200
    good.data = b'{"data": {"status": "ok", "timestamp": 1}}'
    with pytest.raises(AssertionError, match="another shape"):
        hold(app, good)


def test_a_deprecated_route_says_so_on_every_answer():
    app = Flask("old")
    old = Blueprint("old", __name__)

    @old.get("/old")
    @deprecated(on=date(2026, 11, 21), sunset=date(2027, 6, 1), link="https://example.com/docs/changelog")
    def view():
        return jsonify(ok=True)

    app.register_blueprint(old)
    app.wsgi_app = headers.Always(app.wsgi_app, {})
    answer = app.test_client().get("/old")
    assert answer.headers["Deprecation"] == "@1795219200"
    assert answer.headers["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert 'rel="deprecation"' in answer.headers["Link"]


def test_a_deprecated_route_is_kept_for_six_months():
    with pytest.raises(ValueError, match="6 months"):
        deprecated(on=date(2026, 8, 31), sunset=date(2027, 2, 28), link="/docs/changelog")
    deprecated(on=date(2026, 8, 31), sunset=date(2027, 3, 1), link="/docs/changelog")

"""Whatever is sent to organizations, members, teams and keys is answered in the page's envelope, never with a fault."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.keys.kinds import Limits
from tests.make import address

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from([address(1), "https://a.example/b", "#ff6600", "owner", "captain", "a@example.com", "keys:manage", ""]),
)
VALUE = st.one_of(LEAF, st.lists(LEAF, max_size=3), st.dictionaries(TEXT, LEAF, max_size=3))
FIELDS = (
    "org_id", "name", "description", "website", "logo_url", "theme", "wallet", "role", "email", "tag", "label", "scopes"
)  # fmt: skip
BODY = st.dictionaries(st.one_of(st.sampled_from(FIELDS), TEXT), VALUE, max_size=6)
CALLS = (
    ("POST", "/api/v1/organizations", {"name": "League"}),
    ("PATCH", "/api/v1/organizations/{org}", {}),
    ("POST", "/api/v1/organizations/{org}/members", {"wallet": address(1), "role": "member"}),
    ("POST", "/api/v1/organizations/{org}/members", {"email": "dana@example.com", "role": "member"}),
    ("POST", "/api/v1/teams", {"org_id": "{org}", "name": "Team Alpha"}),
    ("POST", "/api/v1/teams/{team}/roster", {"wallet": address(1)}),
    ("POST", "/api/v1/auth/api-keys", {"org_id": "{org}"}),
)


@pytest.fixture
def place(make):
    """An organization that may call without limits, its team, and the headers of its key."""
    org = make.org()
    wide = Limits(per_minute=1_000_000, writes_per_minute=1_000_000, per_hour=60_000_000)
    headers = {"Authorization": f"Bearer {make.key(org, 'competition', limits=wide)}"}
    return {"org": org.uid, "team": make.team(org)}, headers


def enough(test):
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=40, deadline=None, suppress_health_check=quiet)(test)


def held(answer) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.json["ok"] is (answer.status_code < 400), answer.text


@pytest.mark.parametrize(("method", "path", "good"), CALLS)
@enough
@given(body=BODY, keep=st.booleans())
def test_bodies(client, place, method, path, good, body, keep):
    things, headers = place
    good = {name: value.format(**things) for name, value in good.items()}
    held(client.open(path.format(**things), method=method, json={**good, **body} if keep else body, headers=headers))


@pytest.mark.parametrize("path", ["/api/v1/organizations", "/api/v1/teams", "/api/v1/auth/api-keys"])
@enough
@given(query=st.dictionaries(st.sampled_from(["org_id", "wallet", "limit", "offset", "id"]), TEXT, max_size=4))
def test_queries(client, place, path, query):
    things, headers = place
    encodable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    held(client.get(path, query_string=encodable, headers=headers))
    held(client.get(path, query_string={"org_id": things["org"]} | encodable))


@enough
@given(uid=TEXT.filter(lambda text: "/" not in text and text not in ("", ".", "..")))
def test_ids_in_addresses(client, place, uid):
    _, headers = place
    part = quote(uid.encode("utf-8", "replace"), safe="")
    for path in (f"organizations/{part}", f"organizations/{part}/members", f"teams/{part}", f"teams/{part}/roster"):
        answer = client.get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code == 404, answer.text

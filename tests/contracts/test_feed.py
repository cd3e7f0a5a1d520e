"""tenant-api-key.txt: every request printed there, word for word, with host and key replaced."""

from xml.etree import ElementTree

import pytest


@pytest.fixture
def org(make):
    return make.org("Sportsbook")


def test_the_first_call_to_make_on_any_new_key(client, make, org):
    """`curl -H "X-API-Key: <key>" https://ticktock.bet/v1/whoami`"""
    scopes = [
        "cs2:matches:list",
        "cs2:matches:read",
        "cs2:markets:read",
        "cs2:markets:settlements",
        "cs2:stream:matches",
        "cs2:stream:markets",
    ]
    key = make.key(org, "feed", scopes=scopes, sports=["cs2"])
    answer = client.get("/v1/whoami", headers={"X-API-Key": key})
    assert answer.status_code == 200
    assert answer.json == {
        "data": {
            "tenant_id": org.uid,
            "name": org.name,
            "scopes": sorted(scopes),
            "sport_allowlist": ["cs2"],
            "rate_limit_rpm": 600,
        }
    }


def test_alive_tells_the_time(client, make, org):
    answer = client.get("/v1/alive", headers={"X-API-Key": make.key(org, "feed")})
    assert answer.json["data"]["status"] == "ok"
    assert answer.json["data"]["timestamp"].endswith("Z")


@pytest.mark.parametrize("path", ["/v1/whoami", "/v1/alive"])
@pytest.mark.parametrize("accept, mimetype", [
    ("application/json", "application/json"),
    ("*/*", "application/json"),
    (None, "application/json"),
    ("application/xml", "application/xml"),
    ("text/xml", "text/xml"),
    ("application/xml;q=0.9, application/json;q=0.1", "application/xml"),
    ("text/html, application/json;q=0.5", "application/json"),
])  # fmt: skip
def test_the_answer_is_json_or_xml_as_accepted(client, make, org, path, accept, mimetype):
    headers = {"X-API-Key": make.key(org, "feed")} | ({"Accept": accept} if accept else {})
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, mimetype)


def test_the_xml_sibling_is_xml_and_holds_the_same(client, make, org):
    headers = {"X-API-Key": make.key(org, "feed", sports=["cs2"])}
    tree = ElementTree.fromstring(client.get("/v1/whoami.xml", headers=headers).data)
    data = client.get("/v1/whoami", headers=headers).json["data"]
    assert tree.findtext("data/tenant_id") == data["tenant_id"]
    assert [item.text for item in tree.findall("data/scopes/item")] == data["scopes"]
    assert tree.findtext("data/rate_limit_rpm") == str(data["rate_limit_rpm"])


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0"])
def test_neither_json_nor_xml_accepted_is_406_with_a_detail(client, make, org, accept):
    answer = client.get("/v1/whoami", headers={"X-API-Key": make.key(org, "feed"), "Accept": accept})
    assert answer.status_code == 406
    assert list(answer.json) == ["detail"]


def test_errors_are_xml_for_who_accepts_xml_only(client):
    answer = client.get("/v1/whoami", headers={"Accept": "application/xml"})
    assert answer.status_code == 401
    assert "API key" in ElementTree.fromstring(answer.data).findtext("detail")


def test_another_method_is_405_and_an_unknown_path_404_in_the_same_words(client, make, org):
    headers = {"X-API-Key": make.key(org, "feed")}
    answer = client.post("/v1/whoami", headers=headers)
    assert (answer.status_code, list(answer.json)) == (405, ["detail"])
    assert "GET" in answer.headers["Allow"]
    assert client.get("/v1/whoami/more", headers=headers).status_code == 404

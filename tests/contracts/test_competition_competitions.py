"""Competition API, "Competitions": the page's samples word for word, who may do what, what is refused."""

import pytest

from portal.competitions.model import competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from tests.contracts.pages import same_shape, sample

URL = "/api/v1/competitions"
OURS = ("visibility", "waiting_list", "draw_seed")


@pytest.fixture
def keyed(make):
    """(organization, headers of a key of it that may do everything)."""

    def of(**more):
        org = make.org()
        return org, {"Authorization": f"Bearer {make.key(org, 'competition', **more)}"}

    return of


def filled(route: str, org, headers, uid: str = ""):
    """The page's sample with our ids and our key."""
    values = {"f47ac10b-...": org.uid, "f47ac10b-58cc-4372-a567-0e02b2c3d479": org.uid, "YOUR_ORG_ID": org.uid}
    return sample(route).filled(values | {"c1d2e3f4-...": uid, "lc_xxxxx": headers["Authorization"].removeprefix("Bearer ")})


def created(client, org, headers, **terms):
    return client.post(URL, json={"org_id": org.uid, "title": "Cup", "type": "bracket"} | terms, headers=headers)


class TestSamples:
    def test_create(self, client, keyed):
        org, headers = keyed()
        asked = filled(f"POST {URL}", org, headers)
        answer = asked.send(client)
        assert answer.status_code == asked.status == 201
        same_shape(asked.expected, answer.json, ours=OURS)
        assert answer.json["data"]["registration_opens"] == "2026-04-01T00:00:00.000Z"
        assert answer.json["data"]["registration_closes"] == "2026-04-14T23:59:59.000Z"
        assert answer.json["data"]["org_id"] == org.uid

    def test_list(self, client, keyed, make):
        org, headers = keyed()
        make.competition(org, status="active", entrants=16, category="dota2", title="Dota 2 Spring Invitational")
        make.competition(org, title="Another", category="dota2")
        with unit_of_work() as session:
            uid = client.get(f"{URL}?org_id={org.uid}&status=active").json["data"]["items"][0]["id"]
            competition_by_uid(session, org.id, uid).starts_at = competition_by_uid(session, org.id, uid).created_at
        asked = filled(f"GET {URL}", org, headers)
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json)

    def test_detail(self, client, keyed):
        org, headers = keyed()
        uid = filled(f"POST {URL}", org, headers).send(client).json["data"]["id"]
        asked = filled(f"GET {URL}/[id]", org, headers, uid)
        answer = asked.send(client)
        assert answer.status_code == 200
        differs = ("status", "registrations", "checked_in", "matches_total", "matches_completed", "matches_pending")
        same_shape(asked.expected, answer.json, free=(*differs, "current_round"), ours=(*OURS, "stream_url"))
        figures = dict.fromkeys(asked.expected["data"]["summary"], 0) | {"current_round": None}
        assert answer.json["data"]["summary"] == figures

    def test_change(self, client, keyed):
        org, headers = keyed()
        uid = created(client, org, headers).json["data"]["id"]
        asked = filled(f"PATCH {URL}/[id]", org, headers, uid)
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json)
        assert list(answer.json["data"]) == ["id", "max_participants", "description", "updated_at"]

    def test_delete(self, client, keyed, make):
        org, headers = keyed()
        uid = make.competition(org, status="registration")
        asked = filled(f"DELETE {URL}/[id]", org, headers, uid)
        same_shape(asked.expected, asked.send(client).json)
        assert client.get(f"{URL}/{uid}").json["data"]["status"] == "canceled"
        again = asked.send(client)
        assert again.status_code == 409 and "canceled already" in again.json["error"]
        draft = created(client, org, headers).json["data"]["id"]
        assert client.delete(f"{URL}/{draft}", headers=headers).json["data"] == {"id": draft, "status": "deleted"}
        assert client.get(f"{URL}/{draft}", headers=headers).status_code == 404


def test_the_figures_of_a_competition_in_play(client, make):
    org = make.org()
    uid = make.competition(org, status="active", entrants=5)
    data = client.get(f"{URL}/{uid}").json["data"]
    assert data["summary"] == {
        "registrations": 5,
        "checked_in": 5,
        "matches_total": 4,
        "matches_completed": 0,
        "matches_pending": 4,
        "current_round": 1,
    }
    assert isinstance(data["draw_seed"], int)
    item = client.get(f"{URL}?org_id={org.uid}").json["data"]["items"][0]
    assert (item["participant_count"], item["match_count"]) == (5, 4)


class TestWho:
    def test_a_member_may_create_and_an_admin_may_change_and_delete(self, client, make):
        org = make.org()
        member, admin, stranger = make.wallet(org), make.wallet(org, "admin"), make.wallet()
        body = {"org_id": org.uid, "title": "Cup", "type": "league"}
        assert client.post(URL, json=body).status_code == 401
        assert client.post(URL, json=body, headers=stranger.headers()).status_code == 403
        answer = client.post(URL, json=body, headers=member.headers())
        assert answer.status_code == 201
        path = f"{URL}/{answer.json['data']['id']}"
        for method, json in (("PATCH", {"title": "Other"}), ("DELETE", None)):
            assert client.open(path, method=method, json=json).status_code == 401
            for wallet in (stranger, member):
                assert client.open(path, method=method, json=json, headers=wallet.headers()).status_code == 403
            assert client.open(path, method=method, json=json, headers=admin.headers()).status_code == 200

    def test_a_key_reaches_its_own_organization_only_and_needs_the_scope(self, client, make, keyed):
        mine, headers = keyed()
        theirs = make.org()
        uid = make.competition(theirs)
        assert created(client, theirs, headers).status_code == 404
        assert created(client, mine, headers, org_id=new_uid()).status_code == 404
        for method in ("PATCH", "DELETE"):
            assert client.open(f"{URL}/{uid}", method=method, json={"title": "Mine now"}, headers=headers).status_code == 404
        narrow = {"X-API-Key": make.key(mine, "competition", scopes=["competitions:read"])}
        answer = created(client, mine, narrow)
        assert answer.status_code == 403 and "competitions:write" in answer.json["error"]
        assert client.get(f"{URL}/{uid}").json["data"]["title"].startswith("Cup")

    def test_what_is_not_public_is_seen_by_its_own_only(self, client, make, keyed):
        org, headers = keyed()
        uids = {name: make.competition(org, visibility=name) for name in ("public", "unlisted", "private")}
        _, foreign = keyed()
        writer = {"X-API-Key": make.key(org, "competition", scopes=["competitions:write"])}
        member, stranger = make.wallet(org), make.wallet()
        everything, some = {"public", "unlisted", "private"}, {"public", "unlisted"}
        for who, listed, opened in (
            ({}, {"public"}, some),
            (foreign, {"public"}, some),
            (writer, {"public"}, some),
            (stranger.headers(), {"public"}, some),
            (headers, everything, everything),
            (member.headers(), everything, everything),
        ):
            items = client.get(f"{URL}?org_id={org.uid}", headers=who).json["data"]["items"]
            assert {item["id"] for item in items} == {uids[name] for name in listed}
            for name, uid in uids.items():
                status = client.get(f"{URL}/{uid}", headers=who).status_code
                assert status == (200 if name in opened else 404), (name, who)
        for method in ("PATCH", "DELETE"):
            status = client.open(f"{URL}/{uids['private']}", method=method, json={}, headers=stranger.headers()).status_code
            assert status == 404, "a stranger is not told that it is there"

    def test_a_member_of_the_operator_sees_what_its_agents_keep_private(self, client, make):
        operator = make.org()
        agent = make.org(parent=operator)
        uid = make.competition(agent, visibility="private")
        above, beside = make.wallet(operator), make.wallet(make.org(parent=operator))
        assert client.get(f"{URL}/{uid}", headers=above.headers()).status_code == 200
        assert client.get(f"{URL}?org_id={agent.uid}", headers=above.headers()).json["data"]["total"] == 1
        assert client.get(f"{URL}/{uid}", headers=beside.headers()).status_code == 404
        assert client.get(f"{URL}?org_id={agent.uid}", headers=beside.headers()).json["data"]["total"] == 0

    def test_what_belongs_to_a_switched_off_organization_is_not_shown_to_the_world(self, client, make):
        operator = make.org()
        agent = make.org(parent=operator)
        own, below = make.competition(operator), make.competition(agent)
        member = make.wallet(operator)
        for off, gone, left in ((agent, [below], [own]), (operator, [own, below], [])):
            with unit_of_work() as session:
                session.get_one(Organization, off.id).disabled_at = utc_now()
            for uid in gone:
                assert client.get(f"{URL}/{uid}").status_code == 404
                assert client.get(f"{URL}/{uid}", headers=member.headers()).status_code == 200
            for uid in left:
                assert client.get(f"{URL}/{uid}").status_code == 200
            total = sum(client.get(f"{URL}?org_id={org.uid}").json["data"]["total"] for org in (operator, agent))
            assert total == len(left)
        answer = client.post(f"{URL}/{own}/open", headers=make.wallet(operator, "owner").headers())
        assert answer.status_code == 403 and "switched off" in answer.json["error"]


BAD = [
    ({"title": None}, 400, "title"),
    ({"title": "x"}, 400, "title"),
    ({"title": "x" * 201}, 400, "title"),
    ({"title": 7}, 400, "title"),
    ({"type": "cup"}, 400, "type"),
    ({"type": None}, 400, "type"),
    ({"org_id": "mine"}, 400, "org_id"),
    ({"colour": "red"}, 400, "colour"),
    ({"status": "active"}, 400, "status"),
    ({"description": "x" * 10_001}, 400, "description"),
    ({"category": "a/b"}, 400, "category"),
    ({"max_participants": "16"}, 400, "max_participants"),
    ({"max_participants": 16.5}, 400, "max_participants"),
    ({"max_participants": True}, 400, "max_participants"),
    ({"max_participants": 0}, 400, "max_participants"),
    ({"max_participants": 4_097}, 422, "max_participants"),
    ({"max_participants": 10**30}, 400, "max_participants"),
    ({"rules": []}, 400, "rules"),
    ({"rules": {"best_off": 3}}, 400, "rules.best_off"),
    ({"rules": {"format": "swiss"}}, 422, "swiss"),
    ({"metadata": "text"}, 400, "metadata"),
    ({"metadata": {"text": "é" * 8_192}}, 400, "metadata"),
    ({"entry_fee_wei": 5}, 400, "entry_fee_wei"),
    ({"entry_fee_wei": "5.0"}, 400, "entry_fee_wei"),
    ({"prize_pool_wei": "1" * 79}, 400, "prize_pool_wei"),
    ({"starts_at": "tomorrow"}, 400, "starts_at"),
    ({"starts_at": "2027-01-01"}, 400, "starts_at"),
    ({"starts_at": "2027-01-01T00:00:00"}, 400, "starts_at"),
    ({"starts_at": "2027-02-30T00:00:00Z"}, 400, "starts_at"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, 400, "starts_at"),
    ({"starts_at": "9999-12-31T23:59:59-14:00"}, 400, "starts_at"),
    ({"starts_at": "2027-01-01T00:00:00+99:99"}, 400, "starts_at"),
    ({"starts_at": 1_800_000_000}, 400, "starts_at"),
    ({"starts_at": "2027-01-02T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}, 422, "ends_at"),
    ({"registration_opens": "2027-01-02T00:00:00Z", "registration_closes": "2027-01-01T00:00:00Z"}, 422, "registration_closes"),
    ({"visibility": "hidden"}, 400, "visibility"),
    ({"waiting_list": 1}, 400, "waiting_list"),
]


@pytest.mark.parametrize(("terms", "status", "named"), BAD)
def test_bad_input_is_refused_with_the_name_of_the_field(client, keyed, terms, status, named):
    org, headers = keyed()
    answer = created(client, org, headers, **terms)
    assert answer.status_code == status, answer.text
    assert named in answer.json["error"] and answer.json["ok"] is False
    assert client.get(f"{URL}?org_id={org.uid}", headers=headers).json["data"]["total"] == 0


def test_numbers_that_no_database_keeps_are_refused(client, keyed):
    org, headers = keyed()
    for value in ("1e999", "NaN", "-Infinity"):
        body = f'{{"org_id": "{org.uid}", "title": "Cup", "type": "bracket", "metadata": {{"n": {value}}}}}'
        answer = client.post(URL, data=body, content_type="application/json", headers=headers)
        assert answer.status_code == 400, value


def test_what_is_allowed_is_kept_to_the_last_digit(client, keyed):
    org, headers = keyed()
    terms = {
        "title": "é" * 200,
        "prize_pool_wei": "9" * 78,
        "entry_fee_wei": "0",
        "category": "Gaming",
        "starts_at": "2027-06-01T12:30:15.123456789+05:30",
        "metadata": {"z": 1, "a": {"y": [1.5, None, True]}},
        "rules": {"tiebreaks": ["lots"], "best_of": 5, "format": "double_elimination"},
    }
    answer = created(client, org, headers, **terms)
    assert answer.status_code == 201, answer.text
    data = client.get(f"{URL}/{answer.json['data']['id']}").json["data"]
    assert {name: data[name] for name in terms} == terms | {"starts_at": "2027-06-01T07:00:15.123Z"}
    assert list(data["rules"]) == list(terms["rules"]) and list(data["metadata"]) == ["z", "a"]


def test_org_id_and_type_never_change(client, keyed):
    org, headers = keyed()
    uid = created(client, org, headers).json["data"]["id"]
    for name, value in (("org_id", org.uid), ("type", "league")):
        answer = client.patch(f"{URL}/{uid}", json={"title": "Other", name: value}, headers=headers)
        assert answer.status_code == 400 and f"{name} cannot be changed" in answer.json["error"]
    assert client.get(f"{URL}/{uid}").json["data"]["title"] == "Cup"


def test_a_started_competition_is_not_changed(client, keyed, make):
    org, headers = keyed()
    uid = make.competition(org, status="active", entrants=2)
    answer = client.patch(f"{URL}/{uid}", json={"title": "Other"}, headers=headers)
    assert answer.status_code == 409 and "active" in answer.json["error"]


def test_null_clears_and_nothing_changes_nothing(client, keyed):
    org, headers = keyed()
    uid = created(client, org, headers, description="old", waiting_list=True).json["data"]["id"]
    answer = client.patch(f"{URL}/{uid}", json={"waiting_list": None, "description": None}, headers=headers).json["data"]
    assert list(answer) == ["id", "waiting_list", "description", "updated_at"]
    assert (answer["waiting_list"], answer["description"]) == (False, None)
    assert list(client.patch(f"{URL}/{uid}", json={}, headers=headers).json["data"]) == ["id", "updated_at"]
    assert client.patch(f"{URL}/{uid}", json={"title": None}, headers=headers).status_code == 400


class TestList:
    def test_filters_pages_and_the_total_of_all_pages(self, client, make):
        org = make.org()
        cups = [make.competition(org, category="cs2") for _ in range(3)]
        league = make.competition(org, "league", category="dota2", status="registration")
        for query, found in (
            ("", [league, *reversed(cups)]),
            ("&type=league", [league]),
            ("&status=draft", cups[::-1]),
            ("&category=dota2", [league]),
            ("&type=ladder", []),
            ("&category=dota2&type=bracket", []),
        ):
            data = client.get(f"{URL}?org_id={org.uid}{query}").json["data"]
            assert [item["id"] for item in data["items"]] == found and data["total"] == len(found)
        data = client.get(f"{URL}?org_id={org.uid}&limit=2&offset=1").json["data"]
        assert [item["id"] for item in data["items"]] == [cups[2], cups[1]]
        assert (data["total"], data["limit"], data["offset"]) == (4, 2, 1)
        assert client.get(f"{URL}?org_id={new_uid()}").json["data"]["total"] == 0

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=1.5",
            "limit=",
            "offset=-1",
            "offset=99999999999999999999",
            "org_id=x",
            "status=live",
            "type=cup",
            "category=%00",
            "limit=1&limit=2",
        ],
    )
    def test_a_strange_parameter_is_refused_by_name(self, client, query):
        answer = client.get(f"{URL}?{query}")
        assert answer.status_code == 400 and query.split("=")[0] in answer.json["error"]

    def test_a_page_costs_as_many_statements_with_many_as_with_few(self, client, make, keyed, count_sql):
        org, headers = keyed()
        counts = []
        for more in (1, 12):
            for _ in range(more):
                make.competition(org, status="active", entrants=2)
            client.get(URL, headers=headers)
            with count_sql() as statements:
                assert client.get(f"{URL}?org_id={org.uid}", headers=headers).json["data"]["total"] >= more
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 3


@pytest.mark.parametrize("uid", ["x", "%00", "c1d2e3f4", "%F0%9F%8F%86", "0" * 300])
def test_an_address_that_names_nothing_is_404(client, keyed, uid):
    _, headers = keyed()
    for method in ("GET", "PATCH", "DELETE"):
        assert client.open(f"{URL}/{uid}", method=method, json={}, headers=headers).status_code == 404
    assert client.get(f"{URL}/{new_uid()}").status_code == 404


def test_an_id_is_the_same_in_capitals(client, make):
    uid = make.competition(make.org())
    assert client.get(f"{URL}/{uid.upper()}").json["data"]["id"] == uid


def test_the_same_idempotency_key_makes_one_competition(client, keyed):
    org, headers = keyed()
    headers["Idempotency-Key"] = new_uid()
    first, second = created(client, org, headers), created(client, org, headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert created(client, org, headers, title="Another").status_code == 422
    assert client.get(f"{URL}?org_id={org.uid}").json["data"]["total"] == 1

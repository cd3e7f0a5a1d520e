"""Competition API, "Competition Lifecycle" and the seeds: the page's samples, who may act for whom, what is refused."""

import pytest

from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.players.model import team_by_uid
from tests.contracts.pages import same_shape, sample
from tests.make import address

URL = "/api/v1/competitions"
A, B = address(0xAAA), address(0xBBB)


@pytest.fixture
def keyed(make):
    """(organization, headers of a key of it that may do everything)."""

    def of():
        org = make.org()
        return org, {"Authorization": f"Bearer {make.key(org, 'competition')}"}

    return of


def filled(route: str, headers, uid: str, name: str = "", **values: str):
    """The page's sample with our ids, wallets and key."""
    ours = {"c1d2e3f4-...": uid, "0xaaa...": A, "lc_xxxxx": headers["Authorization"].removeprefix("Bearer ")}
    return sample(f"{route.split(' ')[0]} {URL}/[id]/{route.split(' ')[1]}", name).filled(ours | values)


class TestSamples:
    def test_register_a_wallet_and_a_team(self, client, make, keyed):
        org, headers = keyed()
        uid, team = make.competition(org, status="registration"), make.team(org)
        asked = filled("POST register", headers, uid, "team", **{"e5f6a7b8-...": team})
        answer = asked.send(client)
        assert answer.status_code == asked.status == 201
        same_shape(asked.expected, answer.json, free=("wallet", "team_id"), ours=("status",))
        assert (answer.json["data"]["wallet"], answer.json["data"]["team_id"]) == (None, team)
        asked = filled("POST register", headers, uid, "individual")
        answer = client.open(asked.path, method="POST", headers=asked.headers, data=asked.body)
        same_shape(filled("POST register", headers, uid, "team").expected, answer.json, ours=("status",))
        assert answer.json["data"]["wallet"] == A

    def test_list_registrations_seed_check_in_and_start(self, client, make, keyed):
        org, headers = keyed()
        uid, team = make.competition(org, status="registration"), make.team(org)
        with unit_of_work() as session:
            team_by_uid(session, org.id, team).name = "Team Alpha"
        ids = []
        for body in ({"wallet": A}, {"team_id": team}, {"wallet": B}):
            ids.append(client.post(f"{URL}/{uid}/register", json=body, headers=headers).json["data"]["id"])
        asked = filled("POST check-in", headers, uid)
        same_shape(asked.expected, asked.send(client).json)
        assert client.post(f"{URL}/{uid}/check-in", json={"team_id": team}, headers=headers).status_code == 200
        named = dict(zip(("reg-1234-...", "reg-5678-...", "reg-9abc-..."), ids, strict=True))
        asked = filled("POST bracket/seed", headers, uid, **named)
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json)
        asked = filled("GET register", headers, uid)
        answer = asked.send(client)
        same_shape(asked.expected, answer.json, ours=("status",))
        assert [row["id"] for row in answer.json["data"]] == ids
        asked = filled("POST start", headers, uid)
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json, free=("matches_generated",))
        assert answer.json["data"]["matches_generated"] == 1
        last = client.get(f"{URL}/{uid}/register").json["data"][2]
        assert (last["status"], last["checked_in"], last["seed"]) == ("dropped", False, None)

    def test_sixteen_with_a_third_place_match_make_sixteen_matches(self, client, make, keyed):
        org, headers = keyed()
        uid = make.competition(org, status="registration", entrants=16, rules={"third_place_match": True})
        answer = filled("POST start", headers, uid).send(client)
        assert answer.json["data"]["matches_generated"] == 16, "the page's sample says 15; the arithmetic wins"

    def test_cancel(self, client, make, keyed):
        org, headers = keyed()
        uid = make.competition(org, status="active", entrants=2)
        asked = filled("POST cancel", headers, uid)
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json)
        assert asked.send(client).status_code == 409


def test_opening_from_draft_to_registration_once(client, make, keyed):
    org, headers = keyed()
    uid = make.competition(org)
    answer = client.post(f"{URL}/{uid}/open", headers=headers)
    assert answer.status_code == 200
    assert list(answer.json["data"]) == ["competition_id", "status", "opened_at"]
    assert (answer.json["data"]["competition_id"], answer.json["data"]["status"]) == (uid, "registration")
    again = client.post(f"{URL}/{uid}/open", headers=headers)
    assert again.status_code == 409 and "registration" in again.json["error"]


def test_before_registration_opens_and_after_it_closed_registering_is_409(client, make, keyed):
    org, headers = keyed()
    draft = make.competition(org)
    answer = client.post(f"{URL}/{draft}/register", json={"wallet": A}, headers=headers)
    assert answer.status_code == 409 and "not open yet" in answer.json["error"]
    uid = make.competition(org, status="registration")
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        found.registration_closes = found.created_at
    answer = client.post(f"{URL}/{uid}/register", json={"wallet": A}, headers=headers)
    assert answer.status_code == 409 and "closed at" in answer.json["error"]


def test_nobody_or_one_cannot_start(client, make, keyed):
    org, headers = keyed()
    for entrants in (0, 1):
        uid = make.competition(org, status="registration", entrants=entrants)
        answer = client.post(f"{URL}/{uid}/start", headers=headers)
        assert answer.status_code == 422 and f"{entrants} checked in" in answer.json["error"]


def test_the_body_of_a_start_may_be_left_out_empty_or_say_the_order(client, make, keyed):
    org, headers = keyed()
    for more in ({}, {"json": {}}, {"json": {"seed_order": None}}, {"json": {"seed_order": "random"}}):
        uid = make.competition(org, status="registration", entrants=2)
        assert client.post(f"{URL}/{uid}/start", headers=headers, **more).status_code == 200
    uid = make.competition(org, status="registration", entrants=2)
    for body, status in (({"seed_order": "best"}, 400), ({"order": "random"}, 400), ({"seed_order": "manual"}, 422)):
        assert client.post(f"{URL}/{uid}/start", json=body, headers=headers).status_code == status


def test_the_waiting_list_moves_up_when_somebody_leaves(client, make, keyed):
    org, headers = keyed()
    uid = make.competition(org, status="registration", max_participants=2, waiting_list=True)
    first, _ = make.enter(org, uid, [1, 2])
    answer = client.post(f"{URL}/{uid}/register", json={"wallet": A}, headers=headers)
    assert (answer.status_code, answer.json["data"]["status"]) == (201, "waiting")
    waiting = answer.json["data"]["id"]
    refused = client.post(f"{URL}/{uid}/check-in", json={"wallet": A}, headers=headers)
    assert refused.status_code == 409 and "waiting list" in refused.json["error"]
    answer = client.delete(f"{URL}/{uid}/register?registration_id={first}", headers=headers)
    assert answer.json["data"] == {"id": first, "removed": True, "promoted_id": waiting}
    assert [row["status"] for row in client.get(f"{URL}/{uid}/register").json["data"]] == ["registered", "registered"]
    assert client.post(f"{URL}/{uid}/check-in", json={"wallet": A}, headers=headers).status_code == 200
    answer = client.delete(f"{URL}/{uid}/check-in?registration_id={waiting}", headers=headers)
    assert answer.json["data"] == {"id": waiting, "checked_in": False, "checked_in_at": None}


def test_without_a_waiting_list_full_is_409(client, make, keyed):
    org, headers = keyed()
    uid = make.competition(org, status="registration", max_participants=2, entrants=2)
    answer = client.post(f"{URL}/{uid}/register", json={"wallet": A}, headers=headers)
    assert answer.status_code == 409 and "full" in answer.json["error"]


class TestWho:
    def test_a_player_signs_up_alone_and_for_nobody_else(self, client, make):
        org, player, other = make.org(), make.wallet(), make.wallet()
        uid = make.competition(org, status="registration", visibility="unlisted")
        path = f"{URL}/{uid}/register"
        assert client.post(path, json={"wallet": player.address}).status_code == 401
        assert client.post(path, json={"wallet": other.address}, headers=player.headers()).status_code == 403
        assert client.post(path, json={"wallet": player.address, "seed": 1}, headers=player.headers()).status_code == 403
        answer = client.post(path, json={"wallet": player.address.lower()}, headers=player.headers())
        assert answer.status_code == 201
        assert client.post(path, json={"wallet": player.address}, headers=player.headers()).status_code == 409
        mine = answer.json["data"]["id"]
        there = {"json": {"wallet": player.address}}
        for method, url, more, good in (
            ("POST", f"{URL}/{uid}/check-in", there, 200),
            ("DELETE", f"{URL}/{uid}/check-in?registration_id={mine}", {}, 200),
            ("DELETE", f"{path}?registration_id={mine}", {}, 200),
        ):
            assert client.open(url, method=method, headers=other.headers(), **more).status_code == 403
            assert client.open(url, method=method, headers=player.headers(), **more).status_code == good

    def test_a_private_competition_is_not_there_for_strangers(self, client, make):
        org, player = make.org(), make.wallet()
        uid = make.competition(org, status="registration", visibility="private")
        for suffix in ("register", "check-in"):
            answer = client.post(f"{URL}/{uid}/{suffix}", json={"wallet": player.address}, headers=player.headers())
            assert answer.status_code == 404
        assert client.get(f"{URL}/{uid}/register", headers=player.headers()).status_code == 404
        member = make.wallet(org)
        answer = client.post(f"{URL}/{uid}/register", json={"wallet": member.address}, headers=member.headers())
        assert answer.status_code == 201
        assert client.get(f"{URL}/{uid}/register", headers=member.headers()).status_code == 200

    def test_a_captain_signs_the_team_up_and_a_player_does_not(self, client, make):
        org, captain, player = make.org(), make.wallet(), make.wallet()
        uid, team = make.competition(org, status="registration"), make.team(org, captain=captain.address)
        body = {"team_id": team}
        assert client.post(f"{URL}/{uid}/register", json=body, headers=player.headers()).status_code == 403
        assert client.post(f"{URL}/{uid}/register", json=body, headers=captain.headers()).status_code == 201
        assert client.post(f"{URL}/{uid}/check-in", json=body, headers=player.headers()).status_code == 403
        assert client.post(f"{URL}/{uid}/check-in", json=body, headers=captain.headers()).status_code == 200

    def test_an_admin_acts_for_everybody_and_a_member_only_for_itself(self, client, make):
        org = make.org()
        uid, admin, member = make.competition(org, status="registration"), make.wallet(org, "admin"), make.wallet(org)
        path = f"{URL}/{uid}/register"
        assert client.post(path, json={"wallet": A}, headers=member.headers()).status_code == 403
        assert client.post(path, json={"wallet": A, "seed": 1}, headers=admin.headers()).status_code == 201
        assert client.post(path, json={"wallet": member.address}, headers=member.headers()).status_code == 201

    @pytest.mark.parametrize("suffix", ["open", "start", "cancel", "bracket/seed"])
    def test_what_moves_a_competition_is_for_admins(self, client, make, suffix):
        org = make.org()
        uid = make.competition(org, status="draft" if suffix == "open" else "registration", entrants=0)
        lines = [{"registration_id": new_uid(), "seed": 1}]
        if suffix != "open":
            lines = [{"registration_id": make.enter(org, uid, [1, 2])[0], "seed": 1}]
        body = {"json": {"seeds": lines}} if suffix == "bracket/seed" else {}
        foreign = {"X-API-Key": make.key(make.org(), "competition")}
        narrow = {"X-API-Key": make.key(org, "competition", scopes=["competitions:read"])}
        callers = ((401, {}), (404, foreign), (403, narrow))
        callers += tuple((403, wallet.headers()) for wallet in (make.wallet(), make.wallet(org)))
        for status, headers in (*callers, (200, make.wallet(org, "admin").headers())):
            assert client.post(f"{URL}/{uid}/{suffix}", headers=headers, **body).status_code == status

    def test_a_key_registers_in_its_own_organization_only(self, client, make, keyed):
        _, headers = keyed()
        theirs = make.org()
        uid = make.competition(theirs, status="registration")
        (registration,) = make.enter(theirs, uid, [1])
        for method, url, more in (
            ("POST", f"{URL}/{uid}/register", {"json": {"wallet": A}}),
            ("POST", f"{URL}/{uid}/check-in", {"json": {"wallet": address(1)}}),
            ("DELETE", f"{URL}/{uid}/register?registration_id={registration}", {}),
            ("DELETE", f"{URL}/{uid}/check-in?registration_id={registration}", {}),
        ):
            assert client.open(url, method=method, headers=headers, **more).status_code == 404
        assert len(client.get(f"{URL}/{uid}/register", headers=headers).json["data"]) == 1

    def test_nothing_of_another_organization_can_be_named(self, client, make, keyed):
        org, headers = keyed()
        other = make.org()
        uid, foreign = make.competition(org, status="registration"), make.competition(other, status="registration")
        (theirs,) = make.enter(other, foreign, [1])
        seeds = {"json": {"seeds": [{"registration_id": theirs, "seed": 1}]}}
        for method, suffix, more in (
            ("POST", "register", {"json": {"team_id": make.team(other)}}),
            ("POST", "check-in", {"json": {"team_id": make.team(other)}}),
            ("POST", "bracket/seed", seeds),
            ("DELETE", f"register?registration_id={theirs}", {}),
            ("DELETE", f"check-in?registration_id={theirs}", {}),
        ):
            assert client.open(f"{URL}/{uid}/{suffix}", method=method, headers=headers, **more).status_code == 404, suffix
        assert client.get(f"{URL}/{foreign}/register").json["data"][0]["checked_in"] is True


BAD = [
    ("register", {}, 400, "either wallet or team_id"),
    ("register", {"wallet": A, "team_id": new_uid()}, 400, "either wallet or team_id"),
    ("register", {"wallet": "0xaaa"}, 400, "wallet"),
    ("register", {"wallet": A + "0"}, 400, "wallet"),
    ("register", {"wallet": "0x" + "g" * 40}, 400, "wallet"),
    ("register", {"wallet": "0xAbCdef" + "1" * 34}, 400, "checksum"),
    ("register", {"wallet": 5}, 400, "wallet"),
    ("register", {"team_id": "alpha"}, 400, "team_id"),
    ("register", {"team_id": new_uid()}, 404, "Team"),
    ("register", {"wallet": A, "seed": "1"}, 400, "seed"),
    ("register", {"wallet": A, "seed": 1.5}, 400, "seed"),
    ("register", {"wallet": A, "seed": 0}, 422, "seed"),
    ("register", {"wallet": A, "name": "me"}, 400, "name"),
    ("check-in", {}, 400, "either wallet or team_id"),
    ("check-in", {"wallet": A}, 404, "not registered"),
    ("check-in", {"wallet": A, "seed": 1}, 400, "seed"),
    ("bracket/seed", {}, 400, "seeds"),
    ("bracket/seed", {"seeds": []}, 400, "seeds"),
    ("bracket/seed", {"seeds": [{"seed": 1}]}, 400, "registration_id"),
    ("bracket/seed", {"seeds": [{"registration_id": "x", "seed": "1"}]}, 400, "seed"),
    ("bracket/seed", {"seeds": [{"registration_id": "x", "seed": 1}]}, 404, "Registration"),
    ("bracket/seed", {"seeds": [{"registration_id": "x", "seed": 1, "rank": 2}]}, 400, "rank"),
]


@pytest.mark.parametrize(("suffix", "body", "status", "words"), BAD)
def test_bad_input_is_refused_in_words(client, make, keyed, suffix, body, status, words):
    org, headers = keyed()
    uid = make.competition(org, status="registration")
    answer = client.post(f"{URL}/{uid}/{suffix}", json=body, headers=headers)
    assert answer.status_code == status and words in answer.json["error"], answer.text


@pytest.mark.parametrize("suffix", ["register", "check-in"])
def test_a_registration_is_named_by_its_id(client, make, keyed, suffix):
    org, headers = keyed()
    uid = make.competition(org, status="registration")
    for query, status in (
        ("", 400),
        ("?registration_id=x", 400),
        ("?registration_id=%00", 400),
        (f"?registration_id={new_uid()}", 404),
    ):
        assert client.delete(f"{URL}/{uid}/{suffix}{query}", headers=headers).status_code == status


def test_seeds_twice_or_out_of_range_are_422(client, make, keyed):
    org, headers = keyed()
    uid = make.competition(org, status="registration")
    one, two = make.enter(org, uid, [1, 2])
    for lines in ([(one, 1), (two, 1)], [(one, 1), (one, 2)], [(one, 3)], [(one, 0)], [(one, -1)]):
        seeds = [{"registration_id": registration, "seed": seed} for registration, seed in lines]
        answer = client.post(f"{URL}/{uid}/bracket/seed", json={"seeds": seeds}, headers=headers)
        assert answer.status_code == 422, (lines, answer.text)


def test_registrations_cost_as_many_statements_for_many_as_for_few(client, make, keyed, count_sql):
    org, headers = keyed()
    counts = []
    for entrants in (2, 40):
        uid = make.competition(org, status="registration", entrants=entrants)
        calls = [
            ("GET", "/register", None),
            ("GET", "", None),
            ("POST", "/register", {"wallet": A}),
            ("POST", "/check-in", {"wallet": A}),
        ]
        found = []
        for method, suffix, body in calls:
            client.get(f"{URL}/{uid}", headers=headers)  # the key is known then
            with count_sql() as statements:
                answer = client.open(f"{URL}/{uid}{suffix}", method=method, json=body, headers=headers)
            assert answer.status_code < 300, answer.text
            found.append(len(statements))
        counts.append(found)
    assert counts[0] == counts[1]
    assert all(found <= most for found, most in zip(counts[0], (3, 4, 9, 7), strict=True)), counts

"""Competition API, "Organizations": the page's samples, who makes and sees which, what is refused."""

import pytest
from sqlalchemy import select, update

from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.keys.founding import PER_WALLET
from portal.keys.model import ApiKey
from portal.orgs.model import Membership, Organization
from portal.outbox.model import Event
from tests.contracts.pages import same_shape, sample
from tests.make import unique

URL = "/api/v1/organizations"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def founded(client, wallet, **fields):
    answer = client.post(URL, json={"name": unique("League")} | fields, headers=wallet.headers())
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def listed(client, query="", headers=None):
    answer = client.get(URL + query, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json["data"]}


def everything_listed(client, headers=None):
    """Page by page."""
    found, offset = {}, 0
    while page := listed(client, f"?limit=200&offset={offset}", headers):
        found |= page
        offset += 200
    return found


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    assert list(answer.json) == ["ok", "error"]
    for word in words:
        assert word in answer.json["error"], answer.json


class TestSamples:
    def test_create_an_organization_and_find_it(self, client, make):
        wallet = make.wallet()
        asked = sample(f"POST {URL}")
        answer = asked.send(client, wallet.headers())
        assert answer.status_code == asked.status == 201
        same_shape(asked.expected, answer.json)
        made = answer.json["data"]
        assert made["membership"]["wallet"] == wallet.address
        asked = sample(f"GET {URL}").filled({"0x95A4CE3c93...": wallet.address.lower()})
        answer = asked.send(client)
        same_shape(asked.expected, answer.json, free=("member_count", "competition_count"))
        (row,) = answer.json["data"]
        assert (row["id"], row["member_count"], row["competition_count"]) == (made["organization"]["id"], 1, 0)
        asked = sample(f"GET {URL}/[id]").filled({"f47ac10b-...": row["id"]})
        same_shape(asked.expected, asked.send(client).json, free=("member_count", "team_count", "competition_count"))

    def test_change_an_organization(self, client, make):
        made = founded(client, make.wallet(), name="Esports League NA")
        asked = sample(f"PATCH {URL}/[id]").filled(
            {"f47ac10b-...": made["organization"]["id"], "lc_xxxxx": made["api_key"]["key"]}
        )
        answer = asked.send(client)
        assert answer.status_code == 200
        same_shape(asked.expected, answer.json)

    def test_the_samples_about_keys(self, client, make):
        org = make.org()
        key, other = make.key(org, "competition"), make.key(org, "competition")
        values = {
            "f47ac10b-58cc-4372-a567-0e02b2c3d479": org.uid,
            "f47ac10b-...": org.uid,
            "a1b2c3d4-...": make.uid_of_key(other),
        }
        for method in ("POST", "GET", "DELETE"):
            asked = sample(f"{method} /api/v1/auth/api-keys").filled(values | {"lc_existing_key": key, "lc_xxxxx": key})
            answer = asked.send(client)
            assert answer.status_code == asked.status
            same_shape(asked.expected, answer.json, free=("label", "created_by", "last_used_at"))


class TestFounding:
    def test_the_first_key_opens_everything_and_the_wallet_owns(self, client, make):
        wallet = make.wallet()
        made = founded(client, wallet, theme={"dark_mode": True, "primary_color": "#ff6600"})
        uid, key = made["organization"]["id"], made["api_key"]["key"]
        assert made["organization"]["theme"] == {"dark_mode": True, "primary_color": "#ff6600"}
        assert client.get(f"/api/v1/auth/api-keys?org_id={uid}", headers=bearer(key)).status_code == 200
        assert client.get(f"{URL}/{uid}/members", headers=wallet.headers()).status_code == 200
        assert client.patch(f"{URL}/{uid}", json={"description": "Ours"}, headers=wallet.headers()).status_code == 200
        with reading() as connection:
            org_id = connection.scalar(select(Organization.id).where(Organization.uid == uid))
            rows = connection.execute(select(AuditRow.action, AuditRow.actor_kind).where(AuditRow.org_id == org_id))
            kinds = {tuple(row) for row in rows}
            events = set(connection.scalars(select(Event.type).where(Event.org_id == org_id)))
        assert {("organization.created", "wallet"), ("member.added", "wallet"), ("key.issued", "wallet")} <= set(
            map(tuple, kinds)
        )
        assert {"organization.created", "member.added", "key.issued", "organization.updated"} <= events

    def test_a_wallet_makes_ten_a_day(self, client, make):
        wallet = make.wallet()
        for _ in range(PER_WALLET):
            founded(client, wallet)
        refused(client.post(URL, json={"name": "One more"}, headers=wallet.headers()), 409, "24 hours")
        with unit_of_work() as session:
            mine = update(Organization).where(Organization.founder == wallet.address.lower())
            session.execute(mine.values(created_at=utc_now().replace(year=2020)))
        founded(client, wallet)

    def test_a_key_makes_an_agent_below_its_operator(self, client, make):
        org = make.org()
        key = make.key(org, "competition", scopes=["organizations:write"], allowed_addresses="127.0.0.0/8")
        answer = client.post(URL, json={"name": unique("Agent")}, headers=bearer(key))
        assert answer.status_code == 201
        made = answer.json["data"]
        assert (made["membership"]["wallet"], made["membership"]["role"]) == (None, "owner")
        with unit_of_work() as session:
            agent = session.scalar(select(Organization).where(Organization.uid == made["organization"]["id"]))
            assert (agent.parent_id, agent.level, agent.founder) == (org.id, "agent", None)
            owner = session.scalar(select(Membership).where(Membership.uid == made["membership"]["id"]))
            assert (owner.org_id, owner.user_id) == (org.id, org.alice.id), "nobody issued the key: the operator's owner answers"
            first = session.scalar(select(ApiKey).where(ApiKey.uid == made["api_key"]["id"]))
            assert first.org_id == agent.id and first.allowed_addresses == "127.0.0.0/8"
        below = make.key(org, "competition")
        assert made["organization"]["id"] in listed(client, headers=bearer(below))

    def test_the_person_who_issued_the_key_owns_the_agent_while_a_member(self, client, make):
        org = make.org()
        key = make.key(org, "competition")
        dana = make.member(org, "admin")
        mine = update(ApiKey).where(ApiKey.uid == make.uid_of_key(key))
        with unit_of_work() as session:
            session.execute(mine.values(created_by_id=dana.uid))
        made = client.post(URL, json={"name": unique("Agent")}, headers=bearer(key)).json["data"]
        with unit_of_work() as session:
            owner = session.scalar(select(Membership).where(Membership.uid == made["membership"]["id"]))
            agent = session.scalar(select(Organization.id).where(Organization.uid == made["organization"]["id"]))
            assert (owner.org_id, owner.user_id, owner.role) == (agent, dana.id, "owner")
            session.execute(mine.values(created_by_id=org.charlie.uid))
        made = client.post(URL, json={"name": unique("Agent")}, headers=bearer(key)).json["data"]
        with unit_of_work() as session:
            owner = session.scalar(select(Membership).where(Membership.uid == made["membership"]["id"]))
            assert owner.user_id == org.alice.id, "charlie has nothing to do with the operator"

    def test_a_key_of_an_agent_makes_none(self, client, make):
        agent = make.org(parent=make.org())
        answer = client.post(URL, json={"name": "Below below"}, headers=bearer(make.key(agent, "competition")))
        refused(answer, 409, "agent")

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"name": "x"}, "name"),
            ({"name": "  x  "}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "two\nlines"}, "name"),
            ({"name": None}, "name"),
            ({"website": "javascript:alert(1)"}, "website"),
            ({"website": "esportsna.gg"}, "website"),
            ({"website": "https://user:pw@esportsna.gg"}, "website"),
            ({"logo_url": "https://x.gg/" + "a" * 500}, "logo_url"),
            ({"logo_url": "https:///nohost"}, "logo_url"),
            ({"theme": {"primary_color": "red"}}, "theme.primary_color"),
            ({"theme": {"primary_color": "#ff660"}}, "theme.primary_color"),
            ({"theme": {"font": "Comic"}}, "theme.font"),
            ({"theme": {"dark_mode": "yes"}}, "theme.dark_mode"),
            ({"theme": "dark"}, "theme"),
            ({"slug": "mine"}, "slug"),
        ],
    )
    def test_a_bad_field_is_refused_by_name_and_leaves_nothing(self, client, make, fields, word):
        wallet, org = make.wallet(), make.org()
        refused(client.post(URL, json={"name": unique("League")} | fields, headers=wallet.headers()), 400, word)
        answer = client.patch(f"{URL}/{org.uid}", json=fields, headers=bearer(make.key(org, "competition")))
        refused(answer, 400, word)
        assert listed(client, f"?wallet={wallet.address}") == {}


class TestReading:
    def test_nobody_sees_a_list_of_all_tenants(self, client, make):
        quiet, shown, hidden = make.org(), make.org(), make.org()
        make.competition(shown)
        make.competition(hidden, visibility="private")
        found = everything_listed(client)
        assert shown.uid in found and not {quiet.uid, hidden.uid} & found.keys()

    def test_a_key_sees_its_own_and_those_below_and_counts_what_it_may_see(self, client, make):
        org = make.org()
        agent, other = make.org(parent=org), make.org()
        make.competition(other)
        make.competition(org, visibility="private")
        make.wallet(org, "admin")
        rows = listed(client, headers=bearer(make.key(org, "competition")))
        assert set(rows) == {org.uid, agent.uid}
        assert (rows[org.uid]["member_count"], rows[org.uid]["competition_count"]) == (3, 1)
        assert client.get(f"{URL}/{org.uid}").json["data"]["competition_count"] == 0

    def test_a_key_without_the_scope_sees_what_everybody_sees(self, client, make):
        org, shown = make.org(), make.org()
        make.competition(org, visibility="private")
        make.competition(shown)
        narrow = bearer(make.key(org, "competition", scopes=["teams:read"]))
        assert client.get(f"{URL}/{org.uid}", headers=narrow).json["data"]["competition_count"] == 0
        found = everything_listed(client, narrow)
        assert shown.uid in found and org.uid not in found

    def test_a_wallet_sees_its_own_and_those_below(self, client, make):
        org = make.org()
        agent, wallet = make.org(parent=org), make.wallet(org)
        assert set(listed(client, headers=wallet.headers())) == {org.uid, agent.uid}
        assert set(listed(client, f"?wallet={wallet.address}")) == {org.uid}

    def test_what_is_switched_off_or_unknown_is_not_there(self, client, make):
        org = make.org(disabled_at=utc_now())
        for uid in (org.uid, "00000000-0000-4000-8000-000000000000", "nonsense", "%00"):
            refused(client.get(f"{URL}/{uid}"), 404, "Organization not found.")
        wallet = make.wallet(org, "owner")
        assert listed(client, f"?wallet={wallet.address}") == {}
        refused(client.patch(f"{URL}/{org.uid}", json={"name": "Back"}, headers=wallet.headers()), 403, "switched off")

    @pytest.mark.parametrize("query", ["?wallet=0xabc", "?limit=0", "?limit=201", "?offset=-1", "?limit=x", "?limit=1&limit=2"])
    def test_a_bad_query_is_refused_by_name(self, client, query):
        refused(client.get(URL + query), 400, query[1:].partition("=")[0])

    def test_a_list_takes_as_many_statements_whatever_its_length(self, client, make, count_sql):
        org = make.org()
        headers = bearer(make.key(org, "competition"))
        counts = []
        for _ in range(2):
            listed(client, headers=headers)
            with count_sql() as statements:
                listed(client, headers=headers)
            counts.append(len(statements))
            for _ in range(3):
                make.org(parent=org)
        assert counts[0] == counts[1] <= 2


class TestChanging:
    def test_only_what_is_sent_changes_and_null_clears(self, client, make):
        org = make.org(website="https://old.gg", description="Old")
        headers = bearer(make.key(org, "competition"))
        answer = client.patch(f"{URL}/{org.uid}", json={"website": None}, headers=headers)
        assert list(answer.json["data"]) == ["id", "name", "website", "updated_at"]
        assert answer.json["data"]["website"] is None
        shown = client.get(f"{URL}/{org.uid}").json["data"]
        assert (shown["description"], shown["website"]) == ("Old", None)

    def test_an_empty_change_tells_nothing(self, client, make):
        org = make.org()
        answer = client.patch(f"{URL}/{org.uid}", json={}, headers=bearer(make.key(org, "competition")))
        assert list(answer.json["data"]) == ["id", "name", "updated_at"]
        with reading() as connection:
            assert "organization.updated" not in set(connection.scalars(select(Event.type).where(Event.org_id == org.id)))

    def test_the_theme_is_answered_in_the_order_of_the_page(self, client, make):
        org = make.org()
        theme = {"dark_mode": False, "primary_color": "#ABCDEF", "accent_color": "#000000"}
        answer = client.patch(f"{URL}/{org.uid}", json={"theme": theme}, headers=bearer(make.key(org, "competition")))
        for shown in (answer.json["data"]["theme"], client.get(f"{URL}/{org.uid}").json["data"]["theme"]):
            assert shown == theme and list(shown) == ["primary_color", "accent_color", "dark_mode"]


class TestKeysByWallet:
    def test_an_owner_grants_everything_an_admin_less(self, client, make):
        org = make.org()
        owner, admin, member = (make.wallet(org, role) for role in ("owner", "admin", "member"))
        for wallet, managing in ((owner, True), (admin, False)):
            answer = client.post("/api/v1/auth/api-keys", json={"org_id": org.uid}, headers=wallet.headers())
            assert answer.status_code == 201
            with unit_of_work() as session:
                key = session.scalar(select(ApiKey).where(ApiKey.uid == answer.json["data"]["id"]))
                assert ("keys:manage" in key.scopes, "competitions:write" in key.scopes) == (managing, True)
                assert key.created_by == wallet.address
        asked = {"org_id": org.uid, "scopes": ["keys:manage"]}
        refused(client.post("/api/v1/auth/api-keys", json=asked, headers=admin.headers()), 403, "keys:manage")
        refused(client.post("/api/v1/auth/api-keys", json={"org_id": org.uid}, headers=member.headers()), 403, "admin")

    def test_a_stranger_cannot_tell_a_key_that_is_there(self, client, make):
        org = make.org()
        uid = make.uid_of_key(make.key(org, "competition"))
        stranger = make.wallet(make.org(), "owner")
        for asked in (uid, "00000000-0000-4000-8000-000000000000"):
            refused(client.delete(f"/api/v1/auth/api-keys?id={asked}", headers=stranger.headers()), 404, "Key not found.")
        assert client.delete(f"/api/v1/auth/api-keys?id={uid}", headers=make.wallet(org, "admin").headers()).status_code == 200

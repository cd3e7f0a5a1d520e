"""Competition API, the members of an organization: the page's samples, roles and limits, and the last owner."""

import threading

import pytest
from sqlalchemy import delete, select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.db import db, reading, unit_of_work
from portal.kernel.errors import Conflict
from portal.orgs import wallet_service
from portal.orgs.model import Membership, Organization
from portal.orgs.wallets import WalletMember
from portal.outbox.model import Event
from tests.contracts.pages import same_shape, sample
from tests.make import unique

URL = "/api/v1/organizations"
PAGE = f"{URL}/[id]/members"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text
    for word in words:
        assert word in answer.json["error"], answer.json


@pytest.fixture
def put(client):
    """Put a member, as whoever the headers say."""

    def of(org, headers, **body):
        return client.post(f"{URL}/{org.uid}/members", json={"role": "member"} | body, headers=headers)

    return of


def only_wallets(org) -> None:
    """Take the people out, so that wallets alone own the organization."""
    with unit_of_work() as session:
        session.execute(delete(Membership).where(Membership.org_id == org.id))


def uids(org) -> dict[str, str]:
    """Wallet in lower case -> uid."""
    with unit_of_work() as session:
        return {row.wallet_key: row.uid for row in session.scalars(select(WalletMember).where(WalletMember.org_id == org.id))}


def test_the_samples_of_the_page(client, make):
    org, wallet = make.org(), make.wallet()
    key = make.key(org, "competition")
    only_wallets(org)
    owner = make.wallet(org, "owner")
    values = {"f47ac10b-...": org.uid, "lc_xxxxx": key, "0x1234567890abcdef...": wallet.address}
    asked = sample(f"POST {PAGE}").filled(values)
    answer = asked.send(client)
    assert answer.status_code == asked.status == 201
    same_shape(asked.expected, answer.json)
    asked = sample(f"GET {PAGE}").filled(values)
    listed = asked.send(client)
    same_shape(asked.expected, listed.json, free=("email",))
    assert [row["wallet"] for row in listed.json["data"]] == [owner.address, wallet.address]
    asked = sample(f"DELETE {PAGE}/[uid]").filled(values | {"d4e5f6a7-...": answer.json["data"]["id"]})
    same_shape(asked.expected, asked.send(client).json)
    refused(asked.send(client), 404, "Member not found.")


def test_the_same_wallet_in_another_spelling_is_the_same_member(client, make, put):
    org, wallet = make.org(), make.wallet()
    headers = bearer(make.key(org, "competition"))
    first = put(org, headers, wallet=wallet.address, email="a@example.com").json["data"]
    again = put(org, headers, wallet=wallet.address.lower(), role="admin")
    assert again.status_code == 201
    again = again.json["data"]
    assert (again["id"], again["role"], again["email"]) == (first["id"], "admin", "a@example.com")
    assert again["wallet"] == wallet.address
    with reading() as connection:
        rows = connection.execute(select(AuditRow.action).where(AuditRow.subject_id == first["id"]).order_by(AuditRow.id))
        events = connection.scalars(select(Event.type).where(Event.subject == first["id"]).order_by(Event.id))
        assert [row[0] for row in rows] == ["member.added", "member.changed"]
        assert list(events) == ["member.added", "member.updated"]


def test_a_person_is_added_by_e_mail_and_gets_a_link_once(client, make, put):
    org, email = make.org(), f"{unique('dana')}@example.com"
    headers = bearer(make.key(org, "competition"))
    made = put(org, headers, email=email)
    assert made.status_code == 201
    assert (made.json["data"]["wallet"], made.json["data"]["email"]) == (None, email)
    link = made.json["data"]["password_link"]
    assert client.get(link.removeprefix("http://localhost")).status_code == 200
    again = put(org, headers, email=email.upper(), role="admin").json["data"]
    assert (again["id"], again["role"]) == (made.json["data"]["id"], "admin") and "password_link" not in again
    listed = client.get(f"{URL}/{org.uid}/members", headers=headers).json["data"]
    assert [row["email"] for row in listed] == [org.alice.email, org.bob.email, email]
    assert client.delete(f"{URL}/{org.uid}/members/{again['id']}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "wallet"),
        ({"wallet": "0xabc"}, "wallet"),
        ({"wallet": "0x" + "g" * 40}, "wallet"),
        ({"wallet": "0x95A4CE3c93dAad4a2fFf0fFeE4b1c5B3bA9A2d01"}, "wallet"),  # mixed case without its checksum
        ({"wallet": "0x" + "a" * 40, "role": "king"}, "role"),
        ({"wallet": "0x" + "a" * 40, "email": "nobody"}, "email"),
        ({"wallet": "0x" + "a" * 40, "email": "a" * 250 + "@x.gg"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a\u0007@example.com"}, "email"),
        ({"wallet": "0x" + "a" * 40, "name": "Dana"}, "name"),
        ({"wallet": 5}, "wallet"),
    ],
)
def test_a_bad_member_is_refused_by_name(make, put, body, word):
    org = make.org()
    refused(put(org, bearer(make.key(org, "competition")), **body), 400, word)


class TestRoles:
    def test_nobody_gives_or_touches_a_role_above_their_own(self, client, make, put):
        org = make.org()
        owner, admin, other = make.wallet(org, "owner"), make.wallet(org, "admin"), make.wallet()
        refused(put(org, admin.headers(), wallet=other.address, role="owner"), 403, "owner")
        refused(put(org, admin.headers(), wallet=owner.address, role="member"), 403, "owner")
        of = uids(org)
        refused(client.delete(f"{URL}/{org.uid}/members/{of[owner.address.lower()]}", headers=admin.headers()), 403, "owner")
        assert put(org, owner.headers(), wallet=other.address, role="owner").status_code == 201

    def test_a_key_without_key_management_makes_no_owner(self, make, put):
        """An owner's wallet could issue keys that do more than this key may."""
        org, wallet = make.org(), make.wallet()
        narrow = bearer(make.key(org, "competition", scopes=["members:write"]))
        refused(put(org, narrow, wallet=wallet.address, role="owner"), 403, "owner")
        assert put(org, narrow, wallet=wallet.address, role="admin").status_code == 201

    def test_a_removed_wallet_is_out_with_its_next_call(self, client, make):
        org, wallet = make.org(), None
        owner, wallet = make.wallet(org, "owner"), make.wallet(org, "admin")
        assert client.get(f"{URL}/{org.uid}/members", headers=wallet.headers()).status_code == 200
        uid = uids(org)[wallet.address.lower()]
        assert client.delete(f"{URL}/{org.uid}/members/{uid}", headers=owner.headers()).status_code == 200
        refused(client.get(f"{URL}/{org.uid}/members", headers=wallet.headers()), 403, "no member")

    def test_a_role_in_an_operator_holds_in_its_agents(self, client, make):
        operator = make.org()
        agent = make.org(parent=operator)
        above, below = make.wallet(operator, "admin"), make.wallet(agent, "admin")
        assert client.get(f"{URL}/{agent.uid}/members", headers=above.headers()).status_code == 200
        refused(client.get(f"{URL}/{operator.uid}/members", headers=below.headers()), 403)


class TestLastOwner:
    def test_people_and_wallets_are_counted_together(self, client, make, put):
        org = make.org()
        owner, headers = make.wallet(org, "owner"), bearer(make.key(org, "competition"))
        rows = client.get(f"{URL}/{org.uid}/members", headers=headers).json["data"]
        alice = next(row["id"] for row in rows if row["email"] == org.alice.email)
        assert client.delete(f"{URL}/{org.uid}/members/{alice}", headers=headers).status_code == 200
        uid = uids(org)[owner.address.lower()]
        refused(client.delete(f"{URL}/{org.uid}/members/{uid}", headers=headers), 409, "last owner")
        refused(put(org, headers, wallet=owner.address, role="admin"), 409, "last owner")
        assert put(org, headers, wallet=make.wallet().address, role="owner").status_code == 201
        assert client.delete(f"{URL}/{org.uid}/members/{uid}", headers=headers).status_code == 200

    def test_two_owners_who_remove_each_other_leave_one(self, app, make):
        """The naive way, reading before the lock is held, leaves nobody."""
        org = make.org()
        make.wallet(org, "owner"), make.wallet(org, "owner")
        only_wallets(org)
        outcomes = race(app, [lambda uid=uid: removed(org, uid) for uid in uids(org).values()])
        assert sorted(outcomes) == ["kept", "removed"]
        assert len(uids(org)) == 1

    def test_the_naive_twin_leaves_no_owner(self, app, make):
        org = make.org()
        make.wallet(org, "owner"), make.wallet(org, "owner")
        only_wallets(org)
        both = threading.Barrier(2)
        race(app, [lambda uid=uid: naively_removed(org, uid, both) for uid in uids(org).values()])
        assert uids(org) == {}


def removed(org, uid: str) -> str:
    with unit_of_work() as session:
        place = session.get_one(Organization, org.id)
        try:
            wallet_service.remove_either(session, place, uid, SYSTEM, "owner")
        except Conflict:
            return "kept"
    return "removed"


def naively_removed(org, uid: str, both: threading.Barrier) -> str:
    """Count in one transaction, delete in the next."""
    with reading() as connection:
        others = select(WalletMember.id).where(WalletMember.org_id == org.id, WalletMember.uid != uid)
        alone = connection.execute(others.where(WalletMember.role == "owner")).first() is None
    both.wait(10)
    if alone:
        return "kept"
    with unit_of_work() as session:
        session.execute(delete(WalletMember).where(WalletMember.uid == uid))
    return "removed"


def race(app, calls) -> list[str]:
    """What the calls return, each in a thread and an application context of its own, let go together."""
    start, outcomes = threading.Barrier(len(calls)), []

    def run(one) -> None:
        with app.app_context():
            start.wait(10)
            outcomes.append(one())
            db.session.remove()

    threads = [threading.Thread(target=run, args=(one,)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_the_list_takes_as_many_statements_whatever_its_length(client, make, count_sql):
    org = make.org()
    headers = bearer(make.key(org, "competition"))
    counts = []
    for _ in range(2):
        with count_sql() as statements:
            assert client.get(f"{URL}/{org.uid}/members", headers=headers).status_code == 200
        counts.append(len(statements))
        for _ in range(3):
            make.wallet(org)
    assert counts[1] <= counts[0] <= 5


def test_a_member_is_put_with_as_many_statements_whatever_the_number_of_members(make, put, count_sql):
    org = make.org()
    headers, counts = bearer(make.key(org, "competition")), []
    put(org, headers, wallet=make.wallet().address)  # the key is remembered from now on
    for _ in range(2):
        with count_sql() as statements:
            assert put(org, headers, wallet=make.wallet().address).status_code == 201
        counts.append(len(statements))
        for _ in range(4):
            make.wallet(org)
    assert counts[1] <= counts[0] <= 8, counts

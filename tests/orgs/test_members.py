"""Members, their roles, the links of those who are new, and the agents below."""

import re
import threading

import pytest
from sqlalchemy import func, select, update

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Conflict
from portal.orgs import service
from portal.orgs.model import Membership, Organization, PasswordLink, User
from portal.orgs.password_links import LIFE
from tests.make import PASSWORD, csrf_of, post, unique


def uid_of(org, person) -> str:
    query = select(Membership.uid).where(Membership.org_id == org.id, Membership.user_id == person.id)
    with unit_of_work() as work:
        return work.scalar(query)


def roles_of(org) -> list[str]:
    with unit_of_work() as work:
        return sorted(work.scalars(select(Membership.role).where(Membership.org_id == org.id)))


def invite(client, org, email, role="member", name=""):
    """The answer, and the link in it if there is one."""
    answer = post(client, f"/o/{org.slug}/members/new", {"email": email, "name": name, "role": role})
    found = re.search(r"http://localhost(/join/[\w-]+)", answer.text)
    return answer, found[1] if found else None


def join(app, link, password=PASSWORD, name="New Person"):
    client = app.test_client()
    return client, client.post(link, data={"name": name, "password": password, **csrf_of(client, link)})


def test_somebody_with_an_account_joins_at_once(make):
    org = make.org()
    charlie = make.signed_in(org.charlie)
    assert charlie.get(f"/o/{org.slug}/").status_code == 404
    answer, link = invite(make.signed_in(org.alice), org, org.charlie.email)
    assert (answer.status_code, link) == (303, None)
    assert charlie.get(f"/o/{org.slug}/").status_code == 200


def test_somebody_new_sets_a_password_once_and_is_in(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    answer, link = invite(make.signed_in(org.alice), org, email)
    assert answer.status_code == 200
    assert answer.text.count(link) == 2  # shown, and on the copy button
    assert answer.headers["Cache-Control"] == "no-store"
    for _ in range(3):
        page = app.test_client().get(link)  # looking uses nothing up
        assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    client, joined = join(app, link)
    assert joined.headers["Location"] == "/"
    assert client.get(f"/o/{org.slug}/").status_code == 200
    assert client.get(f"/o/{org.slug}/members/new").status_code == 403
    assert app.test_client().get(link).status_code == 410
    assert join(app, link)[1].status_code in (403, 410)


def test_the_link_is_kept_as_a_digest_only(make, session):
    org, email = make.org(), f"{unique('new')}@example.com"
    _, link = invite(make.signed_in(org.alice), org, email)
    token = link.removeprefix("/join/")
    rows = session.scalars(select(AuditRow).where(AuditRow.org_id == org.id)).all()
    assert token not in "".join(f"{row.before}{row.after}{row.subject_label}" for row in rows)
    assert session.scalar(select(func.count()).select_from(PasswordLink).where(PasswordLink.digest == token.encode())) == 0


def test_a_link_used_by_eight_at_once_lets_one_in(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    _, link = invite(make.signed_in(org.alice), org, email)
    clients = [app.test_client() for _ in range(8)]
    tokens = [csrf_of(client, link) for client in clients]
    start, answers = threading.Barrier(8), []

    def go(number):
        start.wait()
        data = {"name": "N", "password": f"{PASSWORD} {number}", **tokens[number]}
        answers.append(clients[number].post(link, data=data).status_code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303] + [410] * 7


def test_a_link_ends_after_72_hours_and_can_be_renewed(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    alice = make.signed_in(org.alice)
    _, old = invite(alice, org, email)
    with unit_of_work() as work:
        user_id = work.scalar(select(User.id).where(User.email == email))
        member = work.scalar(select(Membership.uid).where(Membership.user_id == user_id))
        late = utc_now() - LIFE["first"]
        moved = update(PasswordLink).where(PasswordLink.user_id == user_id)
        work.execute(moved.values(expires_at=late))
    assert app.test_client().get(old).status_code == 410
    answer = post(alice, f"/o/{org.slug}/members/{member}/link")
    new = re.search(r"/join/[\w-]+", answer.text)[0]
    assert app.test_client().get(old).status_code == 410
    assert join(app, new)[1].status_code == 303
    refused = post(alice, f"/o/{org.slug}/members/{member}/link")
    assert (refused.status_code, "has set a password already" in refused.text) == (422, True)


def test_nobody_takes_over_an_account_that_another_organization_has_invited(make):
    one, two, email = make.org(), make.org(), f"{unique('new')}@example.com"
    invite(make.signed_in(one.alice), one, email)
    answer, link = invite(make.signed_in(two.alice), two, email)
    assert (answer.status_code, link) == (422, None)
    assert "has not used the link of another organization yet" in answer.text


def test_a_link_dies_with_the_membership_and_lives_again_with_it(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    alice = make.signed_in(org.alice)
    _, old = invite(alice, org, email)
    with unit_of_work() as work:
        member = work.scalar(select(Membership.uid).join(User).where(User.email == email))
    assert post(alice, f"/o/{org.slug}/members/{member}/remove").status_code == 303
    assert app.test_client().get(old).status_code == 410
    _, new = invite(alice, org, email)
    assert join(app, new)[1].status_code == 303


def test_a_removed_member_is_out_at_once(make):
    org = make.org()
    bob = make.signed_in(org.bob)
    assert bob.get(f"/o/{org.slug}/").status_code == 200
    assert post(make.signed_in(org.alice), f"/o/{org.slug}/members/{uid_of(org, org.bob)}/remove").status_code == 303
    assert bob.get(f"/o/{org.slug}/").headers["Location"].startswith("/sign-in")
    again = make.signed_in(org.bob)
    assert again.get(f"/o/{org.slug}/").status_code == 404


def test_a_lower_role_counts_from_the_next_request(make):
    org = make.org()
    carol = make.member(org, "admin")
    client = make.signed_in(carol)
    assert client.get(f"/o/{org.slug}/audit").status_code == 200
    post(make.signed_in(org.alice), f"/o/{org.slug}/members/{uid_of(org, carol)}/role", {"role": "member"})
    assert client.get(f"/o/{org.slug}/audit").status_code == 403


def test_nobody_grants_above_their_own_role(make):
    org = make.org()
    admin = make.signed_in(make.member(org, "admin"))
    answer, _ = invite(admin, org, org.charlie.email, "owner")
    assert (answer.status_code, "Only an owner can do this" in answer.text) == (422, True)
    base = f"/o/{org.slug}/members"
    assert post(admin, f"{base}/{uid_of(org, org.bob)}/role", {"role": "owner"}).status_code == 422
    assert post(admin, f"{base}/{uid_of(org, org.alice)}/role", {"role": "member"}).status_code == 422
    assert post(admin, f"{base}/{uid_of(org, org.alice)}/remove").status_code == 403
    assert roles_of(org) == ["admin", "member", "owner"]


def test_the_last_owner_stays(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    base = f"/o/{org.slug}/members/{uid_of(org, org.alice)}"
    removed = post(alice, f"{base}/remove")
    assert (removed.status_code, "This is the last owner." in removed.text) == (409, True)
    lowered = post(alice, f"{base}/role", {"role": "admin"})
    assert (lowered.status_code, "This is the last owner." in lowered.text) == (422, True)
    assert roles_of(org) == ["member", "owner"]


@pytest.mark.parametrize("act", ["remove", "lower", "mixed"])
def test_two_owners_who_end_each_other_at_once_leave_one(app, make, act):
    for _ in range(5):
        org = make.org()
        dora = make.member(org, "owner")
        uids = [uid_of(org, org.alice), uid_of(org, dora)]
        start, outcomes = threading.Barrier(2), []

        def go(uid, remove, org=org, start=start, outcomes=outcomes):
            start.wait()
            try:
                with app.app_context(), unit_of_work() as work:
                    place = work.get_one(Organization, org.id)
                    if remove:
                        service.remove_member(work, place, uid, SYSTEM, granting="owner")
                    else:
                        service.change_role(work, place, uid, "member", SYSTEM, granting="owner")
                outcomes.append("done")
            except Conflict:
                outcomes.append("refused")

        ways = {"remove": (True, True), "lower": (False, False), "mixed": (True, False)}[act]
        threads = [threading.Thread(target=go, args=pair) for pair in zip(uids, ways, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["done", "refused"]
        assert roles_of(org).count("owner") == 1


@pytest.mark.parametrize(
    "data, says",
    [
        ({"email": "nobody", "role": "member"}, "This is not an e-mail address"),
        ({"email": "", "role": "member"}, "Write their e-mail address."),
        ({"email": "x@example.com", "role": "king"}, "king is not a role. Choose owner, admin or member."),
        ({"email": "x@example.com", "role": "member", "org_id": "1"}, "has no field `org_id`"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, data, says):
    org = make.org()
    answer = post(make.signed_in(org.alice), f"/o/{org.slug}/members/new", data)
    assert answer.status_code == 422
    assert says in answer.text
    assert roles_of(org) == ["member", "owner"]


def test_a_member_twice_is_refused_in_words(make):
    org = make.org()
    answer, _ = invite(make.signed_in(org.alice), org, org.bob.email)
    assert (answer.status_code, "is a member already" in answer.text) == (422, True)


def test_a_member_of_one_organization_is_not_there_in_another(make):
    one, two = make.org(), make.org()
    alice = make.signed_in(two.alice)
    for path in ("role", "remove", "link"):
        assert post(alice, f"/o/{two.slug}/members/{uid_of(one, one.bob)}/{path}", {"role": "admin"}).status_code == 404
    assert roles_of(one) == ["member", "owner"]


def test_every_change_of_a_member_is_written_down(make, session):
    org = make.org()
    alice = make.signed_in(org.alice)
    invite(alice, org, org.charlie.email)
    post(alice, f"/o/{org.slug}/members/{uid_of(org, org.charlie)}/role", {"role": "admin"})
    post(alice, f"/o/{org.slug}/members/{uid_of(org, org.charlie)}/remove")
    rows = session.scalars(
        select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.actor_id == org.alice.uid).order_by(AuditRow.id)
    ).all()
    assert [(row.action, row.before, row.after, row.address) for row in rows] == [
        ("member.added", None, {"role": "member"}, "127.0.0.1"),
        ("member.changed", {"role": "member"}, {"role": "admin"}, "127.0.0.1"),
        ("member.removed", {"role": "admin"}, None, "127.0.0.1"),
    ]
    assert {row.subject_label for row in rows} == {org.charlie.email}


def test_whoever_leaves_is_told_and_sent_away(make):
    org = make.org()
    dora = make.member(org, "owner")
    client = make.signed_in(dora)
    assert post(client, f"/o/{org.slug}/members/{uid_of(org, dora)}/remove").headers["Location"] == "/"


def test_an_operator_reaches_its_agents_and_an_agent_knows_of_nobody_else(make):
    operator = make.org("Operator")
    north, south = make.org("North", parent=operator), make.org("South", parent=operator)
    above, below = make.signed_in(operator.alice), make.signed_in(north.alice)
    assert above.get(f"/o/{north.slug}/settings").status_code == 200
    assert above.get(f"/o/{north.slug}/members/new").status_code == 200
    assert make.signed_in(operator.bob).get(f"/o/{north.slug}/members/new").status_code == 403
    for stranger in (operator, south):
        assert below.get(f"/o/{stranger.slug}/").status_code == 404
    pages = [below.get(f"/o/{north.slug}/{page}").text for page in ("", "settings", "members", "audit")]
    assert not [text for text in [*pages, below.get("/organizations").text] if operator.name in text or south.name in text]
    assert operator.name in above.get(f"/o/{north.slug}/members").text


def test_an_agent_is_created_with_its_own_currency_and_has_none_below(make):
    operator = make.org()
    alice, name = make.signed_in(operator.alice), unique("Agent")
    assert post(alice, f"/o/{operator.slug}/agents/new", {"name": name, "currency": "SEK"}).status_code == 303
    agent = db.session.scalars(select(Organization).where(Organization.name == name)).one()
    assert (agent.parent_id, agent.level, agent.currency, agent.is_sandbox) == (operator.id, "agent", "SEK", False)
    assert name in alice.get(f"/o/{operator.slug}/agents").text
    assert alice.get(f"/o/{agent.slug}/agents").status_code == 404
    assert post(alice, f"/o/{agent.slug}/agents/new", {"name": "Below", "currency": "SEK"}).status_code == 404


@pytest.mark.parametrize(
    "data", [{"name": "", "currency": "EUR"}, {"name": "x", "currency": "EUR"}, {"name": "Fine", "currency": "ZZZ"}]
)
def test_an_agent_that_does_not_fit_is_refused(make, data):
    org = make.org()
    assert post(make.signed_in(org.alice), f"/o/{org.slug}/agents/new", data).status_code == 422


def test_wallets_are_listed_below_the_people_and_may_be_removed(make):
    org = make.org()
    alice, bob = make.signed_in(org.alice), make.signed_in(org.bob)
    assert "Wallets" not in alice.get(f"/o/{org.slug}/members").text
    owner, wallet = make.wallet(org, "owner"), make.wallet(org)
    page = alice.get(f"/o/{org.slug}/members").text
    assert owner.address in page and wallet.address in page
    link = re.search(rf"/o/{org.slug}/members/wallets/[0-9a-f-]+/remove(?=[^/]*{wallet.address})", page)[0]
    assert wallet.address in bob.get(f"/o/{org.slug}/members").text
    assert "/wallets/" not in bob.get(f"/o/{org.slug}/members").text
    assert post(alice, link).status_code == 303
    assert f"{wallet.address} was removed." in alice.get(f"/o/{org.slug}/members").text
    page = alice.get(f"/o/{org.slug}/members").text
    assert owner.address in page and wallet.address not in page
    assert post(alice, link).status_code == 404


def test_the_last_person_may_leave_while_a_wallet_owns(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    url = f"/o/{org.slug}/members/{uid_of(org, org.alice)}/remove"
    assert post(alice, url).status_code == 409
    make.wallet(org, "owner")
    assert post(alice, url).status_code == 303
    assert roles_of(org) == ["member"]

"""Forgotten passwords: who may make the link, what it opens, and when it is dead."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.orgs import service
from portal.orgs.invitations import is_waiting
from portal.orgs.model import Membership, Organization, PasswordLink, User
from portal.orgs.password_links import LIFE
from tests.make import PASSWORD, csrf_of, post, unique

NEW = "quite another battery"


def uid_of(org, person) -> str:
    with unit_of_work() as work:
        return work.scalar(select(Membership.uid).where(Membership.org_id == org.id, Membership.user_id == person.id))


def ask(client, org, person):
    """The answer to an admin who asks for a link, and the link in it if there is one."""
    answer = post(client, f"/o/{org.slug}/members/{uid_of(org, person)}/reset")
    found = re.search(r"http://localhost(/reset/[\w-]+)", answer.text)
    return answer, found[1] if found else None


def choose(app, link, password=NEW):
    """A browser that sends the form behind `link`, and the answer."""
    client = app.test_client()
    return client, client.post(link, data={"password": password, **csrf_of(client, link)})


def enters(app, person, password) -> bool:
    client = app.test_client()
    data = {"email": person.email, "password": password, **csrf_of(client, "/sign-in")}
    return client.post("/sign-in", data=data).status_code == 303


def join(org, person, role) -> None:
    with unit_of_work() as work:
        user = work.get_one(User, person.id)
        service.add_member(work, work.get_one(Organization, org.id), user, role, SYSTEM, granting="owner")


def set_role(org, person, role) -> None:
    uid = uid_of(org, person)
    with unit_of_work() as work:
        service.change_role(work, work.get_one(Organization, org.id), uid, role, SYSTEM, granting="owner")


def test_a_member_sets_a_new_password_once_and_every_other_browser_is_out(app, make):
    org = make.org()
    before = make.signed_in(org.bob)
    answer, link = ask(make.signed_in(org.alice), org, org.bob)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.text.count(link) == 2  # shown, and on the copy button
    for _ in range(3):
        page = app.test_client().get(link)  # looking uses nothing up
        assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert before.get(f"/o/{org.slug}/").status_code == 200
    client, chosen = choose(app, link)
    assert chosen.headers["Location"] == "/"
    assert client.get(f"/o/{org.slug}/").status_code == 200
    assert before.get(f"/o/{org.slug}/").headers["Location"].startswith("/sign-in")
    assert (enters(app, org.bob, PASSWORD), enters(app, org.bob, NEW)) == (False, True)


def test_a_link_that_was_used_is_dead(app, make):
    org = make.org()
    _, link = ask(make.signed_in(org.alice), org, org.bob)
    late = app.test_client()
    token = csrf_of(late, link)
    assert choose(app, link)[1].status_code == 303
    assert app.test_client().get(link).status_code == 410
    assert late.post(link, data={"password": "a third one of mine", **token}).status_code == 410
    assert enters(app, org.bob, NEW)


def test_a_link_ends_after_two_hours_and_a_newer_one_replaces_it(app, make):
    org = make.org()
    alice = make.signed_in(org.alice)
    _, old = ask(alice, org, org.bob)
    _, new = ask(alice, org, org.bob)
    assert (app.test_client().get(old).status_code, app.test_client().get(new).status_code) == (410, 200)
    with unit_of_work() as work:
        link = work.scalars(select(PasswordLink).where(PasswordLink.user_id == org.bob.id)).one()
        assert link.expires_at - link.created_at == LIFE["reset"] == timedelta(hours=2)
        link.expires_at = utc_now()
    assert app.test_client().get(new).status_code == 410
    assert choose(app, new)[1].status_code in (403, 410)
    assert enters(app, org.bob, PASSWORD)


def test_a_password_that_does_not_fit_leaves_the_link_good(app, make):
    org = make.org()
    _, link = ask(make.signed_in(org.alice), org, org.bob)
    _, refused = choose(app, link, "short")
    assert (refused.status_code, "Use 12 to 200." in refused.text) == (422, True)
    assert choose(app, link)[1].status_code == 303


def test_nobody_resets_a_role_above_their_own_or_their_own_password(make):
    org = make.org()
    admin = make.member(org, "admin")
    answer, link = ask(make.signed_in(admin), org, org.alice)
    assert (answer.status_code, link, "Only an owner can do this" in answer.text) == (422, None, True)
    answer, link = ask(make.signed_in(org.alice), org, org.alice)
    assert (answer.status_code, link, "on your account page" in answer.text) == (422, None, True)
    assert ask(make.signed_in(org.bob), org, admin)[0].status_code == 403


def test_an_admin_of_one_tenant_never_takes_over_a_person_who_works_for_another(make):
    mine, theirs = make.org(), make.org()
    join(mine, theirs.bob, "member")
    for maker in (mine.alice, make.member(mine, "admin")):
        answer, link = ask(make.signed_in(maker), mine, theirs.bob)
        assert (answer.status_code, link) == (422, None)
        assert "it may open more than you administer" in answer.text
    assert theirs.name not in answer.text


def test_whoever_only_works_in_the_other_organization_is_no_admin_of_it(make):
    mine, theirs = make.org(), make.org()
    join(mine, theirs.bob, "member")
    join(theirs, mine.alice, "member")
    assert ask(make.signed_in(mine.alice), mine, theirs.bob)[1] is None
    set_role(theirs, mine.alice, "admin")
    assert ask(make.signed_in(mine.alice), mine, theirs.bob)[1] is not None


def test_an_agents_owner_cannot_reset_a_person_of_the_operator_and_the_operators_can_reset_the_agents(make):
    operator = make.org("Operator")
    agent = make.org("North", parent=operator)
    join(agent, operator.bob, "member")
    assert ask(make.signed_in(agent.alice), agent, operator.bob)[1] is None
    assert ask(make.signed_in(operator.alice), agent, agent.bob)[1] is not None


def test_an_operators_admin_cannot_reset_a_member_who_owns_an_agent_below(make):
    operator = make.org("Operator")
    agent = make.org("North", parent=operator)
    join(agent, operator.bob, "owner")
    admin = make.signed_in(make.member(operator, "admin"))
    assert ask(admin, operator, operator.bob)[1] is None
    assert ask(make.signed_in(operator.alice), operator, operator.bob)[1] is not None


def risen(mine, _theirs, _maker):
    set_role(mine, mine.bob, "owner")


def joined_elsewhere(mine, theirs, _maker):
    join(theirs, mine.bob, "member")


def maker_lowered(mine, _theirs, maker):
    set_role(mine, maker, "member")


def maker_disabled(_mine, _theirs, maker):
    with unit_of_work() as work:
        work.execute(update(User).where(User.id == maker.id).values(disabled_at=utc_now()))


def person_removed(mine, _theirs, _maker):
    uid = uid_of(mine, mine.bob)
    with unit_of_work() as work:
        service.remove_member(work, work.get_one(Organization, mine.id), uid, SYSTEM, granting="owner")


def person_disabled(mine, _theirs, _maker):
    maker_disabled(mine, None, mine.bob)


@pytest.mark.parametrize(
    "change", [risen, joined_elsewhere, maker_lowered, maker_disabled, person_removed, person_disabled], ids=lambda f: f.__name__
)
def test_a_link_dies_when_its_maker_could_not_make_it_any_more(app, make, change):
    mine, theirs = make.org(), make.org()
    maker = make.member(mine, "admin")
    _, link = ask(make.signed_in(maker), mine, mine.bob)
    client = app.test_client()
    token = csrf_of(client, link)
    change(mine, theirs, maker)
    assert app.test_client().get(link).status_code == 410
    assert client.post(link, data={"password": NEW, **token}).status_code == 410
    assert not enters(app, mine.bob, NEW)


def test_somebody_without_a_password_gets_a_first_link_and_no_reset(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    alice = make.signed_in(org.alice)
    added = post(alice, f"/o/{org.slug}/members/new", {"email": email, "name": "", "role": "member"})
    first = re.search(r"/join/[\w-]+", added.text)[0]
    with unit_of_work() as work:
        member = work.scalar(select(Membership.uid).join(User).where(User.email == email))
    refused = post(alice, f"/o/{org.slug}/members/{member}/reset")
    assert (refused.status_code, "has not chosen a password yet" in refused.text) == (422, True)
    assert app.test_client().get(first.replace("/join/", "/reset/")).status_code == 410
    assert app.test_client().get(first).status_code == 200


def test_the_list_offers_a_reset_for_whom_it_can_work(make):
    org = make.org()
    page = make.signed_in(make.member(org, "admin")).get(f"/o/{org.slug}/members").text
    assert f"/members/{uid_of(org, org.bob)}/reset" in page
    assert f"/members/{uid_of(org, org.alice)}/reset" not in page


def test_the_command_prints_a_link_for_anybody_once(app, make):
    org = make.org()
    make.signed_in(org.alice)
    answer = app.test_cli_runner().invoke(args=["reset-password", org.alice.email.upper()])
    assert answer.exit_code == 0, answer.output
    assert "within 2 hours" in answer.output
    link = re.search(r"http://localhost(/reset/[\w-]+)", answer.output)[1]
    assert choose(app, link)[1].status_code == 303
    assert app.test_client().get(link).status_code == 410
    assert (enters(app, org.alice, PASSWORD), enters(app, org.alice, NEW)) == (False, True)


def test_the_command_helps_somebody_who_lost_their_first_link_too(app, make):
    org, email = make.org(), f"{unique('new')}@example.com"
    added = post(make.signed_in(org.alice), f"/o/{org.slug}/members/new", {"email": email, "name": "", "role": "member"})
    first = re.search(r"/join/[\w-]+", added.text)[0]
    output = app.test_cli_runner().invoke(args=["reset-password", email]).output
    link = re.search(r"/reset/[\w-]+", output)[0]
    assert choose(app, link)[1].status_code == 303
    assert app.test_client().get(first).status_code == 410  # nobody sets a second password with the old link
    with unit_of_work() as work:
        assert not is_waiting(work, work.scalar(select(User.id).where(User.email == email)))


def test_the_command_names_what_is_wrong(app, make):
    org = make.org()
    unknown = app.test_cli_runner().invoke(args=["reset-password", "nobody@example.com"])
    assert (unknown.exit_code, "Nobody signs in as nobody@example.com." in unknown.output) == (1, True)
    maker_disabled(None, None, org.bob)
    disabled = app.test_cli_runner().invoke(args=["reset-password", org.bob.email])
    assert (disabled.exit_code, "is disabled" in disabled.output) == (1, True)


def test_making_and_using_a_link_is_written_down_without_it(app, make, session):
    org = make.org()
    _, link = ask(make.signed_in(org.alice), org, org.bob)
    choose(app, link)
    query = select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.action.like("member.%reset%")).order_by(AuditRow.id)
    rows = session.scalars(query).all()
    assert [(row.action, row.actor_id, row.subject_label) for row in rows] == [
        ("member.reset_link_made", org.alice.uid, org.bob.email),
        ("member.password_reset", org.bob.uid, org.bob.email),
    ]
    assert link.removeprefix("/reset/") not in "".join(f"{row.before}{row.after}{row.subject_id}" for row in rows)


def test_the_sign_in_page_says_whom_to_ask(app, make):
    make.org()
    assert "Forgotten your password?" in app.test_client().get("/sign-in").text

"""Sandboxes: beside an operator, below it, and never by accident."""

import re
import threading

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Conflict
from portal.orgs import service
from portal.orgs.model import Membership, Organization, User
from tests.make import post, unique

BAR = 'class="sandbox"'


def named(name: str) -> Organization:
    return db.session.scalars(select(Organization).where(Organization.name == name)).one()


def issued(client, org) -> str:
    """The secret of a new casino key, as the page shows it."""
    form = {"name": unique("key"), "scopes": "tournaments.read", "per_minute": "10", "attempt": ""}
    answer = post(client, f"/o/{org.slug}/keys/new?kind=casino", form)
    return re.search(r"sk_(?:test|live)_[0-9a-f]{40}", answer.text)[0]


def test_an_owner_puts_a_sandbox_beside_the_operator_and_lands_in_it(make):
    org, name = make.org(currency="SEK"), unique("Tryout")
    alice = make.signed_in(org.alice)
    assert f"/o/{org.slug}/settings/sandbox" in alice.get(f"/o/{org.slug}/settings").text
    answer = post(alice, f"/o/{org.slug}/settings/sandbox", {"name": name})
    twin = named(name)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/o/{twin.slug}/")
    assert (twin.is_sandbox, twin.level, twin.parent_id, twin.currency) == (True, "operator", None, "SEK")
    assert BAR in alice.get(f"/o/{twin.slug}/").text and BAR not in alice.get(f"/o/{org.slug}/").text
    assert make.signed_in(org.bob).get(f"/o/{twin.slug}/").status_code == 404
    assert (issued(alice, twin)[:8], issued(alice, org)[:8]) == ("sk_test_", "sk_live_")


def test_the_form_offers_a_name_and_says_what_a_sandbox_is(make):
    org = make.org()
    text = make.signed_in(org.alice).get(f"/o/{org.slug}/settings/sandbox").text
    assert f'value="{org.name} sandbox"' in text and "sk_test_" in text and "badge" in text


def test_a_form_sent_twice_makes_one_sandbox(app, make):
    org, name = make.org(), unique("Tryout")
    start, outcomes = threading.Barrier(4), []

    def go():
        start.wait()
        try:
            with app.app_context(), unit_of_work() as work:
                place, owner = work.get_one(Organization, org.id), work.get_one(User, org.alice.id)
                service.create_twin(work, place, owner, name, service.Actor("user", "x", "x"))
            outcomes.append("made")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    again = post(make.signed_in(org.alice), f"/o/{org.slug}/settings/sandbox", {"name": name})
    assert (again.status_code, "You have a sandbox called" in again.text) == (422, True)


def test_beside_a_sandbox_or_an_agent_there_is_none(make):
    operator = make.org()
    for org in (make.org(sandbox=True), make.org(parent=operator)):
        alice = make.signed_in(org.alice)
        assert "settings/sandbox" not in alice.get(f"/o/{org.slug}/settings").text
        refused = post(alice, f"/o/{org.slug}/settings/sandbox", {"name": unique("No")})
        assert (refused.status_code, "Only a live operator" in refused.text) == (422, True)


@pytest.mark.parametrize("ticked", [True, False])
def test_an_agent_is_a_sandbox_when_it_is_ticked(make, ticked):
    operator, name = make.org(), unique("Agent")
    alice = make.signed_in(operator.alice)
    data = {"name": name, "currency": "EUR"} | ({"is_sandbox": "y"} if ticked else {})
    assert post(alice, f"/o/{operator.slug}/agents/new", data).status_code == 303
    agent = named(name)
    assert agent.is_sandbox is ticked
    assert (BAR in alice.get(f"/o/{agent.slug}/").text) is ticked
    assert issued(alice, agent).startswith("sk_test_" if ticked else "sk_live_")
    listed = alice.get(f"/o/{operator.slug}/agents?world=sandbox&format=csv").text
    assert (name in listed) is ticked


def test_below_a_sandbox_everything_is_one(make):
    operator, name = make.org(sandbox=True), unique("Agent")
    alice = make.signed_in(operator.alice)
    page = alice.get(f"/o/{operator.slug}/agents/new").text
    assert 'name="is_sandbox"' not in page and "It is a sandbox" in page
    assert post(alice, f"/o/{operator.slug}/agents/new", {"name": name, "currency": "EUR"}).status_code == 303
    assert named(name).is_sandbox


def test_a_new_sandbox_is_written_down_in_both_logs(make, session):
    org, name = make.org(), unique("Tryout")
    post(make.signed_in(org.alice), f"/o/{org.slug}/settings/sandbox", {"name": name})
    twin = session.scalars(select(Organization).where(Organization.name == name)).one()
    of = select(AuditRow.action).where(AuditRow.actor_id == org.alice.uid).order_by(AuditRow.id)
    assert session.scalars(of.where(AuditRow.org_id == org.id)).all() == ["organization.sandbox_created"]
    assert session.scalars(of.where(AuditRow.org_id == twin.id)).all() == ["organization.created", "member.added"]
    assert session.scalar(select(func.count()).where(Membership.org_id == twin.id)) == 1

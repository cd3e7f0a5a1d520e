"""What may be done to keys, and what is written down about it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.keys import service as keys
from portal.keys.kinds import KINDS, Limits
from portal.keys.model import KeySecret
from portal.orgs.model import Organization
from portal.outbox.model import Event
from tests.keys.issuing import ALICE, issue, state_of


@pytest.fixture
def org(make, session):
    return session.get(Organization, make.org().id)


def test_only_the_digest_and_the_ends_of_a_secret_are_kept(session, org):
    issued = issue(session, org)
    assert issued.key.hint == f"{issued.secret[:8]}…{issued.secret[-4:]}"
    assert issued.key.secrets[0].digest == digest(issued.secret)
    assert issued.secret not in repr(issued)
    kept = session.execute(select(AuditRow.before, AuditRow.after).where(AuditRow.subject_id == issued.key.uid)).all()
    told = session.scalars(select(Event.data).where(Event.subject == issued.key.uid)).all()
    assert issued.secret[9:-5] not in f"{kept}{told}"


def test_a_new_key_has_the_limits_of_its_kind_and_is_audited_and_told(session, org):
    key = issue(session, org, kind="casino", scopes=["tournaments.read"]).key
    assert key.limits == KINDS["casino"].limits
    row = session.scalar(select(AuditRow).where(AuditRow.subject_id == key.uid))
    assert (row.action, row.actor_label, row.after["scopes"]) == ("key.issued", "alice@example.com", ["tournaments.read"])
    assert session.scalar(select(Event.type).where(Event.subject == key.uid)) == "key.issued"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"kind": "gold"}, "kind"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["sessions:fly"]}, "scopes"),
        ({"scopes": ["*:matches:list"]}, "scopes"),
        ({"scopes": ["CS2:matches:list"]}, "scopes"),
        ({"scopes": ["dota2:matches:list"], "sports": ["cs2"]}, "scopes"),
        ({"sports": ["Counter Strike"]}, "sports"),
        ({"games": [2**31]}, "games"),
        ({"games": [999_999]}, "games"),
        ({"streams": [0]}, "streams"),
        ({"limits": Limits(per_minute=0)}, "per_minute"),
        ({"limits": Limits(per_minute=60, per_day=0)}, "per_day"),
        ({"limits": Limits(per_minute=1_000_001)}, "per_minute"),
        ({"expires_at": utc_now() - timedelta(seconds=1)}, "expires_at"),
        ({"allowed_addresses": "10.0.0.1\n10.0.0.300"}, "allowed_addresses"),
    ],
)
def test_a_term_that_breaks_a_rule_is_refused_by_its_name(session, org, wish, field):
    with pytest.raises(Invalid) as refused:
        issue(session, org, **wish)
    assert refused.value.field == field
    assert refused.value.message.endswith((".", "?"))


def test_games_and_streams_must_be_the_organizations_own(session, make):
    own, other = make.org(), make.org()
    mine, theirs = make.game(own), make.game(other)
    org = session.get(Organization, own.id)
    assert issue(session, org, games=[mine]).key.games == [mine]
    with pytest.raises(Invalid) as refused:
        issue(session, org, games=[mine, theirs])
    assert refused.value.field == "games"


def test_a_key_of_another_organization_is_not_there(session, make):
    own, stranger = make.org(), make.org()
    org, other = session.get(Organization, own.id), session.get(Organization, stranger.id)
    key = issue(session, org).key
    assert keys.key_by_uid(session, org, key.uid) is key
    assert keys.key_by_number(session, org, key.id) is key
    for find, name in ((keys.key_by_uid, key.uid), (keys.key_by_number, key.id)):
        with pytest.raises(NotFound):
            find(session, other, name)


def test_a_revoked_key_takes_no_other_verb_and_revoking_again_changes_nothing(app, session, org):
    issued = issue(session, org)
    asked = []
    keys.revoke_key(session, org, issued.key, ALICE, also=[lambda *given: asked.append(given)])
    session.commit()
    assert state_of(app, issued.secret) == "revoked"
    assert asked == [(session, org, issued.key, ALICE)]
    moment = issued.key.revoked_at
    assert keys.revoke_key(session, org, issued.key, ALICE).revoked_at == moment
    told = select(func.count()).select_from(Event).where(Event.subject == issued.key.uid, Event.type == "key.revoked")
    assert session.scalar(told) == 1
    verbs = [
        lambda: keys.set_active(session, org, issued.key, True, ALICE),
        lambda: keys.rotate_key(session, org, issued.key, ALICE, grantable=None),
        lambda: keys.roll_key(session, org, issued.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None),
        lambda: keys.change_key(session, org, issued.key, ALICE, grantable=None, name="Other"),
        lambda: keys.cancel_roll(session, org, issued.key, ALICE),
    ]
    for verb in verbs:
        with pytest.raises(Conflict):
            verb()


def test_disabled_is_reversible_and_saying_it_twice_is_told_once(app, session, org):
    issued = issue(session, org)
    for active, state in ((False, "disabled"), (False, "disabled"), (True, "live"), (True, "live")):
        keys.set_active(session, org, issued.key, active, ALICE)
        session.commit()
        assert state_of(app, issued.secret) == state
    told = session.scalars(select(Event.type).where(Event.subject == issued.key.uid).order_by(Event.id)).all()
    assert told == ["key.issued", "key.disabled", "key.enabled"]


def test_a_disabled_key_may_rotate_but_not_roll(session, org):
    key = issue(session, org).key
    keys.set_active(session, org, key, False, ALICE)
    with pytest.raises(Conflict):
        keys.roll_key(session, org, key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    assert keys.rotate_key(session, org, key, ALICE, grantable=None).key.is_active is False


def test_an_expired_key_gets_no_new_secret_before_its_expiry_is_moved(session, org):
    key = issue(session, org, expires_at=utc_now() + timedelta(hours=1)).key
    later = lambda: utc_now() + timedelta(hours=2)  # noqa: E731
    for verb in (
        lambda: keys.rotate_key(session, org, key, ALICE, grantable=None, clock=later),
        lambda: keys.roll_key(session, org, key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None, clock=later),
    ):
        with pytest.raises(Conflict):
            verb()
    keys.change_key(session, org, key, ALICE, grantable=None, expires_at=None)
    keys.rotate_key(session, org, key, ALICE, grantable=None, clock=later)


def test_a_deleted_key_is_gone_with_its_secrets_and_its_history_stays(app, session, org):
    issued = issue(session, org)
    uid, number = issued.key.uid, issued.key.id
    keys.roll_key(session, org, issued.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    keys.delete_key(session, org, issued.key, ALICE)
    session.commit()
    assert state_of(app, issued.secret) is None
    assert session.scalar(select(func.count()).select_from(KeySecret).where(KeySecret.key_id == number)) == 0
    actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == uid).order_by(AuditRow.id)).all()
    assert actions == ["key.issued", "key.rolled", "key.deleted"]


def test_a_change_that_changes_nothing_leaves_no_trace(session, org):
    key = issue(session, org).key
    keys.change_key(session, org, key, ALICE, grantable=None, name=key.name, limits=key.limits)
    assert session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.subject_id == key.uid)) == 1


def test_a_change_is_audited_with_only_what_differs(session, org):
    key = issue(session, org).key
    keys.change_key(session, org, key, ALICE, grantable=None, name="Nightly", limits=Limits(per_minute=5))
    row = session.scalar(select(AuditRow).where(AuditRow.subject_id == key.uid, AuditRow.action == "key.changed"))
    assert row.before == {"name": "CI pipeline", "per_minute": 60, "per_day": 10_000}
    assert row.after == {"name": "Nightly", "per_minute": 5, "per_day": None}

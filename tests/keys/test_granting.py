"""Who may grant what: nobody hands on more than they hold."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.audit.service import Actor
from portal.kernel.clock import utc_now
from portal.kernel.errors import Forbidden
from portal.keys import service as keys
from portal.keys.kinds import KINDS, Limits
from portal.keys.scopes import FAMILIES, MANAGE, OWNER_ONLY, all_scopes
from portal.orgs.model import Organization
from tests.keys.issuing import ALICE, issue


@pytest.fixture
def org(make, session):
    return session.get(Organization, make.org().id)


@pytest.mark.parametrize("scope", sorted(OWNER_ONLY))
def test_an_admin_neither_grants_an_owners_scope_nor_gets_a_secret_that_has_it(session, org, scope):
    admin, owner = keys.grantable_by_role("admin"), keys.grantable_by_role("owner")
    with pytest.raises(Forbidden) as refused:
        issue(session, org, scopes=[scope], grantable=admin)
    assert scope in refused.value.message
    key = issue(session, org, scopes=[scope, "sessions:create"], grantable=owner).key
    with pytest.raises(Forbidden):
        keys.rotate_key(session, org, key, ALICE, grantable=admin)
    with pytest.raises(Forbidden):
        keys.roll_key(session, org, key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=admin)
    keys.change_key(session, org, key, ALICE, grantable=admin, name="Kept")
    keys.change_key(session, org, key, ALICE, grantable=admin, scopes=["sessions:create"])
    with pytest.raises(Forbidden):
        keys.change_key(session, org, key, ALICE, grantable=admin, scopes=[scope])


def test_a_member_and_a_key_without_key_management_grant_nothing(session, org):
    assert keys.grantable_by_role("member") == frozenset()
    assert keys.grantable_by_key({"sessions:create"}) == frozenset()
    with pytest.raises(Forbidden):
        issue(session, org, grantable=frozenset())


def test_an_owner_grants_every_scope_of_every_sport(session, org):
    every = frozenset().union(*(all_scopes(kind, ["cs2", "dota2"]) for kind in KINDS))
    assert len(every) == sum(len(family) for family in FAMILIES.values()) + len(FAMILIES["feed"])
    issued = issue(session, org, scopes=every, grantable=keys.grantable_by_role("owner"))
    assert set(issued.key.scopes) == every


EVERY = sorted(all_scopes("competition") | all_scopes("feed", ["cs2"]) | all_scopes("agent"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.sets(st.sampled_from(EVERY), min_size=1), wanted=st.sets(st.sampled_from(EVERY), min_size=1))
def test_a_key_never_makes_a_key_with_a_scope_that_it_lacks(session, org, held, wanted):
    maker = issue(session, org, scopes=held).key
    try:
        made = issue(session, org, scopes=wanted, grantable=keys.grantable_by_key(maker.scopes), maker=maker).key
    except Forbidden:
        assert MANAGE not in held or not wanted <= held
    else:
        assert MANAGE in held and set(made.scopes) == wanted <= held


def test_a_key_made_by_a_key_stays_within_its_makers_terms(session, make):
    own = make.org()
    game, another = make.game(own), make.game(own)
    org = session.get(Organization, own.id)
    maker = issue(
        session,
        org,
        scopes=[MANAGE, "sessions:create", "cs2:matches:list"],
        sports=["cs2"],
        games=[game],
        limits=Limits(per_minute=10, per_day=50),
        expires_at=utc_now() + timedelta(days=1),
        allowed_addresses="192.0.2.0/24",
    ).key
    child = issue(session, org, maker=maker).key
    assert child.limits == Limits(per_minute=10, per_day=50)
    assert (child.sports, child.games, child.streams) == (["cs2"], [game], None)
    assert (child.expires_at, child.allowed_addresses) == (maker.expires_at, "192.0.2.0/24")
    narrow = issue(session, org, maker=maker, allowed_addresses="192.0.2.7", limits=Limits(per_minute=1, per_day=1)).key
    assert (narrow.allowed_addresses, narrow.per_minute) == ("192.0.2.7/32", 1)
    for wider in (
        {"limits": Limits(per_minute=11, per_day=50)},
        {"limits": Limits(per_minute=10)},
        {"sports": ["dota2"]},
        {"games": [game, another]},
        {"expires_at": utc_now() + timedelta(days=2)},
        {"allowed_addresses": "192.0.0.0/16"},
        {"allowed_addresses": "2001:db8::1"},
    ):
        with pytest.raises(Forbidden):
            issue(session, org, maker=maker, **wider)


def test_a_key_may_rotate_and_revoke_itself_and_nothing_else(session, org):
    key = issue(session, org, scopes=[MANAGE]).key
    itself = Actor("key", key.uid, key.name)
    for verb in (
        lambda: keys.change_key(session, org, key, itself, grantable=None, allowed_addresses=""),
        lambda: keys.set_active(session, org, key, True, itself),
        lambda: keys.roll_key(session, org, key, itself, overlap=keys.OVERLAPS["1h"], grantable=None),
        lambda: keys.delete_key(session, org, key, itself),
    ):
        with pytest.raises(Forbidden):
            verb()
    keys.rotate_key(session, org, key, itself, grantable=frozenset())
    assert keys.revoke_key(session, org, key, itself).revoked_at

"""What may be done to keys, by whom, and in which order."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM, Actor
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import db, reading, unit_of_work
from portal.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from portal.keys import service as keys
from portal.keys.book import Book
from portal.keys.kinds import KINDS, Limits
from portal.keys.model import ApiKey, KeySecret
from portal.keys.scopes import FAMILIES, MANAGE, OWNER_ONLY, all_scopes
from portal.orgs.model import Organization
from portal.outbox.model import Event

ALICE = Actor("user", "alice", "alice@example.com")


@pytest.fixture
def org(make, session):
    return session.get(Organization, make.org().id)


def issue(session, org, **wish):
    fields = {"name": "CI pipeline", "kind": "session", "scopes": ["sessions:create"], "grantable": None} | wish
    return keys.issue_key(session, org, ALICE, **fields)


def state_of(app, secret):
    record = Book(app).find(digest(secret))
    return record.state if record else None


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


def test_rotating_kills_every_other_secret_at_once_and_keeps_kind_and_terms(app, session, org):
    first = issue(session, org, kind="feed", scopes=["cs2:matches:list"], sports=["cs2"])
    rolled = keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    rotated = keys.rotate_key(session, org, first.key, ALICE, grantable=None)
    session.commit()
    assert rotated.key.scopes == ["cs2:matches:list"] and rotated.secret.startswith("vbk_")
    assert [state_of(app, issued.secret) for issued in (first, rolled, rotated)] == ["retired", "retired", "live"]


def test_a_rolled_key_has_two_live_secrets_until_the_overlap_after_the_first_use_is_over(app, session, org):
    first = issue(session, org)
    second = keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["24h"], grantable=None)
    session.commit()
    assert (state_of(app, first.secret), state_of(app, second.secret)) == ("live", "live")
    book = Book(app)
    record = book.find(digest(second.secret))

    def call(outcome):
        book.note(record, "192.0.2.1", "GET /v1/whoami", outcome, "", "curl/8")
        assert book.meter.flush()
        return dies_at(first.secret)

    assert dies_at(first.secret) is None
    assert call("scope") is None, "a refused call is no use"
    before = utc_now()
    died = call("ok")
    assert timedelta(hours=23, minutes=59) < died - before < timedelta(hours=24, seconds=20)
    assert call("ok") == died, "later uses move nothing"
    assert keys.rolling(first.key, died - timedelta(seconds=1)) == (first.key.secrets[1], first.key.secrets[0])
    assert keys.rolling(first.key, died) is None


def dies_at(secret):
    with reading() as connection:
        return connection.scalar(select(KeySecret.dies_at).where(KeySecret.digest == digest(secret)))


def test_an_old_secret_is_retired_when_its_overlap_has_passed(app, session, org):
    first = issue(session, org)
    keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    old = first.key.secrets[1]
    old.dies_at = utc_now() - timedelta(milliseconds=1)
    session.commit()
    assert state_of(app, first.secret) == "retired"
    again = keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    assert again.key.secrets[1].lives(utc_now())


def test_a_roll_never_lengthens_the_life_of_a_key(app, session, org):
    end = utc_now() + timedelta(minutes=10)
    first = issue(session, org, expires_at=end)
    keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["7d"], grantable=None)
    session.commit()
    assert Book(app).find(digest(first.secret)).expires_at == end


def test_a_canceled_roll_leaves_only_the_old_secret(app, session, org):
    first = issue(session, org)
    second = keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None)
    keys.cancel_roll(session, org, first.key, ALICE)
    session.commit()
    assert (state_of(app, first.secret), state_of(app, second.secret)) == ("live", "retired")
    assert first.key.hint.startswith(first.secret[:8]) and first.key.last4 == first.secret[-4:]
    for verb in (keys.cancel_roll, keys.end_overlap):
        with pytest.raises(Conflict):
            verb(session, org, first.key, ALICE)


def test_an_ended_overlap_leaves_only_the_new_secret(app, session, org):
    first = issue(session, org)
    second = keys.roll_key(session, org, first.key, ALICE, overlap=keys.OVERLAPS["7d"], grantable=None)
    keys.end_overlap(session, org, first.key, ALICE)
    session.commit()
    assert (state_of(app, first.secret), state_of(app, second.secret)) == ("retired", "live")


def test_an_overlap_is_one_of_three(session, org):
    with pytest.raises(Invalid) as refused:
        keys.roll_key(session, org, issue(session, org).key, ALICE, overlap=timedelta(days=365), grantable=None)
    assert refused.value.field == "overlap"


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


# --- who may grant what


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


# --- every order of verbs, against a model of what must hold

VERBS = st.lists(
    st.sampled_from(["rotate", "roll", "cancel", "end", "use", "use_old", "disable", "enable", "revoke", "pass"]),
    max_size=14,
)


class Expected:
    """The rules of RULINGS 4 in a few lines: which secrets work, given what was done."""

    def __init__(self, secret):
        self.live, self.roll_ends, self.active, self.revoked = [secret], None, True, False

    def settle(self, now):
        if self.roll_ends not in (None, "unused") and now >= self.roll_ends:
            self.live, self.roll_ends = self.live[-1:], None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verbs=VERBS)
def test_after_any_order_of_verbs_exactly_the_right_secrets_live(app, make, verbs):
    offset = timedelta()

    def clock():
        return start + offset

    start = utc_now()
    made_org = make.org()
    with unit_of_work() as session:
        org = session.get(Organization, made_org.id)
        issued = issue(session, org)
        key, every, model = issued.key, [issued.secret], Expected(issued.secret)
        for verb in verbs:
            model.settle(clock())
            if verb == "pass":
                offset += timedelta(minutes=40)
                continue
            allowed, act = step(verb, session, org, key, model, clock)
            if not allowed:
                with pytest.raises(Conflict):
                    act()
                continue
            made = act()
            if verb in ("rotate", "roll"):
                every.append(made.secret)
            follow(verb, model, every, clock())
        model.settle(clock())
        session.refresh(key)
        alive = {secret.digest for secret in key.secrets if secret.lives(clock())}
        assert alive == {digest(secret) for secret in model.live}
        assert key.status(clock()) == ("revoked" if model.revoked else "active" if model.active else "disabled")
        assert bool(keys.rolling(key, clock())) == (len(model.live) == 2)


def step(verb, session, org, key, model, clock):
    """(is it allowed now, the act)."""
    whole, rolls = not model.revoked, len(model.live) == 2
    acts = {
        "rotate": (whole, lambda: keys.rotate_key(session, org, key, ALICE, grantable=None, clock=clock)),
        "roll": (
            whole and model.active and not rolls,
            lambda: keys.roll_key(session, org, key, ALICE, overlap=keys.OVERLAPS["1h"], grantable=None, clock=clock),
        ),
        "cancel": (whole and rolls, lambda: keys.cancel_roll(session, org, key, ALICE, clock=clock)),
        "end": (whole and rolls, lambda: keys.end_overlap(session, org, key, ALICE, clock=clock)),
        "disable": (whole, lambda: keys.set_active(session, org, key, False, ALICE, clock=clock)),
        "enable": (whole, lambda: keys.set_active(session, org, key, True, ALICE, clock=clock)),
        "revoke": (True, lambda: keys.revoke_key(session, org, key, ALICE, clock=clock)),
        "use": (True, lambda: use(session, key, model.live[-1], clock())),
        "use_old": (True, lambda: use(session, key, model.live[0], clock())),
    }
    return acts[verb]


def use(session, key, secret, now):
    from portal.keys.tally_store import Tallied, write

    row = next(row for row in key.secrets if row.digest == digest(secret))
    at = now.timestamp()
    write(session, [Tallied(key.id, row.id, "192.0.2.1", "curl", "ok", int(at // 3600), 1, at, at, "GET /")], [])


def follow(verb, model, every, now):
    if verb == "rotate":
        model.live, model.roll_ends = [every[-1]], None
    elif verb == "roll":
        model.live, model.roll_ends = [model.live[0], every[-1]], "unused"
    elif verb == "use" and model.roll_ends == "unused":
        model.roll_ends = now + timedelta(hours=1)
    elif verb == "cancel":
        model.live, model.roll_ends = model.live[:1], None
    elif verb == "end":
        model.live, model.roll_ends = model.live[1:], None
    elif verb in ("disable", "enable"):
        model.active = verb == "enable"
    elif verb == "revoke":
        model.revoked = True


def test_two_rolls_at_once_take_turns(app, make):
    import threading

    made = make.org()
    with unit_of_work() as session:
        number = issue(session, session.get(Organization, made.id)).key.id
    gate, results = threading.Barrier(4), []

    def roll():
        with app.app_context():
            gate.wait()
            try:
                with unit_of_work() as session:
                    org = session.get(Organization, made.id)
                    key = session.get(ApiKey, number)
                    keys.roll_key(session, org, key, SYSTEM, overlap=keys.OVERLAPS["1h"], grantable=None)
                    results.append("rolled")
            except Conflict:
                results.append("refused")
            db.session.remove()

    threads = [threading.Thread(target=roll) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "rolled"]

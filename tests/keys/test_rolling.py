"""Which secrets of a key live: rotating, rolling, and every order of verbs."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import db, reading, unit_of_work
from portal.kernel.errors import Conflict, Invalid
from portal.keys import service as keys
from portal.keys.book import Book
from portal.keys.model import ApiKey, KeySecret
from portal.orgs.model import Organization
from tests.keys.issuing import ALICE, issue, state_of


@pytest.fixture
def org(make, session):
    return session.get(Organization, make.org().id)


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

"""Looking a key up, and counting its calls, on both databases."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event, func, select

from portal.admission.caller import Window
from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import db, reading, unit_of_work
from portal.keys import meter as meters
from portal.keys import service as keys
from portal.keys.attention import keys_expiring
from portal.keys.book import Book
from portal.keys.jobs import prune_usage
from portal.keys.kinds import KINDS, Limits
from portal.keys.meter import program
from portal.keys.model import ApiKey, Caller, KeySecret, RefusedCall, UsageHour
from portal.keys.usage import REASONS, callers_of, calls_since, refused_by_key
from portal.orgs.model import Organization


@pytest.fixture
def org(make):
    return make.org(allowed_addresses="192.0.2.0/24", concurrency=7)


@pytest.fixture
def book(app):
    return Book(app)


def record_of(book, secret):
    return book.find(digest(secret))


def rows(query):
    with reading() as connection:
        return connection.execute(query).all()


def note(book, record, outcome="ok", *, address="192.0.2.1", agent="curl/8.5", route="GET /v1/whoami", detail=""):
    book.note(record, address, route, outcome, detail, agent)


# --- the record


def test_a_key_is_found_by_one_statement_with_all_that_admission_asks(book, make, org, count_sql):
    secret = make.key(
        org,
        "competition",
        scopes=["teams:read"],
        sports=["cs2"],
        limits=Limits(per_minute=600, writes_per_minute=60, per_hour=1000, per_day=9000, burst_10s=50),
        allowed_addresses="192.0.2.8/30",
    )
    with count_sql() as statements:
        record = record_of(book, secret)
    assert len(statements) == 1
    assert (record.state, record.kind, record.scopes, record.sports) == ("live", "competition", {"teams:read"}, None)
    shared = (Window("burst", 50, 10), Window("hour", 1000, 3600), Window("day", 9000, 86_400))
    assert record.reads == (Window("minute", 600, 60), *shared)
    assert record.writes == (Window("writes", 60, 60), *shared)
    assert (record.rate_per_minute, record.concurrency, record.org_live) == (600, 7, True)
    assert [str(network) for network in (*record.networks, *record.org_networks)] == ["192.0.2.8/30", "192.0.2.0/24"]
    assert (record.org_id, record.org_uid, record.org_name, record.org_slug) == (org.id, org.uid, org.name, org.slug)


def test_without_a_limit_of_writes_reads_and_writes_share_their_windows(book, make, org):
    record = record_of(book, make.key(org, "feed"))
    assert record.reads == record.writes == (Window("minute", 600, 60),)
    assert record.sports == ("cs2",) and record.games is None


def test_an_unknown_key_is_none(book, make):
    assert record_of(book, KINDS["session"].new_secret()) is None


def test_a_badly_formed_key_costs_no_statement(app, make, org, count_sql):
    secret = make.key(org, "session")
    client = app.test_client()
    slip = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    with count_sql() as statements:
        answer = client.get("/v1/whoami", headers={"X-API-Key": slip})
    assert (answer.status_code, statements) == (403, [])


def test_every_one_character_slip_is_refused_without_a_query(app, make, org, count_sql):
    secret = make.key(org, "agent")
    client = app.test_client()
    with count_sql() as statements:
        for place, letter in enumerate(secret):
            slip = secret[:place] + ("0" if letter != "0" else "f") + secret[place + 1 :]
            assert client.get("/v1/whoami", headers={"X-API-Key": slip}).status_code == 403
    assert statements == []


def test_an_organization_lives_only_while_everything_above_it_does(book, make):
    top = make.org()
    middle = make.org(parent=top, level="operator")
    below = make.org(parent=middle)
    secrets = [make.key(place, "session") for place in (top, middle, below)]

    def alive():
        return [record_of(book, secret).org_live for secret in secrets]

    def switch(place, moment):
        with unit_of_work() as session:
            session.get(Organization, place.id).disabled_at = moment

    assert alive() == [True, True, True]
    switch(middle, utc_now())
    assert alive() == [True, False, False]
    switch(middle, None)
    switch(top, utc_now())
    assert alive() == [False, False, False]


# --- the meter


def test_counts_are_exact_when_many_threads_note_and_flush_at_once(book, make, org):
    record = record_of(book, make.key(org, "session"))
    gate = threading.Barrier(9)

    def call(number):
        gate.wait()
        for turn in range(400):
            note(book, record, "rate" if turn % 4 == 0 else "ok", address=f"192.0.2.{number}")

    def flush():
        gate.wait()
        for _ in range(10):
            book.meter.flush()

    threads = [threading.Thread(target=call, args=(n,)) for n in range(8)] + [threading.Thread(target=flush)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.meter.flush()
    query = select(UsageHour.outcome, func.sum(UsageHour.calls)).where(UsageHour.key_id == record.key_id)
    assert dict(map(tuple, rows(query.group_by(UsageHour.outcome)))) == {"ok": 2400, "rate": 800}
    callers = rows(select(Caller.address, Caller.calls).where(Caller.secret_id == record.secret_id))
    assert sorted(map(tuple, callers)) == [(f"192.0.2.{n}", 400) for n in range(8)]


def test_two_processes_that_count_the_same_key_add_up(app, make, org):
    books = [Book(app), Book(app)]
    record = record_of(books[0], make.key(org, "session"))
    for book in books:
        for _ in range(5):
            note(book, record)
    threads = [threading.Thread(target=book.meter.flush) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(book.meter.flush() for book in books)
    assert [row.calls for row in rows(select(UsageHour.calls).where(UsageHour.key_id == record.key_id))] == [10]


def test_the_last_use_is_that_of_the_last_call_that_was_answered(book, make, org):
    record = record_of(book, make.key(org, "session"))
    note(book, record, address="192.0.2.5")
    after = utc_now()
    time.sleep(0.01)
    note(book, record, "address", address="203.0.113.9")
    assert book.meter.flush()
    used = rows(
        select(ApiKey.last_used_at, ApiKey.last_used_address, ApiKey.updated_at, ApiKey.created_at).where(
            ApiKey.id == record.key_id
        )
    )[0]
    assert used.last_used_address == "192.0.2.5" and used.last_used_at <= after
    assert used.updated_at == used.created_at, "being used is no change of the key"


def test_a_refused_call_is_kept_with_its_reason_and_only_the_newest_of_many(book, make, org, monkeypatch):
    monkeypatch.setattr("portal.keys.tally_store.REFUSALS_PER_KEY", 30)
    record = record_of(book, make.key(org, "session"))
    for turn in range(3):
        for number in range(25):
            note(book, record, "scope", detail=f"teams:write {turn}.{number}")
        assert book.meter.flush()
    kept = rows(select(RefusedCall.detail).where(RefusedCall.key_id == record.key_id).order_by(RefusedCall.id))
    assert len(kept) == 30, "20 a flush, the newest 30"
    assert kept[-1].detail == "teams:write 2.19"
    assert sum(row.calls for row in rows(select(UsageHour.calls).where(UsageHour.key_id == record.key_id))) == 75


def test_counts_that_could_not_be_written_are_written_the_next_time(app, book, make, org, monkeypatch):
    record = record_of(book, make.key(org, "session"))
    note(book, record)

    def away(*_given):
        raise OSError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(meters, "write", away)
        assert book.meter.flush() is False
        note(book, record)
        note(book, record, "rate")
        assert book.meter.flush() is False
    assert book.meter.flush() is True
    query = select(UsageHour.outcome, UsageHour.calls).where(UsageHour.key_id == record.key_id)
    assert dict(map(tuple, rows(query))) == {"ok": 2, "rate": 1}
    assert len(rows(select(RefusedCall.id).where(RefusedCall.key_id == record.key_id))) == 1


def test_a_write_that_fails_half_way_leaves_nothing_and_counts_once(app, book, make, org):
    record = record_of(book, make.key(org, "session"))
    note(book, record)
    failed = []

    def fail_once(_connection, _cursor, statement, *_rest):
        if "key_callers" in statement and not failed:
            failed.append(statement)
            raise RuntimeError("pulled the plug")

    event.listen(db.engine, "before_cursor_execute", fail_once)
    try:
        assert book.meter.flush() is False
    finally:
        event.remove(db.engine, "before_cursor_execute", fail_once)
    assert book.meter.flush() is True and failed
    assert [row.calls for row in rows(select(UsageHour.calls).where(UsageHour.key_id == record.key_id))] == [1]


def test_beyond_its_bound_the_meter_gives_up_addresses_and_never_counts(book, make, org, monkeypatch):
    monkeypatch.setattr(meters, "MOST_TALLIES", 10)
    record = record_of(book, make.key(org, "session"))
    for number in range(200):
        note(book, record, address=f"192.0.2.{number}")
    assert len(book.meter._tallies) == 11
    assert book.meter.flush()
    assert [row.calls for row in rows(select(UsageHour.calls).where(UsageHour.key_id == record.key_id))] == [200]
    callers = rows(select(Caller.address, Caller.calls).where(Caller.secret_id == record.secret_id))
    assert ("", 190) in map(tuple, callers)


def test_calls_with_a_key_that_was_deleted_meanwhile_are_dropped_and_the_others_written(book, make, org):
    gone, stays = (record_of(book, make.key(org, "session")) for _ in range(2))
    for record in (gone, stays):
        note(book, record)
        note(book, record, "rate")
    with unit_of_work() as session:
        session.execute(delete(ApiKey).where(ApiKey.id == gone.key_id))
    assert book.meter.flush()
    assert not rows(select(UsageHour).where(UsageHour.key_id == gone.key_id))
    assert len(rows(select(UsageHour.calls).where(UsageHour.key_id == stays.key_id))) == 2


def test_the_thread_writes_by_itself_within_a_few_seconds(book, make, org, monkeypatch):
    monkeypatch.setattr(meters, "FLUSH_SECONDS", 0.05)
    record = record_of(book, make.key(org, "session"))
    note(book, record)
    until = time.monotonic() + 5
    while not rows(select(UsageHour.calls).where(UsageHour.key_id == record.key_id)):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_forked_child_starts_with_an_empty_tally_and_a_free_lock(book, make, org):
    record = record_of(book, make.key(org, "session"))
    note(book, record)
    reader, writer = os.pipe()
    with book.meter._lock:
        child = os.fork()
        if child == 0:
            free = book.meter._lock.acquire(timeout=1)
            os.write(writer, b"%d %d" % (free, len(book.meter._tallies)))
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"1 0"
    os.close(reader)
    os.close(writer)
    assert book.meter.flush()


def test_an_hour_that_begins_is_a_new_row(book, make, org, monkeypatch):
    record = record_of(book, make.key(org, "session"))
    hour = datetime(2026, 11, 21, 10, tzinfo=UTC)
    for moment in (hour - timedelta(seconds=1), hour, hour + timedelta(minutes=59)):
        monkeypatch.setattr(meters.time, "time", moment.timestamp)
        note(book, record)
    monkeypatch.undo()
    assert book.meter.flush()
    counted = rows(select(UsageHour.hour, UsageHour.calls).where(UsageHour.key_id == record.key_id).order_by(UsageHour.hour))
    assert [tuple(row) for row in counted] == [(hour - timedelta(hours=1), 1), (hour, 2)]


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Browser"),
        ("Acme CRM/2 (internal)", "Acme CRM"),
        ("", "Unknown"),
        ("<script>", "Unknown"),
        ("x" * 500, "x" * 32),
    ],
)
def test_a_program_is_named_by_the_first_word_of_its_user_agent(user_agent, name):
    assert program(user_agent) == name


def test_every_reason_that_a_known_key_is_refused_for_is_explained():
    from portal.admission.order import ORDER, granted, key_live, on_allowlist, organization_live, within_limits

    known = {key_live, organization_live, on_allowlist, granted, within_limits}
    assert known <= set(ORDER)
    reasons = {
        *("key_disabled", "key_revoked", "key_expired", "organization_disabled"),
        *("address", "scope", "resource", "rate", "concurrency"),
    }
    assert reasons == set(REASONS)


# --- reading it back


def test_usage_is_read_only_from_the_organizations_own_keys(book, make, org):
    other = make.org()
    mine, theirs = (record_of(book, make.key(place, "session")) for place in (org, other))
    for _ in range(3):
        note(book, mine)
    note(book, mine, "rate", agent="bot/1")
    note(book, theirs, address="203.0.113.1")
    assert book.meter.flush()
    since = utc_now() - timedelta(hours=1)
    with unit_of_work() as session:
        place = session.get(Organization, org.id)
        assert calls_since(session, place, since) == {"ok": 3, "rate": 1}
        assert [(row.uid, row.calls) for row in refused_by_key(session, place, since)] == [(mine.key_uid, 1)]
        callers = {(row.address, row.agent): (row.key_uid, row.calls) for row in callers_of(session, place, since)}
    assert callers == {("192.0.2.1", "curl"): (mine.key_uid, 3), ("192.0.2.1", "bot"): (mine.key_uid, 1)}


def test_keys_that_expire_soon_are_named_the_soonest_first(make, org):
    now = utc_now()
    for days in (20, 12, 3):
        make.key(org, "session", name=f"in {days}", expires_at=now + timedelta(days=days))
    make.key(org, "session")
    with unit_of_work() as session:
        soon = keys_expiring(session, session.get(Organization, org.id), now)
        assert [key.name for key in soon] == ["in 3", "in 12"]


def test_old_usage_and_dead_secrets_are_pruned_and_nothing_else(book, make, org):
    secret = make.key(org, "session")
    record = record_of(book, secret)
    note(book, record)
    note(book, record, "rate")
    with unit_of_work() as session:
        place = session.get(Organization, org.id)
        keys.rotate_key(session, place, keys.key_by_number(session, place, record.key_id), SYSTEM, grantable=None)
    assert book.meter.flush()
    tables = (UsageHour.key_id, RefusedCall.key_id, KeySecret.key_id)

    def left():
        return [len(rows(select(column).where(column == record.key_id))) for column in tables]

    prune_usage(lambda: utc_now() + timedelta(days=89))
    assert left() == [2, 1, 2]
    with unit_of_work() as session:
        for table, moment in ((UsageHour, "hour"), (RefusedCall, "at")):
            for row in session.scalars(select(table).where(table.key_id == record.key_id)):
                setattr(row, moment, utc_now() - timedelta(days=91))
        old = session.scalar(select(KeySecret).where(KeySecret.digest == digest(secret)))
        old.ended_at = utc_now() - timedelta(days=91)
    prune_usage()
    assert left() == [0, 0, 1]
    assert record_of(book, secret) is None


def test_an_address_that_no_database_keeps_holds_up_no_count(app, make, client):
    secret = make.key(make.org(), "competition")
    headers = {"X-API-Key": secret}
    client.get("/api/v1/teams/%00", headers=headers)
    client.get("/api/v1/auth/api-keys?org_id=%00", headers=headers)
    client.post("/api/v1/competitions/%00%ed%a0%80/start", headers=headers)
    assert app.extensions["gate"].keyring.book.meter.flush()

"""Many links from one list: each line once, whatever dies in between; a bad line makes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.audit.service import SYSTEM
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict, Fault, Gone, Invalid
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.session_tokens import batches, jobs
from portal.session_tokens.model import SessionBatch, SessionToken
from portal.session_tokens.rows import read_rows
from tests.make import Make


@pytest.fixture
def start(app, make: Make):
    """Start a batch of `count` lines in an organization of its own; gives its id."""

    def starting(count: int, **values) -> int:
        org = make.org()
        game = make.game(org)
        rows = [(f"user-{number}", {"n": number} if number % 2 else None) for number in range(count)]
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            master = app.config["SETTINGS"].master
            return batches.start_batch(session, owner, SYSTEM, master, rows, game_id=game, minutes=60, **values).id

    return starting


def batch_of(number: int) -> SessionBatch:
    with unit_of_work() as session:
        batch = session.get_one(SessionBatch, number)
        session.refresh(batch)
        session.expunge(batch)
        return batch


def links_of(number: int) -> list[tuple]:
    query = select(SessionToken.external_ref, SessionToken.details, SessionToken.digest)
    with unit_of_work() as session:
        return [tuple(row) for row in session.execute(query.where(SessionToken.batch_id == number).order_by(SessionToken.id))]


def test_every_line_becomes_one_link_in_the_lists_order(app, start):
    number = start(600)
    jobs.run_batch(number)
    batch, links = batch_of(number), links_of(number)
    assert (batch.state, batch.done, len(links)) == ("done", 600, 600)
    assert [(ref, details) for ref, details, _ in links] == [(f"user-{n}", {"n": n} if n % 2 else None) for n in range(600)]
    tokens = list(batches.tokens_of(batch, app.config["SETTINGS"].master))
    assert [digest(token) for token, _ in tokens] == [link[2] for link in links]
    assert len({token for token, _ in tokens}) == 600
    with unit_of_work() as session:
        told = select(func.count()).where(Event.org_id == batch.org_id, Event.type == "session.created")
        assert session.scalar(told) == 600


def test_a_worker_that_dies_between_two_chunks_is_followed_by_another(app, start):
    number = start(600)
    master = app.config["SETTINGS"].master
    with unit_of_work() as session:
        lease = batches.claim(session, number)
    with unit_of_work() as session:
        assert batches.do_chunk(session, master, number, lease)
    with pytest.raises(ZeroDivisionError), unit_of_work() as session:
        batches.do_chunk(session, master, number, lease)
        raise ZeroDivisionError  # killed before the commit
    assert len(links_of(number)) == batch_of(number).done == batches.CHUNK
    jobs.run_batch(number)
    assert len(links_of(number)) == batches.CHUNK  # the lease still runs: nobody may go on yet
    with unit_of_work() as session:
        session.execute(
            update(SessionBatch).where(SessionBatch.id == number).values(lease_until=utc_now() - timedelta(seconds=1))
        )
    for _ in range(20):  # a sweep takes up twenty, and what other tests left is older
        jobs.sweep_batches()
        if batch_of(number).state == "done":
            break
    assert [ref for ref, *_ in links_of(number)] == [f"user-{n}" for n in range(600)]
    assert batch_of(number).state == "done"


def test_a_worker_that_lost_its_lease_makes_nothing(app, start):
    number = start(300)
    master = app.config["SETTINGS"].master
    with unit_of_work() as session:
        slow = batches.claim(session, number)
        session.execute(
            update(SessionBatch).where(SessionBatch.id == number).values(lease_until=utc_now() - timedelta(seconds=1))
        )
    with unit_of_work() as session:
        assert batches.claim(session, number)
    with pytest.raises(Conflict), unit_of_work() as session:
        batches.do_chunk(session, master, number, slow)
    assert links_of(number) == []


def test_only_one_of_two_workers_gets_the_batch(start):
    number = start(10)
    with unit_of_work() as session:
        assert batches.claim(session, number)
    with unit_of_work() as session:
        assert batches.claim(session, number) is None


def test_a_batch_that_kills_its_workers_is_given_up_and_says_so(start):
    number = start(10)
    for _ in range(batches.MOST_ATTEMPTS):
        with unit_of_work() as session:
            assert batches.claim(session, number)
            past = utc_now() - timedelta(seconds=1)
            session.execute(update(SessionBatch).where(SessionBatch.id == number).values(lease_until=past))
    jobs.sweep_batches()
    assert (batch_of(number).state, links_of(number)) == ("failed", [])


def test_the_addresses_are_erased_after_the_download_and_after_a_day(app, start):
    master = app.config["SETTINGS"].master
    fetched, forgotten, young = start(3), start(3), start(3)
    for number in (fetched, forgotten, young):
        jobs.run_batch(number)
    with unit_of_work() as session:
        batches.note_fetched(session, batch_of(fetched), SYSTEM, clock=lambda: utc_now() - timedelta(minutes=11))
        old = utc_now() - timedelta(hours=25)
        session.execute(update(SessionBatch).where(SessionBatch.id == forgotten).values(finished_at=old))
    jobs.sweep_batches()
    for number in (fetched, forgotten):
        assert batch_of(number).rows is None
        with pytest.raises(Gone):
            batches.tokens_of(batch_of(number), master)
    assert len(list(batches.tokens_of(batch_of(young), master))) == 3


def test_a_list_fetched_before_its_end_is_kept_until_it_was_fetched_whole(app, start):
    number = start(3)
    for step in (lambda: None, lambda: jobs.run_batch(number)):
        step()
        with unit_of_work() as session:
            batches.note_fetched(session, batch_of(number), SYSTEM, clock=lambda: utc_now() - timedelta(minutes=11))
        fetched_whole = batch_of(number).state == "done"
        with unit_of_work() as session:
            batches.erase_old(session)
        assert (batch_of(number).seed is None) is fetched_whole
    assert fetched_whole and len(links_of(number)) == 3


def test_a_batch_that_cannot_be_made_holds_up_no_other(start):
    broken, good = start(3), start(3)
    with unit_of_work() as session:
        session.execute(update(SessionBatch).where(SessionBatch.id == broken).values(seed=b""))
    for _ in range(batches.MOST_ATTEMPTS):
        jobs.sweep_batches()
        with unit_of_work() as session:
            past = utc_now() - timedelta(seconds=1)
            session.execute(update(SessionBatch).where(SessionBatch.id == broken).values(lease_until=past))
    assert batch_of(good).state == "done"
    jobs.sweep_batches()
    assert (batch_of(broken).state, links_of(broken)) == ("failed", [])


def test_the_seed_is_sealed_and_bound_to_its_batch(app, start):
    one, other = start(1), start(1)
    with unit_of_work() as session:
        stolen = batch_of(one).seed
        session.execute(update(SessionBatch).where(SessionBatch.id == other).values(seed=stolen, done=1))
    with pytest.raises(Fault):
        next(batches.tokens_of(batch_of(other), app.config["SETTINGS"].master))


def test_the_same_upload_sent_twice_is_one_batch(app, make: Make):
    org = make.org()
    game, uid = make.game(org), "7b0a3f1e-1111-4222-8333-444455556666"
    uid = uid[:-6] + f"{org.id:06d}"
    made = set()
    for _ in range(2):
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            master = app.config["SETTINGS"].master
            made.add(batches.start_batch(session, owner, SYSTEM, master, [("a", None)], game_id=game, minutes=5, uid=uid).id)
    assert len(made) == 1


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\nb\n", [("a", None), ("b", None)]),
        ("external_ref\na\n\n\nb", [("a", None), ("b", None)]),
        ("\ufeffexternal_ref,metadata\r\na,\r\n", [("a", None)]),
        ('external_ref,metadata\nuser-1,"{""campaign"": ""summer""}"\n', [("user-1", {"campaign": "summer"})]),
        ("metadata;external_ref\n{};x", [("x", None)]),
        ('External_Ref\tMetadata\nx\t{"a": 1}', [("x", {"a": 1})]),
        ("ümlaut", [("ümlaut", None)]),
    ],
)
def test_a_list_is_read_as_people_write_it(text, rows):
    found = read_rows("file", text.encode())
    assert [(ref, details or None) for ref, details in found] == rows


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no rows"),
        (b"external_ref,metadata\n", "no rows"),
        (b"external_ref,colour\na,red", "external_ref and metadata"),
        (b"external_ref,external_ref\na,b", "once each"),
        (b"a,b\nc,d", "must name the columns"),
        (b"external_ref\na\n\xff", "Line 3 is not UTF-8"),
        (b"external_ref,metadata\nok,\nx,{bad\n", "Line 3: .*metadata"),
        (b"external_ref,metadata\nx,[1]\n", "Line 2: metadata must be a JSON object"),
        (b'external_ref,metadata\nx,"{""a"": 1, ""a"": 2}"\n', "Line 2: a stands twice"),
        (b"external_ref\n" + b"x" * 256, "Line 2: external_ref has 256"),
        (b'external_ref,metadata\nx,{"a": 1}, "b"\n', "Line 2"),
        (b'external_ref\n"unclosed\n', "cannot be read as CSV"),
        (b"external_ref\n" + b"a\n" * 10_001, "10,001 rows"),
        (b"x" * 4_000_001, "4,000,001 bytes"),
    ],
)
def test_a_bad_list_is_refused_by_line(data, says):
    with pytest.raises(Invalid, match=says):
        read_rows("file", data)


def test_the_first_ten_bad_lines_are_named_and_the_rest_counted():
    data = b"external_ref,metadata\n" + b"x,{\n" * 12
    with pytest.raises(Invalid) as caught:
        read_rows("file", data)
    assert caught.value.message.count("Line ") == 10 and "2 more lines" in caught.value.message
    assert caught.value.message.endswith("Nothing was created.")

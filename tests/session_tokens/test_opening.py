"""A link opens once. Every other answer is the same sentence."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.catalog import service as catalog
from portal.catalog.model import Game
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Forbidden, Gone, Invalid
from portal.keys.model import ApiKey, KeySecret
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.session_tokens import opening
from portal.session_tokens.model import SessionToken
from portal.session_tokens.service import Reach, create_session, revoke_by_key, revoke_many
from tests.make import Make, unique


def consume(token: str, **values) -> opening.Consumed:
    with unit_of_work() as session:
        return opening.consume(session, token, **values)


def refusal_of(token: str, **values) -> str:
    with pytest.raises(Gone) as caught:
        consume(token, **values)
    return caught.value.message


def row_of(number: int) -> SessionToken:
    with unit_of_work() as session:
        row = session.get_one(SessionToken, number)
        session.expunge(row)
        return row


def test_a_link_opens_once(make: Make):
    org = make.org()
    link = make.link(org, external_ref="user-1", metadata={"campaign": "summer"})
    used = consume(link.token)
    assert (used.session_id, used.org_id, used.game_id) == (link.id, org.id, link.game_id)
    assert (used.external_ref, used.metadata) == ("user-1", {"campaign": "summer"})
    assert refusal_of(link.token) == opening.GONE


def test_unknown_used_expired_revoked_early_and_malformed_are_told_apart_by_nobody(make: Make):
    org = make.org()
    used, revoked = make.link(org), make.link(org)
    consume(used.token)
    with unit_of_work() as session:
        revoke_many(session, session.get_one(Organization, org.id), SYSTEM, [revoked.id])
    expired = make.link(org, minutes=1, clock=lambda: utc_now() - timedelta(minutes=2))
    early = make.link(org, not_before=utc_now() + timedelta(hours=1))
    unknown = "00000000-0000-4000-8000-000000000000"
    tokens = [used.token, revoked.token, expired.token, early.token, unknown, "", "no-uuid", used.token + " "]
    assert {refusal_of(token) for token in tokens} == {"Session is invalid, already consumed, or expired"}


def test_links_of_an_organization_that_is_switched_off_open_nothing(make: Make):
    operator = make.org()
    agent = make.org(parent=operator)
    link, below = make.link(operator), make.link(agent)
    with unit_of_work() as session:
        session.get_one(Organization, operator.id).disabled_at = utc_now()
    assert refusal_of(link.token) == refusal_of(below.token) == opening.GONE


def test_a_link_dies_at_its_moment_by_the_clock_of_the_database(make: Make):
    org = make.org()
    nearly = make.link(org, minutes=1, clock=lambda: utc_now() - timedelta(seconds=57))
    past = make.link(org, minutes=1, clock=lambda: utc_now() - timedelta(seconds=60))
    assert consume(nearly.token).session_id == nearly.id
    assert refusal_of(past.token) == opening.GONE


def test_the_same_attempt_gets_the_same_answer_for_ten_minutes_and_another_none(make: Make):
    link = make.link(make.org())
    first = consume(link.token, attempt="tab-1")
    again = consume(link.token, attempt="tab-1")
    assert again.repeated and not first.repeated and again.session_id == first.session_id
    assert refusal_of(link.token, attempt="tab-2") == refusal_of(link.token) == opening.GONE
    late = utc_now() + timedelta(minutes=11)
    assert refusal_of(link.token, attempt="tab-1", clock=lambda: late) == opening.GONE


def test_a_use_is_told_once_in_the_audit_log_and_to_the_outbox(make: Make):
    org = make.org()
    link = make.link(org, external_ref="user-7")
    player = "9f3c6f58-8b6e-4f0a-9f0e-2f7f0c3f1a11"
    consume(link.token, player_uuid=player, attempt="x", address="192.0.2.7")
    consume(link.token, attempt="x")
    with unit_of_work() as session:
        actor = (AuditRow.actor_kind, AuditRow.actor_id, AuditRow.address)
        rows = session.execute(select(*actor).where(AuditRow.org_id == org.id, AuditRow.action == "session.consumed")).all()
        names = session.scalars(select(Event.type).where(Event.org_id == org.id).order_by(Event.id)).all()
    assert [tuple(row) for row in rows] == [("player", player, "192.0.2.7")]
    assert names == ["session.created", "session.consumed"]


def test_threads_that_use_one_link_at_once_make_one_grant(make: Make, app):
    link = make.link(make.org())
    granted, started = [], threading.Barrier(8)

    def use() -> None:
        with app.app_context():
            started.wait()
            try:
                granted.append(consume(link.token).session_id)
            except Gone:
                pass

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted == [link.id]


def test_the_token_is_nowhere_in_the_database(make: Make):
    link = make.link(make.org())
    row = row_of(link.id)
    assert row.digest == digest(link.token) and row.hint == link.token[-4:]
    with unit_of_work() as session:
        event = session.scalar(select(Event.data).where(Event.subject == str(link.id), Event.type == "session.created"))
        audit = session.scalar(
            select(AuditRow.after).where(AuditRow.subject_id == str(link.id), AuditRow.action == "session.created")
        )
    assert link.token not in f"{event} {audit}"


def test_receipts_keep_the_first_moment_and_never_use_the_link_up(make: Make):
    link = make.link(make.org())
    first = utc_now() - timedelta(minutes=5)
    for moment in (first, utc_now()):
        with unit_of_work() as session:
            opening.note_preview(session, link.id, clock=lambda moment=moment: moment)
            opening.note_open(session, link.id, clock=lambda moment=moment: moment)
    row = row_of(link.id)
    assert row.previewed_at == row.opened_at == first and row.consumed_at is None
    assert consume(link.token).session_id == link.id


def test_a_foreign_an_unknown_and_an_archived_game_are_refused_in_the_same_words(make: Make):
    org, other = make.org(), make.org()
    foreign, archived = make.game(other), make.game(org)
    with unit_of_work() as session:
        catalog.archive(session, session.get_one(Organization, org.id), SYSTEM, session.get_one(Game, archived))
    said = set()
    for number in (foreign, archived, 2**31 - 1, 2**40):
        with pytest.raises(Invalid) as caught, unit_of_work() as session:
            create_session(session, org.id, SYSTEM, game_id=number)
        assert caught.value.field == "game_id"
        said.add(caught.value.message.replace(str(number), "N"))
    assert len(said) == 1


def test_a_link_needs_a_target_and_a_key_stays_within_its_lists(make: Make):
    org = make.org()
    game, stream = make.game(org), make.stream(org)
    with pytest.raises(Invalid, match="game, a stream or both"), unit_of_work() as session:
        create_session(session, org.id, SYSTEM)
    reach = Reach(games=frozenset({game}), streams=frozenset())
    with pytest.raises(Forbidden, match=f"stream {stream}"), unit_of_work() as session:
        create_session(session, org.id, SYSTEM, game_id=game, stream_id=stream, reach=reach)
    with unit_of_work() as session:
        made = create_session(session, org.id, SYSTEM, game_id=game, stream_id=stream)
    assert (made.game_id, made.stream_id) == (game, stream)


@pytest.mark.parametrize("minutes", [0, -1, 525_601, 10**12])
def test_a_link_lives_from_a_minute_to_a_year(make: Make, minutes: int):
    org = make.org()
    with pytest.raises(Invalid, match="expires_in_minutes"):
        make.link(org, minutes=minutes)


@pytest.mark.parametrize("text", ["x" * 256, "two\nlines", "bell\x07", "\u202eabc"])
def test_a_reference_is_one_printable_line(make: Make, text: str):
    org = make.org()
    with pytest.raises(Invalid, match="external_ref"):
        make.link(org, external_ref=text)


def nested(levels: int) -> dict:
    return {"a": nested(levels - 1)} if levels > 1 else {"a": 1}


def test_metadata_is_small_and_shallow(make: Make):
    org = make.org()
    game = make.game(org)
    good = [nested(8), {"a": "x" * (8192 - len('{"a":""}'))}, {"ü": [1, None, True, 2.5]}, {}]
    for metadata in good:
        link = make.link(org, game_id=game, metadata=metadata)
        assert consume(link.token).metadata == metadata
    for metadata in (nested(9), {"a": "x" * 8190}, {"a": float("nan")}, {"a": "\x00"}, {"a": "\ud800"}):
        with pytest.raises(Invalid, match="metadata"):
            make.link(org, game_id=game, metadata=metadata)


def test_revoking_a_keys_links_leaves_used_ones_and_those_of_others_alone(make: Make):
    org = make.org()
    secret = make.key(org, "session")
    with unit_of_work() as session:
        key = session.scalar(
            select(ApiKey).join(KeySecret, KeySecret.key_id == ApiKey.id).where(KeySecret.digest == digest(secret))
        )
        session.expunge_all()
    game = make.game(org)
    links = [make.link(org, game_id=game, reach=Reach(key_id=key.id)) for _ in range(3)]
    own = make.link(org, game_id=game)
    consume(links[0].token)
    with unit_of_work() as session:
        assert revoke_by_key(session, session.get_one(Organization, org.id), key, SYSTEM) == 2
        told = session.scalar(select(func.count()).where(Event.org_id == org.id, Event.type == "session.revoked"))
    assert told == 2
    assert refusal_of(links[1].token) == opening.GONE
    assert consume(own.token).session_id == own.id


def test_another_organizations_links_cannot_be_revoked(make: Make):
    org, other = make.org(), make.org()
    link = make.link(org, external_ref=unique("ref"))
    with unit_of_work() as session:
        assert revoke_many(session, session.get_one(Organization, other.id), SYSTEM, [link.id, -1, 2**40]) == 0
    assert consume(link.token).session_id == link.id


def test_creating_and_consuming_cost_three_statements_each(make: Make, count_sql):
    """The link, the audit row and the event: whether the game is there and ours is part of the insert."""
    org = make.org()
    game = make.game(org)
    with count_sql() as creating, unit_of_work() as session:
        made = create_session(session, org.id, SYSTEM, game_id=game, external_ref="user-1", metadata={"a": 1})
    with count_sql() as consuming:
        consume(made.token)
    assert [statement.split()[0] for statement in creating] == ["INSERT", "INSERT", "INSERT"]
    assert [statement.split()[0] for statement in consuming] == ["UPDATE", "INSERT", "INSERT"]

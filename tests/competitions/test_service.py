"""A competition is created, changed, opened, deleted and canceled."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.audit.service import SYSTEM
from portal.competitions import service
from portal.competitions.model import Competition, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Conflict, Invalid, NotFound, PortalError, Unprocessable
from portal.orgs.model import Organization
from portal.outbox.model import Event
from tests.make import Make

NOW = utc_now()
DAY = timedelta(days=1)


def created(make: Make, kind: str = "bracket", **terms):
    """The competition as it was read back."""
    org = make.org()
    return org, look(org, make.competition(org, kind, **terms))


def look(org, uid: str) -> Competition:
    """The row as it stands, free of its session."""
    with unit_of_work() as session:
        found = competition_by_uid(session, org.id, uid)
        session.expunge(found)
        return found


def doing(org, uid: str, act):
    with unit_of_work() as session:
        return act(session, competition_by_uid(session, org.id, uid))


def told(org, uid: str) -> list[str]:
    with unit_of_work() as session:
        names = list(session.scalars(select(Event.type).where(Event.org_id == org.id, Event.subject == uid).order_by(Event.id)))
        noted = select(AuditRow.action).where(AuditRow.org_id == org.id, AuditRow.subject_id == uid).order_by(AuditRow.id)
        assert list(session.scalars(noted)) == names, "each change has its audit row and its event"
        return names


def test_a_new_competition_is_a_public_draft_that_keeps_what_was_said_word_for_word(make):
    rules = {"tiebreaks": ["points", "lots"], "format": "swiss", "best_of": 1}
    metadata = {
        "stream_url": "https://stream.example/z",
        "banner_url": "https://cdn.example/a",
        "nested": {"b": 1.0, "a": [None]},
    }
    wei = "0" * 10 + "9" * 68
    _, made = created(make, "league", rules=rules, metadata=metadata, prize_pool_wei=wei, entry_fee_wei="0")
    assert (made.status, made.visibility, made.waiting_list, made.format) == ("draft", "public", False, "swiss")
    assert list(made.rules) == list(rules) and made.rules == rules
    assert list(made.details) == list(metadata) and repr(made.details) == repr(metadata)
    assert (made.prize_pool_wei, made.entry_fee_wei) == (wei, "0")
    assert 0 <= made.draw_seed < 2**53


REFUSED = [
    ({"title": None}, Invalid, "title"),
    ({"title": "x"}, Invalid, "title"),
    ({"title": "   x   "}, Invalid, "title"),
    ({"title": "x" * 201}, Invalid, "title"),
    ({"title": "two\nlines"}, Invalid, "title"),
    ({"description": "x" * 10_001}, Invalid, "description"),
    ({"category": ""}, Invalid, "category"),
    ({"category": "x" * 61}, Invalid, "category"),
    ({"category": "<b>"}, Invalid, "category"),
    ({"max_participants": 0}, Invalid, "max_participants"),
    ({"max_participants": 1}, Unprocessable, "max_participants"),
    ({"max_participants": 10_001}, Invalid, "max_participants"),
    ({"max_participants": 4_097}, Unprocessable, "max_participants"),
    ({"entry_fee_wei": "9" * 79}, Invalid, "entry_fee_wei"),
    ({"prize_pool_wei": "-1"}, Invalid, "prize_pool_wei"),
    ({"prize_pool_wei": "1.5"}, Invalid, "prize_pool_wei"),
    ({"prize_pool_wei": "1٣"}, Invalid, "prize_pool_wei"),
    ({"prize_pool_wei": "12\n"}, Invalid, "prize_pool_wei"),
    ({"prize_pool_wei": ""}, Invalid, "prize_pool_wei"),
    ({"metadata": {"text": "x" * 16_384}}, Invalid, "metadata"),
    ({"metadata": {"number": float("inf")}}, Invalid, "metadata"),
    ({"visibility": "secret"}, Invalid, "visibility"),
    ({"rules": {"best_of": 2}}, Invalid, "rules.best_of"),
    ({"registration_opens": NOW + DAY, "registration_closes": NOW}, Unprocessable, "registration_closes"),
    ({"registration_opens": NOW, "registration_closes": NOW}, Unprocessable, "registration_closes"),
    ({"registration_closes": NOW + DAY, "starts_at": NOW}, Unprocessable, "starts_at"),
    ({"registration_opens": NOW + DAY, "starts_at": NOW}, Unprocessable, "starts_at"),
    ({"starts_at": NOW + DAY, "ends_at": NOW}, Unprocessable, "ends_at"),
    ({"starts_at": NOW, "ends_at": NOW}, Unprocessable, "ends_at"),
    ({"registration_opens": NOW + DAY, "ends_at": NOW}, Unprocessable, "ends_at"),
]


@pytest.mark.parametrize(("terms", "error", "field"), REFUSED)
def test_a_term_that_breaks_a_rule_is_refused_by_name_and_nothing_is_made(make, terms, error, field):
    org = make.org()
    with pytest.raises(error) as refused:
        make.competition(org, **terms)
    assert type(refused.value) is error and refused.value.field == field
    with unit_of_work() as session:
        assert session.scalar(select(Competition).where(Competition.org_id == org.id)) is None


def test_the_ends_of_what_is_allowed_are_allowed(make):
    terms = {"title": "x" * 200, "description": "é" * 10_000, "category": "x" * 60, "max_participants": 4_096}
    _, made = created(make, registration_closes=NOW, starts_at=NOW, ends_at=NOW + DAY, prize_pool_wei="9" * 78, **terms)
    assert (len(made.title), len(made.description), made.max_participants) == (200, 10_000, 4_096)


def test_a_draft_can_be_changed_and_null_clears_a_field(make):
    org, made = created(make, description="old", category="cs2", max_participants=16, visibility="private")
    changes = {"description": None, "max_participants": 32, "visibility": None, "rules": {"format": "double_elimination"}}
    doing(org, made.uid, lambda session, found: service.change_competition(session, found, SYSTEM, changes))
    now = look(org, made.uid)
    assert (now.description, now.max_participants, now.category, now.visibility) == (None, 32, "cs2", "public")
    assert now.format == "double_elimination" and now.updated_at > made.updated_at
    assert told(org, made.uid) == ["competition.created", "competition.updated"]


def test_a_change_is_held_against_what_stands(make):
    org, made = created(make, starts_at=NOW + DAY, rules={"format": "single_elimination"})
    for changes, field in (({"ends_at": NOW}, "ends_at"), ({"title": None}, "title"), ({"rules": {"legs": 2}}, "rules.legs")):
        with pytest.raises(Invalid) as refused:
            doing(
                org,
                made.uid,
                lambda session, found, changes=changes: service.change_competition(session, found, SYSTEM, changes),
            )
        assert refused.value.field == field


@pytest.mark.parametrize("status", ["registration", "active"])
def test_only_a_draft_can_be_changed_or_opened(make, status):
    org = make.org()
    uid = make.competition(org, status=status, entrants=2)
    for act in (
        lambda session, found: service.change_competition(session, found, SYSTEM, {"title": "Another"}),
        lambda session, found: service.open_registration(session, found, SYSTEM),
    ):
        with pytest.raises(Conflict, match=status):
            doing(org, uid, act)


def test_opening_by_hand_moves_the_opening_hour_to_now(make):
    org, made = created(make, registration_opens=utc_now() + DAY, registration_closes=utc_now() + 2 * DAY)
    doing(org, made.uid, lambda session, found: service.open_registration(session, found, SYSTEM))
    now = look(org, made.uid)
    assert now.status == "registration" and now.registration_opens == now.opened_at <= utc_now()
    assert told(org, made.uid) == ["competition.created", "competition.opened"]


def test_a_competition_whose_registration_has_closed_cannot_be_opened(make):
    org, made = created(make, registration_closes=utc_now() - DAY)
    with pytest.raises(Conflict, match="registration_closes"):
        doing(org, made.uid, lambda session, found: service.open_registration(session, found, SYSTEM))


def test_a_draft_is_deleted_and_its_season_forgets_it(make):
    from portal.seasons.model import Season, SeasonCompetition

    org, made = created(make)
    with unit_of_work() as session:
        season = Season(org_id=org.id, name="Spring", scoring_config={})
        session.add(season)
        session.flush()
        session.add(SeasonCompetition(season_id=season.id, competition_id=made.id))
    assert doing(org, made.uid, lambda session, found: service.delete_or_cancel(session, found, SYSTEM)) == "deleted"
    with unit_of_work() as session, pytest.raises(NotFound):
        competition_by_uid(session, org.id, made.uid)
    assert told(org, made.uid) == ["competition.created", "competition.deleted"]


@pytest.mark.parametrize("status", ["registration", "active"])
def test_a_competition_that_people_joined_is_canceled_once(make, status):
    org = make.org()
    uid = make.competition(org, status=status, entrants=2)
    assert doing(org, uid, lambda session, found: service.delete_or_cancel(session, found, SYSTEM)) == "canceled"
    for act in (service.delete_or_cancel, service.cancel_competition):
        with pytest.raises(Conflict, match="canceled already"):
            doing(org, uid, lambda session, found, act=act: act(session, found, SYSTEM))
    assert told(org, uid)[-1] == "competition.canceled"
    assert look(org, uid).canceled_at is not None


def test_a_completed_competition_is_not_canceled(make):
    org = make.org()
    uid = make.competition(org, status="active", entrants=2)
    doing(org, uid, lambda _session, found: setattr(found, "status", "completed"))
    with pytest.raises(Conflict, match="completed"):
        doing(org, uid, lambda session, found: service.cancel_competition(session, found, SYSTEM))


def test_two_who_end_a_draft_at_once_end_it_once(make, app):
    """Whoever comes second finds nothing there, or finds it canceled; nobody meets an error of ours."""
    org = make.org()
    uid = make.competition(org)
    ways, answers, ready = [service.delete_or_cancel, service.cancel_competition], [], threading.Barrier(2)

    def end(act) -> None:
        with app.app_context():
            try:
                with unit_of_work() as session:
                    if db.engine.dialect.name == "sqlite":  # one writer: the second reads what the first left
                        ready.wait()
                        found = competition_by_uid(session, org.id, uid)
                    else:
                        found = competition_by_uid(session, org.id, uid)
                        ready.wait()
                    answers.append(act(session, found, SYSTEM))
            except PortalError as error:
                answers.append(type(error))

    threads = [threading.Thread(target=end, args=(way,)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    with unit_of_work() as session:
        left = session.scalar(select(Competition.status).where(Competition.uid == uid))
    assert (left, sorted(map(str, answers))) in [
        (None, sorted(["deleted", str(NotFound)])),
        ("canceled", sorted(["None", str(Conflict)])),
    ]


def test_a_competition_of_another_organization_is_not_there(make):
    mine, theirs = make.org(), make.org()
    uid = make.competition(theirs)
    with unit_of_work() as session, pytest.raises(NotFound):
        competition_by_uid(session, mine.id, uid)
    with unit_of_work() as session:
        assert session.get_one(Organization, mine.id).uid == mine.uid

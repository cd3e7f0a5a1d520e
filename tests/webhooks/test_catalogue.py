"""The catalogue says what is really told."""

import json

from jsonschema import Draft202012Validator
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.competitions import service as competitions
from portal.competitions.model import competition_by_uid
from portal.kernel.db import unit_of_work
from portal.outbox.model import Event
from portal.outbox.names import EVENTS
from portal.webhooks import service
from portal.webhooks.catalogue import event_types, example_of, schema_of
from tests.webhooks.office import Office


def test_every_type_has_a_sentence_a_version_an_example_and_a_schema_that_fits_it():
    assert [one.name for one in event_types()] == list(EVENTS)
    for one in event_types():
        Draft202012Validator.check_schema(one.schema)
        Draft202012Validator(one.schema).validate(json.loads(json.dumps(one.example)))
        assert one.sentence.endswith(".") and one.version >= 1


def test_what_is_told_of_competitions_keys_teams_seasons_and_webhooks_is_what_the_catalogue_shows(office: Office):
    make, org = office.make, office.org
    cup = make.competition(org, "bracket", status="active", entrants=4)
    make.play(org, cup, lambda a, b: (2, 0))
    draft = make.competition(org)
    with unit_of_work() as session:
        competitions.cancel_competition(session, competition_by_uid(session, org.id, draft), SYSTEM)
    make.season(org, cup, name="Spring")
    make.key(org, "competition")
    make.link(org)
    uid = office.endpoint()
    office.do(service.pause, uid, SYSTEM)
    office.do(service.rotate_secret, uid, SYSTEM, office.settings)
    with unit_of_work() as session:
        told = session.execute(select(Event.type, Event.data).where(Event.org_id == org.id)).all()
    kinds = {name for name, _ in told}
    assert {"competition.completed", "match.completed", "match.advanced", "registration.checked_in", "key.issued"} <= kinds
    wrong = {}
    for name, data in told:
        example = example_of(name)
        if differs := set(example) ^ set(data):
            wrong[name] = f"differs by {sorted(differs)}"
        elif nested := set(example.get("match", {})) ^ set(data.get("match", {})):
            wrong[name] = f"match differs by {sorted(nested)}"
    assert wrong == {}


def test_a_schema_follows_from_an_example():
    assert schema_of({"a": 1, "b": [True], "c": None, "d": 1.5})["properties"] == {
        "a": {"type": "integer"},
        "b": {"type": "array", "items": {"type": "boolean"}},
        "c": {"type": ["string", "null"]},
        "d": {"type": "number"},
    }

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
from portal.webhooks.catalogue import body_example, body_schema, event_type, event_types, example_of
from tests.webhooks.office import Office


def test_every_type_has_a_sentence_a_version_an_example_and_a_schema_that_fits_it():
    assert [one.name for one in event_types()] == list(EVENTS)
    for one in event_types():
        Draft202012Validator.check_schema(one.schema)
        Draft202012Validator(one.schema).validate(json.loads(json.dumps(one.example)))
        Draft202012Validator(body_schema(one)).validate(body_example(one))
        assert one.sentence.endswith(".") and one.version >= 1 and one.example


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
        elif faults := list(Draft202012Validator(event_type(name).schema).iter_errors(data)):
            wrong[name] = faults[0].message
    assert wrong == {}


def test_what_may_be_null_or_missing_and_what_is_out_of_a_few_words_stands_in_the_schema():
    schema = event_type("match.completed").schema
    match = schema["properties"]["match"]["properties"]
    assert match["winner"] == {"type": ["string", "null"], "enum": ["a", "b", "draw", None]}
    assert match["score_a"] == {"type": ["integer", "null"]} and match["participant_a"]["type"] == ["object", "null"]
    assert schema["required"] == ["competition_id", "match"] and "reported_by" in schema["properties"]
    assert event_type("session.created").schema["properties"]["expires_at"]["format"] == "date-time"

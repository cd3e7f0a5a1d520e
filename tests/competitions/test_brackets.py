"""The bridge between rows and rules: what is saved is what is loaded, and no more than is needed is loaded."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.audit.service import SYSTEM
from portal.competitions.brackets import load, load_for, save
from portal.competitions.model import competition_by_uid
from portal.competitions.results import Report, record_result
from portal.formats import FORMATS
from portal.formats.plan import Changes, Entrant, Result
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

PLAYED = (
    ("bracket", {"third_place_match": True}),
    ("bracket", {"format": "double_elimination", "grand_final": "reset"}),
    ("league", {"legs": 2}),
    ("league", {"format": "swiss"}),
    ("challenge", {"challenge": "head_to_head"}),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLAYED), st.integers(2, 9), st.integers(0, 2**32))
def test_a_plan_that_is_saved_and_loaded_is_the_same_plan(make, played, entrants, seed):
    kind, rules = played
    org, chance = make.org(), Random(seed)
    uid = make.competition(org, kind, status="active", entrants=entrants, rules=rules)
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, uid)
        people = [person.entrant for person in load(session, competition).people.values()]
        module, first = FORMATS[competition.format], load(session, competition)
        built = module.build(people, first.plan.rules, Random(competition.draw_seed))
        assert first.plan.matches == built.matches
        plan = built
        while ready := [match for match in plan.in_order() if match.ready]:
            match = chance.choice(ready)
            winner = chance.choice(("a", "b"))
            result = Result(match.number, winner, int(winner == "a"), int(winner == "b"))
            changes = module.advance(plan, result)
            save(session, competition, load(session, competition), changes, utc_now())
            plan.apply(changes)
        assert load(session, competition).plan.matches == plan.matches
        assert load(session, competition).pending == 0


@pytest.mark.parametrize(("kind", "rules"), [PLAYED[0], PLAYED[1], PLAYED[2]])
def test_a_result_loads_only_what_it_can_reach_and_decides_the_same(make, count_sql, kind, rules):
    org = make.org()
    uid = make.competition(org, kind, status="active", entrants=32 if kind == "bracket" else 8, rules=rules)
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, uid)
        whole = load(session, competition)
        for number, slot in sorted(whole.slots.items(), key=lambda item: item[0])[:6]:
            with count_sql() as statements:
                part = load_for(session, competition, slot.uid)
            assert len(statements) == 2
            assert len(part.plan.matches) < len(whole.plan.matches) / 2
            assert part.pending == whole.pending and not part.whole
            module = FORMATS[competition.format]
            for winner in ("a", "b"):
                result = Result(number, winner, int(winner == "a"), int(winner == "b"))
                assert module.advance(part.plan, result) == module.advance(whole.plan, result)


def test_the_matches_of_others_are_neither_loaded_nor_changed(make):
    org = make.org()
    mine, theirs = (make.competition(org, status="active", entrants=4) for _ in range(2))
    with unit_of_work() as session:
        other = competition_by_uid(session, org.id, theirs)
        before = load(session, other)
        competition = competition_by_uid(session, org.id, mine)
        held = load(session, competition)
        assert not {slot.uid for slot in held.slots.values()} & {slot.uid for slot in before.slots.values()}
        for uid in (before.slots[1].uid, new_uid()):
            with pytest.raises(NotFound):
                load_for(session, competition, uid)
        record_result(session, competition, SYSTEM, held.slots[1].uid, Report("a", 2, 0))
        assert load(session, other) == before
        save(session, competition, held, Changes(removed=(3,)), utc_now())
        assert sorted(load(session, competition).plan.matches) == [1, 2]
        assert load(session, other) == before


def test_the_same_stored_number_draws_the_same_matches(make):
    org = make.org()
    uid = make.competition(org, "league", status="active", entrants=6, rules={"format": "swiss"})
    with unit_of_work() as session:
        competition = competition_by_uid(session, org.id, uid)
        held = load(session, competition)
        entrants = [Entrant(person.id, person.seed or 0) for person in held.people.values()]
        again = FORMATS["swiss"].build(entrants, held.plan.rules, Random(competition.draw_seed))
        assert again.matches == held.plan.matches

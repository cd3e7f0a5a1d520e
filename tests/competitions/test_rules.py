"""From `rules` as sent to the rules that a competition is played by."""

import pytest

from portal.competitions.rules import READERS, least_entrants, most_entrants, rules_of
from portal.formats.rules import DEFAULT_TIEBREAKS, FORMATS_OF_TYPE, TYPES, Points, Rules
from portal.kernel.errors import Invalid, Unprocessable


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_sent_means_the_first_format_of_the_type_and_every_default(kind):
    assert rules_of(kind, None) == rules_of(kind, {}) == Rules(FORMATS_OF_TYPE[kind][0])


def test_what_is_sent_is_taken_and_the_rest_keeps_its_default():
    rules = rules_of("league", {"legs": 2, "points": {"win": 2}, "tiebreaks": ["wins", "lots"], "min_roster": 5})
    assert rules == Rules("round_robin", legs=2, points=Points(2, 1, 0), tiebreaks=("wins", "lots"), min_roster=5)
    assert rules_of("bracket", {"best_of": 3}).tiebreaks == DEFAULT_TIEBREAKS
    assert rules_of("circuit", {"place_points": [10, 5, 5, 0]}).place_points == (10, 5, 5, 0)


def test_every_format_of_a_type_may_be_chosen_and_no_format_of_another():
    for kind, formats in FORMATS_OF_TYPE.items():
        for other, names in FORMATS_OF_TYPE.items():
            for name in names:
                if name in formats:
                    assert rules_of(kind, {"format": name}).format == name
                else:
                    with pytest.raises(Unprocessable, match=f"A {kind} is played as"):
                        rules_of(kind, {"format": name})
                    assert other != kind


REFUSED = [
    ({"third_place": True}, "rules.third_place"),
    ({"format": "knockout"}, "rules.format"),
    ({"format": ["single_elimination"]}, "rules.format"),
    ({"format": None}, "rules.format"),
    ({"best_of": 2}, "rules.best_of"),
    ({"best_of": 0}, "rules.best_of"),
    ({"best_of": 101}, "rules.best_of"),
    ({"best_of": "3"}, "rules.best_of"),
    ({"best_of": 3.0}, "rules.best_of"),
    ({"best_of": True}, "rules.best_of"),
    ({"third_place_match": "yes"}, "rules.third_place_match"),
    ({"third_place_match": 1}, "rules.third_place_match"),
    ({"grand_final": "double"}, "rules.grand_final"),
    ({"legs": 5}, "rules.legs"),
    ({"groups": 0}, "rules.groups"),
    ({"groups": 129}, "rules.groups"),
    ({"rounds": 0}, "rules.rounds"),
    ({"points": 3}, "rules.points"),
    ({"points": {"victory": 3}}, "rules.points"),
    ({"points": {"win": 2.5}}, "rules.points.win"),
    ({"points": {"win": 1_001}}, "rules.points.win"),
    ({"tiebreaks": "points"}, "rules.tiebreaks"),
    ({"tiebreaks": []}, "rules.tiebreaks"),
    ({"tiebreaks": ["points", 1]}, "rules.tiebreaks"),
    ({"tiebreaks": ["sonneborn"]}, "rules.tiebreaks"),
    ({"tiebreaks": ["points"] * 12}, "rules.tiebreaks"),
    ({"max_challenge_distance": 0}, "rules.max_challenge_distance"),
    ({"ladder": "glicko"}, "rules.ladder"),
    ({"cooldown_hours": -1}, "rules.cooldown_hours"),
    ({"inactivity_days": 10_000}, "rules.inactivity_days"),
    ({"challenge": "group"}, "rules.challenge"),
    ({"place_points": []}, "rules.place_points"),
    ({"place_points": [3, -1]}, "rules.place_points.1"),
    ({"min_roster": 101}, "rules.min_roster"),
]


@pytest.mark.parametrize(("sent", "field"), REFUSED)
def test_an_unknown_name_and_a_value_that_breaks_its_own_rule_are_refused_by_name(sent, field):
    with pytest.raises(Invalid) as refused:
        rules_of("league", sent)
    assert not isinstance(refused.value, Unprocessable)
    assert refused.value.field == field and field in refused.value.message


UNFITTING = [
    ("bracket", {"groups": 4}),
    ("bracket", {"legs": 2}),
    ("bracket", {"rounds": 5}),
    ("bracket", {"format": "double_elimination", "third_place_match": True}),
    ("bracket", {"grand_final": "reset"}),
    ("league", {"third_place_match": True}),
    ("league", {"rounds": 5}),
    ("league", {"format": "swiss", "legs": 2}),
    ("league", {"format": "swiss", "groups": 2}),
    ("league", {"ladder": "elo"}),
    ("ladder", {"challenge": "head_to_head"}),
    ("challenge", {"max_challenge_distance": 2}),
    ("circuit", {"best_of": 3}),
    ("league", {"place_points": [1]}),
    ("league", {"points": {"win": 1, "draw": 2}}),
    ("league", {"points": {"loss": 2}}),
    ("league", {"tiebreaks": ["points", "points"]}),
    ("circuit", {"place_points": [1, 2]}),
]


@pytest.mark.parametrize(("kind", "sent"), UNFITTING)
def test_rules_that_make_no_sense_together_are_unprocessable(kind, sent):
    with pytest.raises(Unprocessable) as refused:
        rules_of(kind, sent)
    assert refused.value.field.startswith("rules.")


def test_the_default_of_a_rule_that_a_format_has_not_may_be_sent():
    rules = rules_of("league", {"third_place_match": False, "grand_final": "simple", "ladder": "swap", "best_of": 1})
    assert rules == Rules("round_robin")


def test_every_rule_that_the_formats_know_can_be_sent():
    assert set(READERS) == {*Rules.__slots__}


def test_a_type_that_is_none_is_refused():
    with pytest.raises(Invalid) as refused:
        rules_of("cup", {})
    assert refused.value.field == "type"


def test_how_many_may_and_must_take_part_follows_from_the_rules():
    assert [most_entrants(rules_of(kind, None)) for kind in ("bracket", "league", "challenge")] == [4_096, 1_000, 10_000]
    least = [
        ("bracket", {}, 2),
        ("league", {"groups": 8}, 16),
        ("challenge", {}, 1),
        ("challenge", {"challenge": "head_to_head"}, 2),
        ("circuit", {}, 0),
    ]
    for kind, sent, number in least:
        assert least_entrants(rules_of(kind, sent)) == number

"""What is remembered of what was told: enough to tell what is new, and no more however long somebody listens."""

import json

import pytest

from portal.streaming.frames import MOST_OVER, Picture


def row(number: int, **more: object) -> dict[str, object]:
    return {"id": f"m{number}", "score_a": 0} | more


@pytest.mark.parametrize("kind", ["", "scoreboard.frame"])
def test_matches_that_are_over_fall_out_and_open_ones_stay(kind):
    picture = Picture(single=False, kind=kind)
    picture.fill((row(number), False) for number in range(3))
    for number in range(3, 3 + 5 * MOST_OVER):
        picture.change([(row(number), False)])
        assert len(picture.change([(row(number, score_a=2), True)])) == 1
    assert len(picture.told) == MOST_OVER + 3
    assert picture.open == {"m0", "m1", "m2"}
    last = 2 + 5 * MOST_OVER
    assert f"m{last}" in picture.told and f"m{last - MOST_OVER}" not in picture.told
    shown = json.loads(picture.snapshot() + "1}}")["data"]
    assert len(shown) == MOST_OVER + 3


def test_a_match_that_ends_without_anything_else_to_tell_is_not_open_any_more():
    """A key that sees scoreboards alone sees no status; what it saw last still has to fall out in time."""
    picture = Picture(single=False)
    picture.fill([(row(1), False)])
    assert picture.change([(row(1), True)]) == []
    assert picture.open == set()


def test_what_fell_away_in_a_correction_is_told_once():
    picture = Picture(single=False)
    picture.fill([(row(1), False), (row(2), True)])
    assert [json.loads(frame + "1}}")["data"]["status"] for frame in picture.remove(["m1", "m2", "m3"])] == ["cancelled"]
    assert picture.remove(["m1"]) == []

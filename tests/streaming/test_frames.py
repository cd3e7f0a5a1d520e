"""Rows to frames, without a stream."""

import json

import pytest

from portal.streaming.frames import Picture


def kinds(picture, *rows):
    return [json.loads(frame + "1}}")["type"] for frame in picture.change(rows)]


def row(status, score=None):
    return {"id": "m", "status": status, "score_a": score}, status in ("finished", "cancelled")


def test_a_match_is_told_as_new_then_as_changed_then_as_over_and_never_twice():
    picture = Picture(single=False)
    told = [kinds(picture, row(*each)) for each in [("upcoming",), ("upcoming",), ("live",), ("live", 1), ("finished", 2)]]
    assert told == [["match.created"], [], ["match.updated"], ["match.updated"], ["match.finished"]]
    assert kinds(picture, row("finished", 2)) == [] and kinds(picture, row("finished", 3)) == ["match.updated"]


@pytest.mark.parametrize("status", ["finished", "cancelled"])
def test_a_match_that_was_over_before_it_could_be_told_is_told_as_new_and_as_over(status):
    """Played between two looks at the events: whoever waits for its end must hear of it."""
    assert kinds(Picture(single=False), row(status, 2)) == ["match.created", "match.finished"]
    assert kinds(Picture(False, "scoreboard.frame"), row(status, 2)) == ["scoreboard.frame"]

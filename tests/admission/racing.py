"""Calls that are let go at the same moment, each in a thread with a client of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from flask.testing import FlaskClient


def at_once(app: Flask, calls: Sequence[Callable[[FlaskClient], Any]]) -> list[Any]:
    """The answers, in the order of the calls."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int) -> None:
        client = app.test_client()
        start.wait(10)
        answers[number] = calls[number](client)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert None not in answers, "a call did not come back"
    return answers

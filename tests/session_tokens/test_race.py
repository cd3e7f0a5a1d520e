"""300 tokens and 8 processes that all want every one of them: 300 grants. The wrong twin of the code is seen to fail."""

import http.client
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from portal.kernel.db import unit_of_work
from portal.session_tokens import opening
from portal.session_tokens.model import SessionToken
from tests.conftest import SECRET
from tests.make import Make
from tests.servers import ROOT, web_servers

PROCESSES, TOKENS = 8, 300
pytestmark = pytest.mark.processes


@pytest.fixture
def environ(database_url, own_redis_url, tmp_path) -> dict[str, str]:
    return {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,  # two races within a minute are more than an address may ask
        "TILTYARD_SECRET_KEY": SECRET,
        "TILTYARD_BASE_URL": "http://localhost",
        "TILTYARD_LOG_LEVEL": "error",
        "TILTYARD_WEB_THREADS": "4",
    }


@pytest.fixture
def tokens(make: Make) -> dict[int, str]:
    org = make.org()
    game = make.game(org)
    links = [make.link(org, game_id=game) for _ in range(TOKENS)]
    return {link.id: link.token for link in links}


def race(mode: str, environ: dict[str, str], tokens: dict[int, str], processes: int = PROCESSES) -> list[list[str]]:
    """What each process won, after all of them began at the same moment."""
    command = [sys.executable, "-m", "tests.session_tokens.racer", mode]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(processes)
    ]
    facts = json.dumps({"environ": environ, "tokens": tokens}) + "\n"
    for racer in racers:
        racer.stdin.write(facts)
        racer.stdin.flush()
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    return [json.loads(racer.communicate(timeout=120)[0] or "[]") for racer in racers]


def test_the_real_code_passes_the_race_that_finds_the_naive_one(environ, tokens):
    fewer = dict(list(tokens.items())[:100])  # all 300 are raced for below, over HTTP
    won = Counter(token for wins in race("real", environ, fewer) for token in wins)
    assert set(won) == set(fewer.values()) and set(won.values()) == {1}


def test_the_race_finds_select_then_update(environ, tokens, database_url):
    if not database_url.startswith("sqlite"):
        environ["TILTYARD_DATABASE_URL"] = database_url.replace("postgresql://", "postgresql+psycopg://")
    grants = 0
    for _ in range(3):  # one race finds it nearly always
        grants = sum(len(wins) for wins in race("naive", environ, tokens))
        if grants > TOKENS:
            return
        with unit_of_work() as session:
            session.query(SessionToken).filter(SessionToken.id.in_(tokens)).update({"consumed_at": None})
    pytest.fail(f"{grants} grants of {TOKENS} tokens: the race does not find the naive code")


def test_an_answer_lost_to_a_kill_can_be_had_again_by_whoever_asked(environ, tokens):
    number, token = next(iter(tokens.items()))
    assert race("dying", environ, {number: token}, processes=1) == [[]]
    with unit_of_work() as session:
        assert session.get_one(SessionToken, number).consumed_at is not None
        assert opening.consume(session, token, attempt="dying").session_id == number
        with pytest.raises(opening.Gone):
            opening.consume(session, token, attempt="somebody else")


def test_eight_web_processes_and_300_tokens_make_300_answers(environ, tokens, tmp_path: Path):
    heard: list[tuple[str, int]] = []
    with web_servers(PROCESSES, tmp_path, environ) as servers:
        started = threading.Barrier(PROCESSES)

        def ask(port: int, seed: int) -> None:
            order = list(tokens.values())
            random.Random(seed).shuffle(order)
            headers = {"Content-Type": "application/json"}
            started.wait()
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                for token in order:
                    body = json.dumps({"token": token})
                    status = 503
                    while status == 503:  # the database was busy for seconds: nothing was done, so ask again as told
                        connection.request("POST", "/api/org-api-keys?action=consume-session", body, headers)
                        with connection.getresponse() as answer:
                            answer.read()
                        status = answer.status
                    heard.append((token, status))

        threads = [threading.Thread(target=ask, args=(server.port, seed % 2)) for seed, server in enumerate(servers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    answers = Counter(heard)
    assert {status for _, status in answers} == {200, 410}
    assert {answers[token, 200] for token in tokens.values()} == {1}
    assert sum(answers.values()) == PROCESSES * TOKENS

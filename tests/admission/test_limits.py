"""Rates and concurrency on a real Redis, with its failures."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis as redis_client

from portal.admission.caller import Full, Pass, Window
from portal.admission.limits import RedisLimits
from portal.admission.local_limits import LocalLimits
from tests.servers import RedisServer

MINUTE = Window("minute", 10, 60)


@pytest.fixture
def ids() -> tuple[str, str]:
    """An organization and a key that no other test counts for."""
    return "org-" + os.urandom(4).hex(), "key-" + os.urandom(4).hex()


@pytest.fixture
def limits(redis_url: str) -> RedisLimits:
    return RedisLimits(redis_url, lease_seconds=1, processes=4)


def test_exactly_the_limit_is_let_in_by_many_threads(limits, ids):
    window = Window("minute", 300, 60)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: limits.enter(*ids, [window], 10_000), range(500)))
    assert sum(isinstance(answer, Pass) for answer in answers) == 300


def test_the_harness_catches_a_limiter_that_reads_before_it_writes(redis_url, ids):
    """The naive twin: GET, compare, INCR lets more in than the limit."""
    client = redis_client.Redis.from_url(redis_url)
    name, gate = f"naive:{ids[0]}", threading.Barrier(8)

    def enter(_):
        count = int(client.get(name) or 0)
        gate.wait()  # the moment in which another call may come between
        if count >= 4:
            return False
        client.incr(name)
        return True

    with ThreadPoolExecutor(8) as pool:
        let_in = sum(pool.map(enter, range(8)))
    assert let_in > 4


def test_a_refused_call_spends_nothing_in_any_window(limits, ids):
    small, large = Window("burst", 2, 10), Window("day", 100, 86_400)
    for _ in range(2):
        assert isinstance(limits.enter(*ids, [small, large], 50), Pass)
    for _ in range(20):
        assert isinstance(limits.enter(*ids, [small, large], 50), Full)
    answer = limits.enter(*ids, [large], 50)
    assert answer.quota.remaining == 97


def test_the_tightest_window_is_told_with_its_reset(limits, ids):
    answer = limits.enter(*ids, [Window("burst", 5, 10), Window("day", 100, 86_400)], 50)
    assert (answer.quota.limit, answer.quota.remaining) == (5, 4)
    assert 8 <= answer.quota.reset - time.time() <= 11


def test_a_window_opens_again_after_its_length(limits, ids):
    window = Window("second", 1, 1)
    assert isinstance(limits.enter(*ids, [window], 50), Pass)
    refused = limits.enter(*ids, [window], 50)
    assert refused == Full("rate", 1, refused.quota)
    time.sleep(1.05)
    assert isinstance(limits.enter(*ids, [window], 50), Pass)


def test_the_call_after_the_last_slot_is_refused_and_a_slot_given_back_is_free(limits, ids):
    held = [limits.enter(*ids, [MINUTE], 3) for _ in range(3)]
    refused = limits.enter(*ids, [MINUTE], 3)
    assert (refused.reason, refused.retry_after) == ("concurrency", 1)
    limits.leave(ids[0], held[0])
    assert isinstance(limits.enter(*ids, [MINUTE], 3), Pass)


def test_slots_that_nobody_gives_back_are_free_after_their_lease(limits, ids):
    for _ in range(3):
        limits.enter(*ids, [MINUTE], 3)
    assert isinstance(limits.enter(*ids, [MINUTE], 3), Full)
    time.sleep(1.1)
    assert isinstance(limits.enter(*ids, [MINUTE], 3), Pass)


def test_one_organization_does_not_use_up_the_slots_of_another(limits, ids):
    org, key = ids
    limits.enter(org, key, [MINUTE], 1)
    assert isinstance(limits.enter(org, key, [MINUTE], 1), Full)
    assert isinstance(limits.enter(org + "-2", key + "-2", [MINUTE], 1), Pass)


def test_the_script_is_sent_again_after_redis_forgot_it(limits, ids, redis_url):
    limits.enter(*ids, [MINUTE], 50)
    redis_client.Redis.from_url(redis_url).script_flush()
    assert limits.enter(*ids, [MINUTE], 50).local is False


def test_one_command_goes_to_redis_before_the_view_and_one_after_it(limits, ids, redis_url):
    client = redis_client.Redis.from_url(redis_url)
    limits.leave(ids[0], limits.enter(*ids, [MINUTE], 50))
    seen = []
    with client.monitor() as monitor:
        limits.leave(ids[0], limits.enter(*ids, [MINUTE], 50))
        client.ping()
        for command in monitor.listen():
            if command["command"] == "PING":
                break
            if command["client_type"] != "lua" and ids[0] in command["command"]:
                seen.append(command["command"].split()[0])
    assert seen == ["EVALSHA", "ZREM"]


class TestRedisInTrouble:
    @pytest.fixture
    def server(self, tmp_path):
        with RedisServer(tmp_path) as server:
            yield server

    def test_a_frozen_redis_costs_less_than_half_a_second_and_limits_go_on_in_the_process(self, server, ids):
        limits = RedisLimits(server.url, lease_seconds=1, processes=5)
        assert limits.enter(*ids, [MINUTE], 50).local is False
        server.freeze()
        try:
            answers, took = [], []
            for _ in range(5):
                begun = time.monotonic()
                answers.append(limits.enter(*ids, [MINUTE], 50))
                took.append(time.monotonic() - begun)
            assert sorted(took)[2] < 0.2 and sum(took) < 2, took
        finally:
            server.thaw()
        let_in = [answer for answer in answers if isinstance(answer, Pass)]
        assert len(let_in) == 2  # a share of 10 among five processes
        assert all(answer.local for answer in let_in)

    def test_a_killed_redis_is_asked_again_once_it_is_back(self, server, ids):
        limits = RedisLimits(server.url, lease_seconds=1, processes=1)
        limits.enter(*ids, [MINUTE], 50)
        server.kill()
        for _ in range(4):
            assert limits.enter(*ids, [Window("minute", 100, 60)], 50).local is True
        server.start()
        deadline = time.monotonic() + 12
        while limits.enter(*ids, [Window("minute", 10_000, 60)], 50).local:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def test_a_restarted_redis_is_noticed_by_an_idle_connection(self, server, ids):
        limits = RedisLimits(server.url, lease_seconds=1, processes=1)
        limits.enter(*ids, [MINUTE], 50)
        server.kill()
        server.start()
        assert limits.enter(*ids, [MINUTE], 50).local is False


def test_limits_in_one_process_count_like_the_shared_ones(ids):
    limits = LocalLimits()
    window = Window("minute", 3, 60)
    answers = [limits.enter(*ids, [window], 2) for _ in range(3)]
    assert [type(answer) for answer in answers] == [Pass, Pass, Full]
    assert answers[2].reason == "concurrency"
    limits.leave(ids[0], answers[0])
    assert isinstance(limits.enter(*ids, [window], 2), Pass)
    limits.leave(ids[0], answers[1])
    assert limits.enter(*ids, [window], 2).reason == "rate"

"""What Prometheus gets, who may ask for it, and what is left of it while the database is away."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from portal.web.metrics import asked

FIGURES = (
    "tiltyard_events_waiting",
    "tiltyard_events_oldest_waiting_seconds",
    "tiltyard_clock_ahead_seconds",
    'tiltyard_deliveries{state="due"}',
    'tiltyard_deliveries{state="held"}',
    "tiltyard_deliveries_oldest_due_seconds",
    "tiltyard_deliveries_turn_seconds",
    'tiltyard_delivery_tries{outcome="delivered"}',
    'tiltyard_webhooks{state="failing"}',
    "tiltyard_feed_messages_waiting",
    "tiltyard_feed_messages_oldest_seconds",
    "tiltyard_feeds_failing",
)


def values(text: str) -> dict[str, float]:
    """Every series with its value."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_it_says_how_far_behind_deliveries_are_and_what_this_process_counted(client):
    client.get("/healthz")
    answer = client.get("/metrics")
    found = values(answer.text)
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    assert [name for name in FIGURES if name not in found] == []
    assert found["tiltyard_figures_known"] == 1
    assert abs(found["tiltyard_clock_ahead_seconds"]) < 2, "both clocks are this machine's"
    assert any(name.startswith("tiltyard_requests_total") for name in found)


def test_figures_cost_a_few_statements_however_many_tenants_there_are(client, make, count_sql):
    def cost():
        with count_sql() as statements:
            assert client.get("/metrics").status_code == 200
        return len(statements)

    before = cost()
    for _ in range(3):
        make.delivery(make.org())
    assert cost() == before <= 12


def test_an_event_that_nobody_hands_on_makes_the_lag_of_the_relay(client, make):
    before = values(client.get("/metrics").text)
    make.event(make.org())
    after = values(client.get("/metrics").text)
    assert after["tiltyard_events_waiting"] >= before["tiltyard_events_waiting"] + 1
    assert after["tiltyard_events_oldest_waiting_seconds"] >= 0


def test_without_the_database_the_counts_are_there_and_one_figure_says_what_is_missing():
    def away():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    assert values(asked([away]).decode()) == {"tiltyard_figures_known": 0}


@pytest.mark.parametrize(
    ("settings", "headers", "peer", "status"),
    [
        ({}, {}, "127.0.0.1", 200),
        ({}, {}, "10.0.0.9", 404),
        ({}, {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1", 404),
        ({"env": "production"}, {}, "127.0.0.1", 404),
        ({"metrics_token": "open"}, {}, "127.0.0.1", 404),
        ({"metrics_token": "open"}, {"Authorization": "Bearer shut"}, "127.0.0.1", 404),
        ({"metrics_token": "open"}, {"Authorization": "Bearer open"}, "203.0.113.9", 200),
    ],
)
def test_only_who_may_sees_it(app, client, monkeypatch, settings, headers, peer, status):
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], **settings))
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == status
    assert ("tiltyard_" in answer.text) == (status == 200)

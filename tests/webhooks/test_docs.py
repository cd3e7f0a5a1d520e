"""What docs/webhooks.md says to integrators is what the code does: each number stands there as the code has it."""

import json
import re
from pathlib import Path

import pytest

from portal.config import Settings
from portal.contracts.competition.webhooks import EventsQuery
from portal.outbox.choosing import MOST_TYPES
from portal.webhooks import addresses, connecting, sending, terms
from portal.webhooks.claiming import FAILING, ORG_CAP
from portal.webhooks.doctor import TOLERANCE_SECONDS
from portal.webhooks.forgetting import KEPT
from portal.webhooks.health import NOTICE, OFF_SPAN, OFF_TRIES, WARN_SPAN, WARN_TRIES, WINDOW
from portal.webhooks.model import Endpoint
from portal.webhooks.recording import GONE
from portal.webhooks.rendering import MOST_BYTES
from portal.webhooks.schedule import DELAYS, JITTER, LONGEST, SLOW_DOWN, TRIES
from portal.webhooks.service import MOST_ENDPOINTS, OVERLAPS
from portal.webhooks.signing import signature_headers

PAGE = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text())
HOURS = {"hours": 3600, "hour": 3600, "minutes": 60, "minute": 60, "seconds": 1}
DEFAULT = Settings.from_env({"TILTYARD_ENV": "test", "TILTYARD_REDIS_URL": "memory://"})
limit = next(field for name, field in EventsQuery.model_fields.items() if name == "limit")

SAID = [
    f"A body has {MOST_BYTES:,} bytes at most",
    f"more than {TOLERANCE_SECONDS // 60} minutes away",
    f"within {sending.ALL_SECONDS:g} seconds means delivered",
    f"within {sending.CONNECT_SECONDS:g} seconds and the name to be found within {addresses.RESOLVING_SECONDS:g}.",
    f"the first {sending.KEPT_BYTES // 1024} KB",
    f"read up to {connecting.READ_BYTES // 1024} KB",
    f"| {GONE} | the endpoint is switched off at once",
    f"| {', '.join(map(str, sorted(SLOW_DOWN)))} |",
    f"rests for {DELAYS[0].seconds} seconds (or what `Retry-After` asks for, to {DELAYS[0].seconds * LONGEST:g})",
    f"After {TRIES} tries, 5 hours 12 minutes and 30 seconds,",
    {0.1: "Each wait is up to a tenth shorter or longer"}[JITTER],
    {2.0: "lengthens a wait to twice the plan at most"}[LONGEST],
    {5: "Five failures in a row"}[FAILING],
    f"of at least {OFF_TRIES} in at least {OFF_SPAN.days * 24} hours within {WINDOW.days} days",
    f"comes at {WARN_TRIES} tries in {WARN_SPAN.seconds // 3600} hours, and at least {NOTICE.seconds // 3600} hour before",
    f"`limit` is 1 to {limit.metadata[1].le}, by default {limit.default}",
    f"for {KEPT.days} days",
    f"for {', '.join(OVERLAPS)}, or not at all",
    f"| endpoints of an organization | {MOST_ENDPOINTS} |",
    f"{Endpoint.__table__.c.in_flight_cap.default.arg} to an endpoint (1 to {terms.MOST_CAP} can be chosen), {ORG_CAP} of",
    f"in an hour | {DEFAULT.webhook_hourly:,} (",
    f"| {MOST_TYPES} names;",
    f"| {terms.MOST_HEADERS}, with {terms.LONGEST_HEADER:,} characters each |",
    f"port {' or '.join(map(str, sorted(DEFAULT.webhook_ports)))} (",
    f"{addresses.MOST_URL:,} characters, no user name",
]


@pytest.mark.parametrize("said", SAID)
def test_the_page_says_what_the_code_does(said):
    assert said in PAGE


def test_the_plan_is_the_code_s():
    rows = re.findall(r"\| (\d) \| (\d+) (hours?|minutes?|seconds) \|", PAGE)
    assert [int(count) * HOURS[unit] for _, count, unit in rows] == [each.total_seconds() for each in DELAYS]
    assert [int(number) for number, *_ in rows] == list(range(2, TRIES + 1))
    assert sum(each.total_seconds() for each in DELAYS) == 5 * 3600 + 12 * 60 + 30


def test_every_header_of_a_delivery_is_named():
    names = signature_headers(DEFAULT.webhook_prefix, ["whsec_AAAA", "whsec_BBBB"], "m", "match.completed", 1, b"{}")
    assert [name for name in names if name not in PAGE] == []


def test_the_answers_that_are_printed_are_json():
    printed = re.search(r"```json (.*?) ```", PAGE)[1]
    assert set(json.loads(printed)["data"]) == {"items", "next", "has_more"}

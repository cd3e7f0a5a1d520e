"""schemathesis with all of its checks against a real server: read and write, with a key that may do everything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from portal.contracts.reference.operations import operations
from portal.keys.kinds import Limits
from tests.conftest import SECRET
from tests.contracts.ground import values_for
from tests.servers import WebServer, plain_environment

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
ROWS = 3  # for each call: some use them up
EXAMPLES = 3
GRANTED = 50  # of the operations, at least once; the samples of test_reference are granted for all

# Calls that may answer 400 to what the document calls well-formed, and why. All others may not: where rules are broken
# that JSON Schema cannot say, they answer 422, if they document it; 403, 404 and 409 speak of who asks and of what is there.
EITHER = "wallet or team_id: one of the two, not both and not neither"
LINE = "a line of text holds no control character"
HOOK = "addresses are public and of https, event types are those of the catalogue, headers are not ours, filters are your own"
PRICED = "an offer has each outcome once, with a name"
PLAYED = "scores and winner hang on the outcome"
REFUSES: dict[str, str] = {
    "competition_create_organization": LINE,
    "competition_change_organization": "null cannot clear the name, and " + LINE,
    "competition_put_member": "wallet or email: at least one of the two",
    "competition_create_competition": "rules have names of their own, and " + LINE,
    "competition_change_competition": "null cannot clear the title, rules have names of their own, and " + LINE,
    "competition_register_participant": EITHER,
    "competition_check_in": EITHER,
    "competition_report_result": PLAYED,
    "competition_correct": PLAYED,
    "competition_undo_check_in": "an empty registration_id names none",
    "competition_schedule_match": "a time of before 1970 is none that a match is played at",
    "competition_create_offer": PRICED,
    "competition_change_offer": PRICED,
    "competition_settle_offer": "an offer is settled by the key of one of its outcomes",
    "competition_create_season": LINE,
    "competition_change_season": "null cannot clear the name, and " + LINE,
    "competition_create_webhook": HOOK,
    "competition_change_webhook": HOOK,
    "competition_put_whitelabel": "custom_domain is a host name alone, and the addresses are of https",
}


def config(app: Flask) -> str:
    """What schemathesis loads, and what each operation may answer to well-formed data."""
    parts = [f"hooks = {json.dumps(str(HOOKS))}"]
    for one in operations(app):
        fair = ["2xx", "403", "404", "409"]
        fair += ["400"] if one.operation_id in REFUSES else []
        fair += ["422"] if 422 in one.errors else []
        parts.append(f"[[operations]]\ninclude-operation-id = {json.dumps(one.operation_id)}")
        parts.append(f"[operations.checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(fair)}")
    return "\n".join(parts)


@pytest.mark.processes
def test_no_call_breaks_the_server_or_its_own_description(app, database_url, own_redis_url, tmp_path, make):
    """On SQLite alone: what is tried is the words of the routes, which are the same on both, and it takes most of a minute."""
    if not database_url.startswith("sqlite"):
        pytest.skip("tried on SQLite; the calls themselves run on both databases in the other tests")
    org = make.org()
    key = make.key(org, "competition", limits=Limits(per_minute=1_000_000, writes_per_minute=1_000_000))
    ids = [one.operation_id for one in operations(app) if one.path.startswith("/api/v1/")]
    grounds, seen = tmp_path / "grounds.json", tmp_path / "seen"
    grounds.write_text(json.dumps({name: [values_for(name, make, org) for _ in range(ROWS)] for name in ids}))
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    written = tmp_path / "schemathesis.toml"
    written.write_text(config(app))
    with WebServer(tmp_path, environ) as web:
        # fmt: off
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(written), "run", f"{web.url}/api/openapi.json",
            "--url", web.url, "--include-path-regex", "^/api/v1/", "--checks", "all", "--max-examples", str(EXAMPLES),
            "--phases", "examples,coverage,fuzzing", "--seed", "7", "--workers", "1", "--no-color",
            "--header", f"Authorization: Bearer {key}", "--suppress-health-check", "all",
        ]
        # fmt: on
        known = plain_environment() | {"GROUNDS": str(grounds), "SEEN": str(seen)}
        done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    failures = done.stdout.partition("= FAILURES =")[2].partition("= WARNINGS =")[0]
    assert done.returncode == 0, (failures or done.stdout)[:6000] + done.stderr[-2000:]
    answers = {tuple(line.split()) for line in seen.read_text().splitlines()}
    assert {name for name, _ in answers} == set(ids)
    granted = {name for name, status in answers if status.startswith("2")}
    assert len(granted) >= GRANTED, sorted(set(ids) - granted)

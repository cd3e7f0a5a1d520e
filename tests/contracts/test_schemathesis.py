"""schemathesis with all of its checks against a real server: read and write, with a key that may do everything."""

import json
import re
import subprocess
import sys

import pytest

from portal.keys.kinds import Limits
from tests.conftest import SECRET
from tests.servers import WebServer, plain_environment

# 422 is "well-formed, but it makes no sense here": what a schema cannot say. 409: the state of things.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "410", "422"]
"""


@pytest.mark.processes
def test_no_call_breaks_the_server_or_its_own_description(database_url, own_redis_url, tmp_path, make):
    org = make.org()
    key = make.key(org, "competition", limits=Limits(per_minute=1_000_000, writes_per_minute=1_000_000))
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    with WebServer(tmp_path, environ) as web:
        # fmt: off
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{web.url}/api/openapi.json",
            "--url", web.url, "--include-path-regex", "^/api/v1/", "--checks", "all", "--max-examples", "5",
            "--phases", "examples,coverage,fuzzing", "--seed", "7", "--workers", "1", "--no-color",
            "--header", f"Authorization: Bearer {key}", "--suppress-health-check", "all",
        ]
        # fmt: on
        done = subprocess.run(command, env=plain_environment(), capture_output=True, text=True, timeout=300, cwd=tmp_path)
    failures = done.stdout.partition("= FAILURES =")[2].partition("= WARNINGS =")[0]
    assert done.returncode == 0, (failures or done.stdout)[:6000] + done.stderr[-2000:]
    assert re.search(r"Tested: +[1-9]", done.stdout), json.dumps(done.stdout[-2000:])

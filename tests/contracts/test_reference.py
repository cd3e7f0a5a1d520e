"""The pages under /docs, and their samples run against a real server."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from html import unescape

import pytest

from portal.contracts.reference.changelog import read
from portal.contracts.reference.examples import KEY
from portal.contracts.reference.operations import operations
from portal.contracts.reference.samples import call_of, samples_of
from portal.contracts.reference.schemas import collect
from portal.contracts.reference.views import shown
from tests.conftest import SECRET
from tests.contracts.ground import values_for
from tests.servers import WebServer

PROGRAMS = {"curl": ["sh", "-c"], "python": [sys.executable, "-c"], "javascript": ["node", "--input-type=module", "-e"]}


@pytest.fixture
def server(database_url, own_redis_url, tmp_path):
    environ = {
        "TILTYARD_ENV": "test",
        "TILTYARD_DATA": str(tmp_path),
        "TILTYARD_DATABASE_URL": database_url,
        "TILTYARD_REDIS_URL": own_redis_url,
        "TILTYARD_SECRET_KEY": SECRET,
    }
    with WebServer(tmp_path, environ) as web:
        yield web.url


def test_each_page_shows_its_calls_and_nothing_that_is_not_there(app, client):
    for one in operations(app):
        answer = client.get(f"/docs/{one.contract.slug}/{one.id}")
        assert answer.status_code == 200 and one.description.summary in unescape(answer.text)
    for path in ("/docs", "/docs/changelog", "/docs/competition", "/docs/session-tokens", "/docs/feed", "/docs/agent"):
        assert client.get(path).status_code == 200
    for path in ("/docs/nothing", "/docs/competition/nothing", "/docs/feed/create_competition"):
        assert client.get(path).status_code == 404


def test_only_somebody_signed_in_gets_the_form_and_the_key_stays_out_of_the_page(client, make):
    org = make.org()
    path = "/docs/competition/create_competition"
    assert "data-try" not in client.get(path).text and "Sign in" in client.get(path).text
    alice = make.signed_in(org.alice)
    alice.get(f"/o/{org.slug}/")
    page = alice.get(path).text
    assert "data-try" in page and f"/o/{org.slug}/keys/new" in page and org.uid in page


def test_a_stranger_is_shown_no_organization(make):
    org, other = make.org(), make.org()
    charlie = make.signed_in(other.alice)
    with charlie.session_transaction() as cookie:
        cookie["org"] = org.slug
    assert org.uid not in charlie.get("/docs/competition/create_competition").text


def test_the_samples_on_the_page_are_the_ones_that_are_run(app, client):
    page = unescape(client.get("/docs/feed/whoami").text)
    for text in shown(app)["feed_whoami"].samples.values():
        assert text in page


@pytest.mark.processes
def test_the_samples_of_every_call_run_as_they_are_and_are_granted(app, server, make, database_url):
    """Each on rows of its own, so that it can be granted: none answers anything but its documented status of success."""
    if not database_url.startswith("sqlite"):
        pytest.skip("what a sample says does not depend on the database")
    org = make.org()
    kinds = {"competition": "competition", "session-tokens": "session", "feed": "feed", "agent": "agent"}
    keys = {(slug, language): make.key(org, kind) for slug, kind in kinds.items() for language in PROGRAMS}
    schemas, _ = collect(operations(app))
    languages = [name for name, program in PROGRAMS.items() if shutil.which(program[0])]
    assert {"curl", "python"} <= set(languages)
    runs = [
        (one, language, samples_of(call_of(one, schemas, server, values_for(one.operation_id, make, org)))[language])
        for one in operations(app)
        for language in languages
    ]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda run: _run(run[1], run[2], keys[run[0].contract.slug, run[1]]), runs))
    wrong = [
        f"{one.operation_id} in {language}: {status}, {text[-300:]}"
        for (one, language, _), (status, text) in zip(runs, said, strict=True)
        if status != one.description.status
    ]
    assert not wrong, "\n".join(wrong)


def test_no_sample_shows_a_placeholder(app):
    for one in shown(app).values():
        assert not re.search(r'"(text|string)"(?!:)', one.answer + one.body), one.operation.operation_id


def test_what_has_to_be_there_comes_first(app):
    made = shown(app)["competition_create_competition"]
    assert list(json.loads(made.body))[:3] == ["org_id", "title", "type"]
    assert [field.name for field in made.body_fields if field.required] == [field.name for field in made.body_fields[:3]]
    answer = json.loads(made.answer)["data"]
    assert answer["type"] == "bracket" and answer["rules"]["format"] == "single_elimination" and answer["max_participants"] == 16


def _run(language: str, text: str, key: str) -> tuple[int, str]:
    """What a sample's program got: the status, and all that it printed."""
    text = re.sub(r"^curl", "curl -s -w ' %{http_code}'", text) if language == "curl" else text
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {KEY: key}
    done = subprocess.run([*PROGRAMS[language], text], env=environ, capture_output=True, text=True, timeout=60)
    return _status(language, done.stdout, done.stderr), done.stdout + done.stderr


def _status(language: str, out: str, err: str) -> int:
    """What the program saw: Python's raises for 400 and above, the others print it."""
    if language == "curl":
        return int(out.rsplit(" ", 1)[1])
    found = re.search(r"HTTP Error (\d+)", err) or re.match(r"(\d{3}) ", out)
    return int(found[1]) if found else 0


def test_the_changelog_keeps_its_promises(tmp_path, client):
    changes = read()
    assert list(changes) == sorted(changes, key=lambda one: one.announced, reverse=True)
    assert all(one.title in client.get("/docs/changelog").text.replace("&#39;", "'") for one in changes)


@pytest.mark.parametrize(
    ("kind", "in_force", "fits"),
    [("breaking", "2026-12-20", False), ("breaking", "2026-12-21", True), ("deprecated", "2027-05-20", False),
     ("deprecated", "2027-05-21", True), ("breaking", "", False), ("surprising", "", False), ("added", "", True)],
)  # fmt: skip
def test_an_entry_that_breaks_a_promise_is_refused_by_name(tmp_path, kind, in_force, fits):
    file = tmp_path / "changelog.toml"
    when = f"in_force = {in_force}\n" if in_force else ""
    file.write_text(f'[[change]]\nannounced = 2026-11-21\nkind = "{kind}"\napi = "Feed API"\ntitle = "T"\ntext = "x"\n{when}')
    if fits:
        assert read(file)[0].announced == date(2026, 11, 21)
    else:
        with pytest.raises(ValueError, match="'T'"):
            read(file)

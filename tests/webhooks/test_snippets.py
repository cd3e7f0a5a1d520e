"""The code that the pages show is run: against the public library's vector and against what the worker really sends.

PHP, Go and Ruby are run where they are installed, and are otherwise skipped by name."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from portal.webhooks.signing import new_secret
from portal.webhooks.snippets import VARIABLE, snippets_of

SNIPPETS = {each.language: each for each in snippets_of("https://example.com/hooks/in?x=1")}

# What calls the snippet: it reads {"headers", "body"} (the body in hex) and writes true or false.
DRIVERS = {
    "Python": (
        [sys.executable, "drive.py"],
        "drive.py",
        "import json, sys, verify\n"
        "asked = json.load(sys.stdin)\n"
        "print(json.dumps(verify.verify(asked['headers'], bytes.fromhex(asked['body']))))\n",
    ),
    "JavaScript": (
        ["node", "drive.js"],
        "drive.js",
        'const { verify } = require("./verify.js");\n'
        'const asked = JSON.parse(require("node:fs").readFileSync(0));\n'
        'console.log(JSON.stringify(verify(asked.headers, Buffer.from(asked.body, "hex"))));\n',
    ),
    "PHP": (
        ["php", "drive.php"],
        "drive.php",
        "<?php require 'verify.php';\n"
        "$asked = json_decode(stream_get_contents(STDIN), true);\n"
        "echo json_encode(verify($asked['headers'], hex2bin($asked['body'])));\n",
    ),
    "Ruby": (
        ["ruby", "drive.rb"],
        "drive.rb",
        'require "json"\nrequire_relative "verify"\n'
        "asked = JSON.parse($stdin.read)\n"
        'puts JSON.generate(verify(asked["headers"], [asked["body"]].pack("H*")))\n',
    ),
    "Go": (
        ["go", "run", "."],
        "drive.go",
        'package main\n\nimport (\n\t"encoding/hex"\n\t"encoding/json"\n\t"fmt"\n\t"net/http"\n\t"os"\n)\n\n'
        "func main() {\n\tvar asked struct {\n\t\tHeaders map[string]string\n\t\tBody    string\n\t}\n"
        "\tif err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {\n\t\tpanic(err)\n\t}\n"
        "\theader := http.Header{}\n\tfor name, value := range asked.Headers {\n\t\theader.Set(name, value)\n\t}\n"
        "\tbody, _ := hex.DecodeString(asked.Body)\n\tfmt.Println(Verify(header, body))\n}\n",
    ),
}


class Receiver:
    """A program in one language with one secret."""

    def __init__(self, language: str, secret: str, directory: Path) -> None:
        self.command, name, driver = DRIVERS[language]
        snippet, self.directory = SNIPPETS[language], directory
        text = snippet.text.replace("package webhook", "package main") if language == "Go" else snippet.text
        (directory / snippet.file).write_text(text)
        (directory / name).write_text(driver)
        if language == "Go":
            (directory / "go.mod").write_text("module drive\n\ngo 1.21\n")
        self.environ = os.environ | {VARIABLE: secret}

    def takes(self, headers: Mapping[str, str], body: bytes) -> bool:
        asked = json.dumps({"headers": dict(headers), "body": body.hex()})
        done = subprocess.run(
            self.command, input=asked, capture_output=True, text=True, cwd=self.directory, env=self.environ, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return bool(json.loads(done.stdout))


def languages():
    for language, (command, *_) in DRIVERS.items():
        missing = language != "Python" and shutil.which(command[0]) is None
        yield pytest.param(language, marks=pytest.mark.skipif(missing, reason=f"{command[0]} is not installed here"))


@pytest.fixture(params=languages())
def language(request) -> str:
    return request.param


def test_the_code_takes_what_the_public_library_signs_and_nothing_else(language, tmp_path):
    secret = new_secret()
    receiver, library = Receiver(language, secret, tmp_path), Webhook(secret)
    body, moment = '{"type":"match.completed","name":"Zoë €"}', datetime.now(UTC)
    good = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": library.sign("msg_1", moment, body),
    }
    assert receiver.takes(good, body.encode())
    assert receiver.takes(good | {"webhook-signature": f"v1,AAAA {good['webhook-signature']}"}, body.encode())
    assert not receiver.takes(good, body.encode() + b"\n")
    assert not receiver.takes(good | {"webhook-id": "msg_2"}, body.encode())
    assert not receiver.takes(good | {"webhook-signature": "v1,AAAA"}, body.encode())
    old = datetime.fromtimestamp(int(time.time()) - 600, UTC)
    stale = {"webhook-timestamp": str(int(old.timestamp())), "webhook-signature": library.sign("msg_1", old, body)}
    assert not receiver.takes(good | stale, body.encode())


@pytest.mark.parametrize("language", [each for each in languages() if each.values[0] in ("Python", "JavaScript")])
def test_the_code_takes_what_the_worker_sends(office, receiver, language, tmp_path):
    _, secret = office.make.webhook_with_secret(office.org, receiver.url("/in"), ["match.*"])
    with office.working():
        office.tell(1, name="match.completed", text="Zoë")
        (arrival,) = receiver.wait(1, "/in")
    assert Receiver(language, secret, tmp_path).takes(arrival.headers, arrival.body)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    assert not Receiver(language, new_secret(), wrong).takes(arrival.headers, arrival.body)


def test_each_snippet_names_the_endpoint_s_path_and_the_variable_and_holds_no_secret():
    for each in SNIPPETS.values():
        assert "/hooks/in" in each.text and VARIABLE in each.text and "%{" not in each.text
        assert "whsec_" in each.text and len(each.text.split("whsec_")[1].split('"')[0].split("/")[0]) < 5

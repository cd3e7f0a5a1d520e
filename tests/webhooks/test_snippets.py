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

# What calls the snippet: it reads a list of {"headers", "body"} (the body in hex) and writes a list of true and false.
DRIVERS = {
    "Python": (
        [sys.executable, "drive.py"],
        "drive.py",
        "import json, sys, verify\n"
        "asked = json.load(sys.stdin)\n"
        "print(json.dumps([verify.verify(each['headers'], bytes.fromhex(each['body'])) for each in asked]))\n",
    ),
    "JavaScript": (
        ["node", "drive.js"],
        "drive.js",
        'const { verify } = require("./verify.js");\n'
        'const asked = JSON.parse(require("node:fs").readFileSync(0));\n'
        'console.log(JSON.stringify(asked.map((each) => verify(each.headers, Buffer.from(each.body, "hex")))));\n',
    ),
    "PHP": (
        ["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", "drive.php"],
        "drive.php",
        "<?php declare(strict_types=1);\n"
        "set_error_handler(function ($_, $words) { throw new ErrorException($words); });\n"
        "require 'verify.php';\n"
        "$asked = json_decode(stream_get_contents(STDIN), true);\n"
        "echo json_encode(array_map(fn ($each) => verify($each['headers'], hex2bin($each['body'])), $asked));\n",
    ),
    "Ruby": (
        ["ruby", "-w", "drive.rb"],
        "drive.rb",
        'require "json"\nrequire_relative "verify"\n'
        "asked = JSON.parse($stdin.read)\n"
        'puts JSON.generate(asked.map { |each| verify(each["headers"], [each["body"]].pack("H*")) })\n',
    ),
    "Go": (
        ["go", "run", "."],
        "drive.go",
        'package main\n\nimport (\n\t"encoding/hex"\n\t"encoding/json"\n\t"net/http"\n\t"os"\n)\n\n'
        "func main() {\n\tvar asked []struct {\n\t\tHeaders map[string]string\n\t\tBody    string\n\t}\n"
        "\tif err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {\n\t\tpanic(err)\n\t}\n"
        "\tfound := []bool{}\n\tfor _, each := range asked {\n"
        "\t\theader := http.Header{}\n\t\tfor name, value := range each.Headers {\n\t\t\theader.Set(name, value)\n\t\t}\n"
        "\t\tbody, _ := hex.DecodeString(each.Body)\n\t\tfound = append(found, Verify(header, body))\n\t}\n"
        "\tjson.NewEncoder(os.Stdout).Encode(found)\n}\n",
    ),
}
Request = tuple[Mapping[str, str], bytes]


class Receiver:
    """A program in one language with one secret."""

    def __init__(self, language: str, secret: str, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.command, name, driver = DRIVERS[language]
        snippet, self.directory = SNIPPETS[language], directory
        text = snippet.text.replace("package webhook", "package main") if language == "Go" else snippet.text
        (directory / snippet.file).write_text(text)
        (directory / name).write_text(driver)
        if language == "Go":
            (directory / "go.mod").write_text("module drive\n\ngo 1.19\n")
        self.environ = os.environ | {VARIABLE: secret}

    def takes(self, *requests: Request) -> list[bool]:
        """Which of these (headers, body) it takes for ours."""
        asked = json.dumps([{"headers": dict(headers), "body": body.hex()} for headers, body in requests])
        done = subprocess.run(
            self.command, input=asked, capture_output=True, text=True, cwd=self.directory, env=self.environ, timeout=120
        )
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return json.loads(done.stdout)


def languages():
    for language, (command, *_) in DRIVERS.items():
        missing = language != "Python" and shutil.which(command[0]) is None
        yield pytest.param(language, marks=pytest.mark.skipif(missing, reason=f"{command[0]} is not installed here"))


@pytest.fixture(params=languages())
def language(request) -> str:
    return request.param


@pytest.fixture
def signed():
    """What the public library signs with a secret: headers at a moment, `ago` seconds before now."""

    def sign(secret: str, body: str, ago: int = 0) -> dict[str, str]:
        moment = datetime.fromtimestamp(int(time.time()) - ago, UTC)
        signature = Webhook(secret).sign("msg_1", moment, body)
        return {"webhook-id": "msg_1", "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signature}

    return sign


def test_the_code_takes_what_the_public_library_signs_and_nothing_else(language, tmp_path, signed):
    secret, text = new_secret(), '{"type":"match.completed","name":"Zoë €"}'
    good, body = signed(secret, text), text.encode()
    right = [(good, body), (good | {"webhook-signature": f"v1,AAAA {good['webhook-signature']}"}, body)]
    wrong = [
        (good, body + b"\n"),
        (good, b""),
        (good | {"webhook-id": "msg_2"}, body),
        (good | {"webhook-signature": "v1,AAAA"}, body),
        (good | {"webhook-signature": good["webhook-signature"][:-1]}, body),
        (signed(new_secret(), text), body),
        (signed(secret, text, ago=600), body),
        (signed(secret, text, ago=-600), body),
        (good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}, body),
    ]
    assert Receiver(language, secret, tmp_path).takes(*right, *wrong) == [True] * len(right) + [False] * len(wrong)


def test_the_code_says_no_to_what_is_no_delivery_at_all_and_does_not_fail(language, tmp_path, signed):
    secret, text = new_secret(), "{}"
    good = signed(secret, text)
    strange = [{name: value for name, value in good.items() if name != missing} for missing in good]
    strange += [good | {"webhook-timestamp": moment} for moment in ("", "x", "-1", "1e9", "9" * 5000, "0x65", "١٢٣", " 5")]
    strange += [good | {"webhook-signature": given} for given in ("", " ", "v1", "v1,", "v1,é", "v2,AAAA", "v1," + "A" * 5000)]
    assert Receiver(language, secret, tmp_path).takes(*((headers, b"{}") for headers in [{}, *strange])) == [False] * (
        len(strange) + 1
    )


def test_the_code_takes_what_the_worker_sends(office, receiver, language, tmp_path):
    _, secret = office.make.webhook_with_secret(office.org, receiver.url("/in"), ["match.*"])
    with office.working():
        office.tell(1, name="match.completed", text="Zoë")
        (arrival,) = receiver.wait(1, "/in")
    came = arrival.headers, arrival.body
    assert Receiver(language, secret, tmp_path / "right").takes(came) == [True]
    assert Receiver(language, new_secret(), tmp_path / "wrong").takes(came) == [False]


def test_each_snippet_names_the_endpoint_s_path_and_the_variable_and_holds_no_secret():
    for each in SNIPPETS.values():
        assert "/hooks/in" in each.text and VARIABLE in each.text and "%{" not in each.text
        assert "whsec_" in each.text and len(each.text.split("whsec_")[1].split('"')[0].split("/")[0]) < 5

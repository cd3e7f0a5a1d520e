"""The samples of an API's page, to be sent word for word: only host, ids, wallets and keys are put in place."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

PAGE = Path(__file__).with_name("competition-api.txt")
_SAMPLE = re.compile(
    r"Example request(?: \((?P<name>[^)]*)\))?:\n(?P<curl>curl.*?)(?=Response(?: \(\d+\))?:\n|Example request)", re.S
)
_ANSWER = re.compile(r"Response(?: \((\d+)\))?:\n")
_HEADING = re.compile(r"(GET|POST|PATCH|PUT|DELETE) (/api/v1/\S+)$", re.M)
_HOST = re.compile(r"https?://[^/]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What a value on the page stands for, by its look, and what has to stand in the answer instead.
_STANDS_FOR = (
    (_MOMENT, _MOMENT),
    (_UUID, _UUID),
    (re.compile(r"[a-z0-9]+(-[0-9a-z]+)*-\.\.\."), _UUID),
    (re.compile(r"0x[0-9a-zA-Z]+(\.\.\.)?"), re.compile(r"0x[0-9a-fA-F]{40}")),
    (re.compile(r"lc_\w+"), re.compile(r"lc_[0-9a-f]{64}")),
)


@dataclass(frozen=True)
class Sample:
    """One call of the page with the answer that it prints. `route` is the heading above it, such as `POST /api/v1/teams`;
    `name` tells apart several under one heading."""

    route: str
    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    status: int
    expected: Any

    def filled(self, values: Mapping[str, str]) -> "Sample":
        """With each name in `values` replaced, in the address, the headers and the body."""
        headers = {name: _filled(value, values) for name, value in self.headers.items()}
        return replace(self, path=_filled(self.path, values), headers=headers, body=_filled(self.body, values))

    def send(self, client: FlaskClient, headers: Mapping[str, str] | None = None) -> Any:
        """The answer; `headers` stand in for those of the page that have the same name."""
        sent = {**{name.lower(): value for name, value in self.headers.items()}, **(headers or {})}
        return client.open(self.path, method=self.method, headers=sent, data=self.body or None)


def sample(route: str, name: str = "") -> Sample:
    """The sample under a heading of the page, as `sample("POST /api/v1/teams")`."""
    return next(one for one in samples() if (one.route, one.name) == (route, name))


@cache
def samples() -> tuple[Sample, ...]:
    """Every sample under a heading, in the order of the page."""
    text = PAGE.read_text()
    return tuple(_read(text, found) for found in _SAMPLE.finditer(text))


def same_shape(expected: Any, got: Any, *, free: Iterable[str] = (), ours: Iterable[str] = (), where: str = "$") -> None:
    """AssertionError where `got` differs from the page's answer: other names or another order, another type, another value
    where the page's is no id, moment, wallet or key.

    Fields in `free` are compared by type only (null and its type both pass); those in `ours` may follow the page's.
    A list is compared entry by entry as far as both reach; it is empty only where the page's is.
    """
    if isinstance(expected, dict):
        assert isinstance(got, dict), where
        names = list(got)
        assert names[: len(expected)] == list(expected), f"{where}: {names} instead of {list(expected)}"
        assert set(names[len(expected) :]) <= set(ours), f"{where}: {names[len(expected) :]} is more than the page has"
        for name, value in expected.items():
            if name in free:
                _same_type(value, got[name], f"{where}.{name}")
            else:
                same_shape(value, got[name], free=free, ours=ours, where=f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(got, list) and bool(got) == bool(expected), f"{where}: {got}"
        for number, (left, right) in enumerate(zip(expected, got, strict=False)):
            same_shape(left, right, free=free, ours=ours, where=f"{where}[{number}]")
    else:
        _same_value(expected, got, where)


def _same_value(expected: Any, got: Any, where: str) -> None:
    assert type(got) is type(expected), f"{where}: {got!r} instead of {expected!r}"
    for look, wanted in _STANDS_FOR if isinstance(expected, str) else ():
        if look.fullmatch(expected):
            assert wanted.fullmatch(got), f"{where}: {got!r} stands where the page has {expected!r}"
            return
    assert got == expected, f"{where}: {got!r} instead of {expected!r}"


def _same_type(expected: Any, got: Any, where: str) -> None:
    alike = expected is None or got is None or type(got) is type(expected)
    assert alike, f"{where}: {got!r} is of another type than {expected!r}"


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, values[name])
    return text


def _read(text: str, found: re.Match[str]) -> Sample:
    answer = _ANSWER.search(text, found.end())
    assert answer is not None
    expected, _ = json.JSONDecoder().raw_decode(text, answer.end())
    heading = list(_HEADING.finditer(text, 0, found.start()))[-1]
    method, url, headers, body = _curl(found["curl"])
    route = f"{heading[1]} {heading[2]}"
    return Sample(route, found["name"] or "", method, _HOST.sub("", url, count=1), headers, body, int(answer[1] or 200), expected)


def _curl(command: str) -> tuple[str, str, dict[str, str], str]:
    """Method, address, headers and body of a curl command line."""
    words = shlex.split(command.replace("\\\n", " "))[1:]
    method, url, headers, body = "GET", "", {}, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = words.pop(0)
        else:
            url = word
    return method, url, headers, body

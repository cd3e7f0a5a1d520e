"""RULINGS 19 on the reader of JSON bodies itself; the contracts' own tests send the same through HTTP."""

import json
from typing import Literal

import pytest
from flask import Flask
from pydantic import Field

from portal.kernel.errors import Invalid, TooLarge, UnsupportedBody
from portal.web.body import MAX_BYTES, Body, parse, read_json


class Order(Body):
    name: str = Field(max_length=5)
    count: int = Field(1, ge=1, le=9)
    price: float | None = None
    live: bool = False
    kind: Literal["a", "b"] = "a"
    tags: list[str] = []


@pytest.fixture
def send():
    plain = Flask("body")

    def call(body: bytes, content_type: str = "application/json", **options):
        with plain.test_request_context("/", method="POST", data=body, content_type=content_type):
            return read_json(Order, **options)

    return call


def test_a_good_body_is_read(send):
    assert send(b'{"name": "abc", "count": 3}') == Order(name="abc", count=3)


@pytest.mark.parametrize("body, field, words", [
    (b'{"name": "a", "nmae": "b"}', "nmae", "is not a field"),
    (b"{}", "name", "is missing"),
    (b'{"name": 5}', "name", "must be text"),
    (b'{"name": null}', "name", "must be text"),
    (b'{"name": "a", "count": "3"}', "count", "whole number"),
    (b'{"name": "a", "count": 3.5}', "count", "whole number"),
    (b'{"name": "a", "count": true}', "count", "whole number"),
    (b'{"name": "a", "count": 0}', "count", "at least 1"),
    (b'{"name": "a", "count": 10}', "count", "at most 9"),
    (b'{"name": "a", "live": 1}', "live", "true or false"),
    (b'{"name": "a", "kind": "c"}', "kind", "one of"),
    (b'{"name": "a", "tags": "x"}', "tags", "list"),
    (b'{"name": "a", "tags": [1]}', "tags.0", "text"),
    (b'{"name": "abcdef"}', "name", "at most 5 characters"),
    (b'{"name": "a", "name": "b"}', "name", "stands twice"),
    (b'{"name": "a", "price": NaN}', "body", "not JSON"),
    (b'{"name": "a", "price": Infinity}', "body", "not JSON"),
    (b'{"name": "a\\u0000"}', "body", "cannot be stored"),
    (b'{"name": "\\ud800"}', "body", "cannot be stored"),
    (b"[]", "body", "must be a JSON object"),
    (b"7", "body", "must be a JSON object"),
    (b"{", "body", "not JSON"),
    (b"\xff", "body", "not UTF-8"),
    (b"", "body", "not JSON"),
    (b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}", "body", "nested deeper"),
    (b"[" * 400_000, "body", "nested deeper"),
    (b'{"name": 1' + b"0" * 5000 + b"}", "body", "not JSON"),
])  # fmt: skip
def test_a_bad_body_names_the_field_and_the_rule(send, body, field, words):
    with pytest.raises(Invalid) as refused:
        send(body)
    assert refused.value.field == field
    assert words in refused.value.message


def test_what_was_sent_is_never_repeated(send):
    with pytest.raises(Invalid) as refused:
        send(json.dumps({"name": ["sk_live_secret"]}).encode())
    assert "secret" not in refused.value.message


def test_one_byte_over_a_megabyte_is_too_large_and_a_megabyte_is_read(send):
    frame = b'{"name": "a", "tags": [""]}'
    full = frame.replace(b'""', b'"' + b"x" * (MAX_BYTES - len(frame)) + b'"')
    assert len(full) == MAX_BYTES
    assert send(full).name == "a"
    with pytest.raises(TooLarge):
        send(full + b" ")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"])
def test_another_content_type_is_refused(send, content_type):
    with pytest.raises(UnsupportedBody):
        send(b'{"name": "a"}', content_type)


def test_brackets_inside_text_do_not_count_as_depth():
    assert parse(json.dumps({"a": "[" * 50 + '"' + "{" * 50}).encode())["a"].startswith("[[")

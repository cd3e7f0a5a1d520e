"""The signature doctor: a table of what goes wrong at receivers, each made from a request as it really is signed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from portal.webhooks.doctor import Case, Signer, diagnose
from portal.webhooks.received import read
from portal.webhooks.signing import new_secret, signature_headers

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
SECRET, OLD, OTHER = new_secret(), new_secret(), new_secret()
SIGNERS = (
    Signer("Scoreboard", SECRET),
    Signer("Scoreboard", OLD, old=True, until=NOW + timedelta(hours=3)),
    Signer("Ledger", OTHER, mine=False),
)
BODY = '{"id":"9d3c","type":"match.completed","data":{"name":"Zoë","score":2,"a":[1,2]}}'.encode()
PREFIX = "X-LightChallenge"


def pasted(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW, signed: bytes = BODY, **changes: str) -> str:
    """Raw HTTP with `body`, under signatures over `signed`. A header that is changed to "" is left out."""
    headers = {"Content-Type": "application/json"}
    headers |= signature_headers(PREFIX, [secret], "msg-1", "match.completed", int(at.timestamp()), signed)
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    head = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\n".join(["POST /hooks HTTP/1.1", *head, "", ""]) + body.decode()


def code(text: str, sent: bytes | None = BODY, at: datetime | None = None) -> str:
    return diagnose(Case(read(text), SIGNERS, PREFIX, NOW, sent, at)).code


NO_TRIO = {"webhook_id": "", "webhook_timestamp": "", "webhook_signature": ""}
NO_LEGACY = {"X_LightChallenge_Signature": ""}
CASES = [
    ("right", pasted()),
    ("right", pasted(**NO_TRIO)),
    ("right", pasted().replace("\n", "\r\n")),
    ("right", pasted(webhook_signature="v1,AAAA " + read(pasted()).header("webhook-signature"))),
    ("empty", "  \n "),
    ("headers", pasted(**NO_TRIO, **NO_LEGACY)),
    ("headers", pasted(webhook_timestamp="", **NO_LEGACY)),
    ("headers", BODY.decode()),
    ("body", pasted(b"")),
    ("timestamp", pasted(webhook_timestamp="2026-03-15T12:00:00Z")),
    ("prefix", pasted(webhook_signature=read(pasted()).header("webhook-signature").removeprefix("v1,"))),
    ("prefix", pasted(webhook_signature="v1,not-base64!")),
    (
        "prefix",
        pasted(**NO_TRIO, X_LightChallenge_Signature=read(pasted()).header(f"{PREFIX}-Signature").removeprefix("sha256=")),
    ),
    ("prefix", pasted(**NO_TRIO, X_LightChallenge_Signature="sha256=ABC")),
    ("clock", pasted(at=NOW - timedelta(minutes=6))),
    ("clock", pasted(at=NOW + timedelta(days=2))),
    ("old-secret", pasted(secret=OLD)),
    ("other-webhook", pasted(secret=OTHER)),
    ("newline", pasted(BODY + b"\n")),
    ("padded", pasted(b"\xef\xbb\xbf" + BODY)),
    ("padded", pasted(b"  " + BODY)),
    ("truncated", pasted(BODY[:-7])),
    ("reserialised", pasted(json.dumps(json.loads(BODY)).encode())),
    ("reserialised", pasted(json.dumps(json.loads(BODY), indent=2, ensure_ascii=False).encode())),
    ("reserialised", pasted(json.dumps(json.loads(BODY), sort_keys=True).encode())),
    ("parts", pasted(webhook_id="msg-2")),
    ("changed", pasted(BODY.replace(b"2", b"3", 1))),
    ("unknown", pasted(secret=new_secret())),
]


@pytest.mark.parametrize(("wanted", "text"), CASES, ids=[f"{number}-{wanted}" for number, (wanted, _) in enumerate(CASES)])
def test_each_mistake_is_named(wanted, text):
    assert code(text) == wanted


def test_without_the_body_that_was_sent_a_reserialised_one_is_still_known_and_a_cut_one_is_not():
    assert code(pasted(json.dumps(json.loads(BODY), indent=1).encode()), sent=None) == "reserialised"
    assert code(pasted(BODY[:-7]), sent=None) == "unknown"


def test_the_receiver_s_own_clock_decides_where_it_is_given():
    text = pasted(at=NOW - timedelta(hours=2))
    assert code(text) == "clock"
    assert code(text, at=NOW - timedelta(hours=2)) == "right"
    wrong = diagnose(Case(read(pasted()), SIGNERS, PREFIX, NOW, BODY, NOW + timedelta(minutes=20)))
    assert wrong.code == "clock" and "20 minutes after" in wrong.title and "NTP" in wrong.advice


def test_the_old_secret_is_named_with_its_end_and_another_webhook_by_its_name():
    old = diagnose(Case(read(pasted(secret=OLD)), SIGNERS, PREFIX, NOW))
    assert old.title == "It was signed with the old secret, which signs until 15 Mar 2026, 15:00 UTC"
    other = diagnose(Case(read(pasted(secret=OTHER)), SIGNERS, PREFIX, NOW))
    assert other.title == "It belongs to another webhook: Ledger"


def test_requests_are_read_as_they_are_pasted():
    raw = read(pasted())
    assert raw.header("Webhook-Id") == "msg-1" and raw.body == BODY
    lines = " \\\n  ".join(["curl -X POST https://example.com/", "-H 'webhook-id: msg-1'", f"--data-binary '{BODY.decode()}'"])
    assert read(lines).headers == {"webhook-id": "msg-1"} and read(lines).body == BODY
    assert read('  "webhook-id": "msg-1",\n  "a": "b"\n\n{}').headers == {"webhook-id": "msg-1", "a": "b"}
    with pytest.raises(ValueError, match="quotation"):
        read("curl -H 'webhook-id: 1")


@pytest.mark.parametrize(
    "junk", ["\x00", "::::", "curl ", "[" * 100_000, "a: b\n\n" + "[" * 50_000, "\ud800", "webhook-id\n" * 999]
)
def test_whatever_is_pasted_gets_an_answer(junk):
    assert diagnose(Case(read(junk), SIGNERS, PREFIX, NOW, BODY)).verdict == "bad"
    assert diagnose(Case(read(pasted(junk.encode("utf-8", "replace"))), SIGNERS, PREFIX, NOW, BODY)).verdict == "bad"


def test_no_finding_holds_a_secret():
    for _, text in CASES:
        finding = diagnose(Case(read(text), SIGNERS, PREFIX, NOW, BODY))
        assert not any(secret in finding.title + finding.advice for secret in (SECRET, OLD, OTHER))

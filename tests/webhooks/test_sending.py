"""One try against receivers that do everything wrong: each is an outcome in words, none an accident, none holds a slot."""

import asyncio
import datetime
import ipaddress
import resource
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.kernel.clock import utc_now
from portal.webhooks import sending
from portal.webhooks.addresses import Rules
from portal.webhooks.outgoing import Outgoing
from portal.webhooks.sending import KEPT_BYTES, Client
from tests.servers import free_port
from tests.webhooks.receiver import bomb, drip, drip_head, hang_up, huge, nonsense, receiving, slow, status

LOCAL = Rules(frozenset({443}), local=True)


def out(url, body=b"{}", headers=None):
    return Outgoing(1, 1, 1, "lease", url, body, {"Content-Type": "application/json"} | (headers or {}), {}, utc_now())


def send(*outs, rules=LOCAL):
    """The answers, all sent at once."""

    async def run():
        async with Client(rules) as client:
            return await asyncio.gather(*(client.send(one) for one in outs))

    return asyncio.run(run())


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


def test_what_is_sent_arrives_byte_for_byte_without_a_word_of_the_library_s(receiver):
    body = '{"name":"Žofie \\ud83c 🏆"}'.encode()
    (answer,) = send(out(receiver.url("/in?x=1"), body, {"X-Own": "yes"}))
    assert answer.delivered and answer.status == 204 and answer.error == "" and answer.took_ms >= 0
    (arrival,) = receiver.at("/in?x=1")
    assert arrival.body == body
    assert set(arrival.headers) == {"host", "content-type", "content-length", "x-own", "accept-encoding"}


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_every_2xx_is_delivered(receiver, code):
    receiver.answers["/"] = status(code)
    assert send(out(receiver.url()))[0].delivered


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_every_other_status_is_a_failure_and_redirects_are_not_followed(receiver, code):
    receiver.answers["/"] = status(code, f"Location: {receiver.url('/trap')}", "Retry-After: 7", body=b"why")
    (answer,) = send(out(receiver.url()))
    assert not answer.delivered and answer.status == code and str(code) in answer.error
    assert answer.body == b"why" and answer.headers["Retry-After"] == "7" and not answer.unreachable
    assert receiver.at("/trap") == []


def test_an_answer_without_end_is_cut_at_sixteen_kilobytes_and_costs_no_memory(receiver):
    receiver.answers["/"] = huge
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    answers = send(*[out(receiver.url()) for _ in range(20)])
    assert all(answer.delivered and len(answer.body) == KEPT_BYTES for answer in answers)
    assert time.monotonic() - begun < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB, for twenty at once


def test_what_is_packed_stays_packed(receiver):
    receiver.answers["/"] = bomb
    (answer,) = send(out(receiver.url()))
    assert answer.delivered and len(answer.body) == KEPT_BYTES and answer.body[:2] == b"\x1f\x8b"


def test_drips_and_hangs_end_after_fifteen_seconds_in_all():
    with receiving() as one:
        one.answers |= {"/drip": drip, "/head": drip_head, "/hang": slow(60)}
        begun = time.monotonic()
        answers = send(*(out(one.url(path)) for path in ("/drip", "/head", "/hang")))
        assert 14.5 < time.monotonic() - begun < 20
    assert not any(answer.delivered or answer.unreachable for answer in answers)
    assert answers[0].status == 200 and 0 < len(answers[0].body) < 100 and "not complete within 15" in answers[0].error
    assert all("No answer within 15" in answer.error and answer.status is None for answer in answers[1:])


@pytest.mark.parametrize(("answering", "words"), [(nonsense, "not valid HTTP"), (hang_up, "closed before")])
def test_what_is_no_http_is_a_failure_in_words(receiver, answering, words):
    receiver.answers["/"] = answering
    (answer,) = send(out(receiver.url()))
    assert words in answer.error and not answer.delivered and not answer.unreachable


def test_headers_too_long_to_be_meant_are_a_failure(receiver):
    receiver.answers["/"] = status(200, "X-Long: " + "a" * 100_000)
    assert "not valid HTTP" in send(out(receiver.url()))[0].error


def test_odd_bytes_in_an_answer_can_be_stored(receiver):
    receiver.answers["/"] = status(500, "X-Odd: \xff\x01caf\xe9", body=b"\x00\xff")
    (answer,) = send(out(receiver.url()))
    for text in (*answer.headers.values(), answer.error):
        assert "\x00" not in text
        text.encode()


def test_nobody_there_is_a_refused_connection_which_our_own_network_is_not_to_blame_for():
    (answer,) = send(out(f"http://127.0.0.1:{free_port()}/"))
    assert "refused" in answer.error and not answer.unreachable


def test_a_name_that_does_not_exist_may_be_our_own_network_s_fault():
    (answer,) = send(out("http://no-such-name.invalid/"))
    assert "could not be resolved" in answer.error and answer.unreachable


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
def test_an_address_that_turned_private_after_it_was_registered_is_not_called(receiver, host):
    """However the host is written; names that lead elsewhere by now are in test_connecting.py."""
    (answer,) = send(out(f"https://{host}:{receiver.port}/"), rules=Rules(frozenset({receiver.port})))
    assert answer.error.startswith("The address may not be called: url must lead to the public internet")
    assert receiver.arrivals == []


def test_a_proxy_in_the_environment_is_not_used(receiver, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, receiver.url())
    (answer,) = send(out("http://no-such-name.invalid/"))
    assert not answer.delivered and receiver.arrivals == []


def test_cookies_are_neither_kept_nor_sent(receiver):
    receiver.answers["/"] = status(200, "Set-Cookie: a=b; Path=/")

    async def twice():
        async with Client(LOCAL) as client:
            return [await client.send(out(receiver.url())) for _ in range(2)]

    assert all(answer.delivered for answer in asyncio.run(twice()))
    assert all("cookie" not in arrival.headers for arrival in receiver.arrivals)


def certificate(path, names, days=1):
    """A certificate for these, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    alternatives = [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(
    ("names", "days", "trusted", "words"),
    [
        (["127.0.0.1"], 1, True, ""),
        (["127.0.0.1"], 1, False, "self-signed|self signed|unable to get"),
        (["example.com"], 1, True, "not valid for|doesn't match|mismatch"),
        (["127.0.0.1"], -1, True, "expired"),
    ],
)
def test_certificates_are_verified(tmp_path, monkeypatch, names, days, trusted, words):
    context = certificate(tmp_path / "pem", names, days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pem"))
    with receiving(context) as one:
        (answer,) = send(out(one.url()))
        assert answer.delivered == (words == ""), answer
        assert len(one.arrivals) == answer.delivered
    if words:
        assert answer.error.startswith("The TLS certificate") and any(word in answer.error for word in words.split("|")), answer
        assert not answer.unreachable


def test_plain_http_where_tls_is_spoken_is_a_failure(receiver, monkeypatch):
    monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.5)
    (answer,) = send(out(f"https://127.0.0.1:{receiver.port}/"))
    assert answer.error and not answer.delivered and receiver.arrivals == []


def test_a_connection_that_never_comes_about_takes_five_seconds(monkeypatch):
    """A full backlog accepts nothing: nobody answers the SYN."""
    import socket

    monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.5)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
            fillers.append(filler)
        (answer,) = send(out(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
        for filler in fillers:
            filler.close()
    assert "No connection within" in answer.error and answer.unreachable and answer.took_ms < 3000

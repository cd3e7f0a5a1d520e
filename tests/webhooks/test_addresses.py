"""Where deliveries may go: M27, M28, and what an address may look like."""

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.kernel.errors import Invalid
from portal.webhooks.addresses import RefusedAddressError, Rules, Vetting, check_url, origin_of, public, resolves_badly, vetted

RULES = Rules(frozenset({443, 8443}))
LOCAL = Rules(frozenset({443}), local=True)

# Half of them are global by what Python's ipaddress says (M27).
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:0:0:1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
GOOD = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "192.0.78.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", NEVER)
def test_an_address_that_is_not_of_the_open_internet_is_never_dialled(address):
    assert not public(address)
    found = (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
    with pytest.raises(RefusedAddressError):
        Vetting(RULES).socket(found)


@pytest.mark.parametrize("address", GOOD)
def test_an_address_of_the_open_internet_may_be_dialled(address):
    assert public(address)


def test_the_library_alone_would_let_some_of_them_pass():
    """The table is there for a reason: without it these would be dialled."""
    assert any(ipaddress.ip_address(address.partition("%")[0]).is_global for address in NEVER)


def test_one_bad_address_among_a_name_s_good_ones_refuses_them_all():
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    assert vetted(found[:1], RULES)
    with pytest.raises(RefusedAddressError):
        vetted(found, RULES)


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f000001", "017700000001", "0", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "10.0.0.1"],
)
def test_every_spelling_of_a_private_address_is_refused_when_an_endpoint_is_made(host):
    with pytest.raises(Invalid) as refusal:
        check_url(f"https://{host}/hooks", RULES)
    assert refusal.value.field == "url"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("//example.com/", "https://"),
        ("https://", "https://"),
        ("https:///hooks", "https://"),
        ("", "https://"),
        ("https://user@example.com/", "user name"),
        ("https://user:pass@example.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com/#", "fragment"),
        ("https://example.com:22/", "ports"),
        ("https://example.com:0/", "ports"),
        ("https://example.com:99999/", "not an address"),
        ("https://example.com:https/", "not an address"),
        ("https://[::1/", "not an address"),
        ("https://exa mple.com/", "ASCII"),
        ("https://example.com/\r\nX-Evil: 1", "ASCII"),
        ("https://example.com/\x00", "ASCII"),
        ("https://example.com\\@127.0.0.1/", "ASCII"),
        ("https://bücher.example/", "ASCII"),
        ("https://ⓛocalhost/", "ASCII"),
        ("https://localhost/", "private network"),
        ("https://LOCALHOST./", "private network"),
        ("https://db.internal/", "private network"),
        ("https://printer.local/", "private network"),
        ("https://router/", "private network"),
        ("https://-bad-.example.com/", "cannot exist"),
        ("https://a..example.com/", "cannot exist"),
        (f"https://{'a' * 64}.example.com/", "cannot exist"),
        ("https://example.com/" + "a" * 2000, "2,000"),
    ],
)
def test_a_bad_address_is_refused_in_words_that_name_the_rule(url, word):
    with pytest.raises(Invalid, match=word):
        check_url(url, RULES)


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com:8443/a?b=c", "https://8.8.8.8/", "https://a_b.example.com/"]
)
def test_a_good_address_is_kept_as_it_was_written(url):
    assert check_url(url, RULES) == url


def test_this_machine_is_allowed_only_where_the_setting_says_so():
    for url in ("http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]:9000/"):
        assert check_url(url, LOCAL) == url
        with pytest.raises(Invalid):
            check_url(url, RULES)
    with pytest.raises(Invalid):
        check_url("http://10.0.0.1/", LOCAL)


def test_the_platform_is_no_receiver_of_its_own_events():
    own = Rules(frozenset({443, 8443}), own=origin_of("https://play.example.com"))
    for url in ("https://play.example.com/api/v1/teams", "https://PLAY.example.com.:443/", "https://play.example.com:0443/"):
        with pytest.raises(Invalid, match="platform"):
            check_url(url, own)
    assert check_url("https://play.example.com:8443/", own) and check_url("https://hooks.play.example.com/", own)
    local = Rules(frozenset({443}), local=True, own=origin_of("http://127.0.0.1:8000"))
    assert check_url("http://127.0.0.1:9000/", local)
    with pytest.raises(Invalid, match="platform"):
        check_url("http://127.0.0.1:8000/api/v1/teams", local)


def test_a_name_that_leads_to_this_machine_is_found_out_when_an_endpoint_is_made():
    assert resolves_badly("https://localhost/", RULES)
    assert not resolves_badly("https://localhost/", LOCAL)
    assert not resolves_badly("https://no-such-name.invalid/", RULES)


@given(st.text(max_size=60))
@example("https://[")
@example("https://\u2100.com/")
def test_no_text_is_ever_an_accident(text):
    for url in (text, f"https://{text}/", f"https://example.com/{text}"):
        try:
            kept = check_url(url, RULES)
        except Invalid:
            continue
        assert kept.isascii() and "\r" not in kept and "\n" not in kept and kept.startswith("https://")

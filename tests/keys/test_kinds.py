"""The printed form of keys: checked without a look-up, and never accepted with a slip in it."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.keys.kinds import BASE62, HEX, KINDS, Limits, well_formed

PRINTED = {
    "competition": ("lc_", 64),
    "casino": ("sk_live_", 40),
    "game_platform": ("internal_", 40),
    "feed": ("vbk_", 24),
    "agent": ("", 32),
    "session": ("dpk_", 40),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_new_secret_has_the_form_that_its_contract_prints(kind):
    prefix, length = PRINTED[kind.name]
    secret = kind.new_secret()
    assert secret.startswith(prefix)
    assert len(secret) == len(prefix) + length
    assert set(secret[len(prefix) :]) <= set(BASE62 if kind.name == "feed" else HEX)
    assert well_formed(secret)
    assert kind.new_secret() != secret


def test_only_casino_keys_of_a_sandbox_look_different():
    assert KINDS["casino"].new_secret(sandbox=True).startswith("sk_test_")
    assert well_formed(KINDS["casino"].new_secret(sandbox=True))
    assert KINDS["session"].new_secret(sandbox=True).startswith("dpk_")


def test_the_last_eight_hex_digits_are_the_crc_of_everything_before_them():
    secret = KINDS["session"].new_secret()
    assert secret[-8:] == f"{zlib.crc32(secret[:-8].encode()):08x}"
    feed = KINDS["feed"].new_secret()
    value = sum(BASE62.index(letter) * 62**place for place, letter in enumerate(reversed(feed[-6:])))
    assert value == zlib.crc32(feed[:-6].encode())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_slip_of_one_character_is_seen(kind):
    secret = kind.new_secret()
    alphabet = BASE62 + "_-. é"
    for place, letter in enumerate(secret):
        for other in alphabet:
            if other != letter:
                assert not well_formed(secret[:place] + other + secret[place + 1 :]), (secret, place, other)
        assert not well_formed(secret[:place] + secret[place + 1 :])
        assert not well_formed(secret[:place] + letter + secret[place:])


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_two_neighbours_that_changed_places_are_seen(kind):
    secret = kind.new_secret()
    for place in range(len(secret) - 1):
        swapped = secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :]
        assert well_formed(swapped) == (swapped == secret)


def test_of_a_hundred_thousand_well_shaped_strings_none_is_a_key():
    chance = random.Random(20261121)
    kinds = list(KINDS.values())
    accepted = 0
    for number in range(100_000):
        kind = kinds[number % len(kinds)]
        accepted += well_formed(kind.prefix + "".join(chance.choices(kind.alphabet, k=kind.length)))
    assert accepted == 0


@given(st.text(max_size=100))
def test_any_text_is_answered_and_never_fails(text):
    assert well_formed(text) is False


@pytest.mark.parametrize("text", ["", "_", "lc_", "\ud800", "lc_" + "é" * 64, "LC_" + "0" * 64, " " * 32, "\x00" * 32])
def test_odd_text_is_no_key(text):
    assert not well_formed(text)


def test_upper_case_hex_is_no_key():
    assert not well_formed("lc_" + KINDS["competition"].new_secret().removeprefix("lc_").upper())


def test_new_keys_start_with_the_limits_of_their_contract():
    assert KINDS["competition"].limits == Limits(per_minute=600, writes_per_minute=60, per_hour=1000)
    assert KINDS["casino"].limits == Limits(per_minute=1000, burst_10s=100)
    assert KINDS["game_platform"].limits == Limits(per_minute=5000, burst_10s=500)
    assert KINDS["feed"].limits == Limits(per_minute=600)
    assert KINDS["session"].limits == Limits(per_minute=60, per_day=10_000)


limits = st.builds(
    Limits,
    st.integers(1, 9),
    *[st.none() | st.integers(1, 9) for _ in range(4)],
)


@given(limits, limits)
def test_the_tighter_of_two_limits_never_exceeds_either(one, other):
    least = one.least(other)
    assert least.exceeds(one) == [] and least.exceeds(other) == []
    assert (one.exceeds(other) == []) == (least == one)

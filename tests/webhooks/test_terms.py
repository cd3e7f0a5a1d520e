"""Whatever is typed as a header or an event type is refused by name or harmless on the wire."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.errors import Invalid
from portal.outbox.choosing import checked_types
from portal.webhooks.terms import checked_description, checked_headers

ODD = st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0\t :;,\x7f\x85\u2028"), max_size=40)


@settings(max_examples=2000, deadline=None)
@given(st.dictionaries(ODD, ODD, max_size=4))
def test_no_header_ever_adds_a_line_or_takes_one_of_ours(headers):
    try:
        kept = checked_headers(headers, "X-LightChallenge")
    except Invalid as refusal:
        assert refusal.field == "headers"
        return
    for name, value in kept.items():
        assert re.fullmatch(r"[!-9;-~]+", name) and re.fullmatch(r"[ -~]+", value) and value == value.strip()
        assert not name.lower().replace("_", "-").startswith(("webhook-", "x-lightchallenge-"))


@pytest.mark.parametrize(
    "name", ["Host", "webhook-id", "Webhook_Signature", "X_LightChallenge_Event", "content_length", "COOKIE"]
)
def test_a_header_that_a_receiver_would_take_for_ours_is_refused(name):
    with pytest.raises(Invalid, match="set by the delivery itself"):
        checked_headers({name: "1"}, "X-LightChallenge")


@given(st.lists(ODD | st.sampled_from(["match.*", "*", "match.completed", "x.*", ".*", "*.*"]), max_size=5))
def test_only_types_families_and_everything_are_event_types(types):
    try:
        kept = checked_types(types)
    except Invalid:
        return
    assert kept and set(kept) <= {"match.*", "*", "match.completed"}


@given(ODD)
def test_a_description_is_one_line(text):
    try:
        assert "\n" not in checked_description(text) and "\r" not in checked_description(text)
    except Invalid as refusal:
        assert refusal.field == "description"

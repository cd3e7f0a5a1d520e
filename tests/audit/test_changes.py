"""Before and after, as people read it."""

from hypothesis import given
from hypothesis import strategies as st

from portal.audit.changes import Change, action_words, changes_of
from portal.audit.model import AuditRow


def changes(before, after) -> list[Change]:
    return changes_of(AuditRow(before=before, after=after))


def test_a_value_that_changed_shows_both_sides():
    assert changes({"name": "Old"}, {"name": "New"}) == [Change("Name", ("Old",), ("New",))]
    assert str(changes({"concurrency": 50}, {"concurrency": 75})[0]) == "Calls in flight: 50 → 75"


def test_of_a_list_or_text_of_lines_only_the_items_that_differ_are_shown():
    assert changes({"scopes": ["a", "b"]}, {"scopes": ["b", "c"]}) == [Change("Scopes", ("a",), ("c",))]
    lines = changes({"allowed_addresses": "10.0.0.1\n10.0.0.2"}, {"allowed_addresses": "10.0.0.2"})
    assert lines == [Change("Allowed addresses", ("10.0.0.1",), ())]
    assert str(lines[0]) == "Allowed addresses: − 10.0.0.1"


def test_what_is_new_or_gone_has_one_side():
    assert changes(None, {"role": "admin"}) == [Change("Role", (), ("admin",))]
    assert changes({"role": "admin"}, None) == [Change("Role", ("admin",), ())]
    assert str(changes(None, {"role": "admin"})[0]) == "Role: + admin"


def test_yes_no_and_nothing_are_words():
    assert changes({"is_active": True}, {"is_active": False}) == [Change("Enabled", ("yes",), ("no",))]
    assert changes({"website": None}, {"website": ""}) == []
    assert changes(None, None) == []


def test_actions_read_as_words():
    assert action_words("session.revoked") == "Session link revoked"
    assert action_words("member.link_renewed") == "Member link renewed"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
sides = st.none() | st.dictionaries(st.text(max_size=6), plain, max_size=4)


@given(before=sides, after=sides)
def test_whatever_was_written_down_can_be_shown(before, after):
    for change in changes(before, after):
        assert change.removed or change.added
        assert str(change).startswith(change.name)

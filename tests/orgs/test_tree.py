"""Random trees: a person reaches what they are a member of and all below it, and nothing else (RELIABILITY T18)."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kernel.db import unit_of_work
from portal.orgs.access import role_in
from portal.orgs.model import ROLES, Membership, Organization, ancestry, reach_of
from tests.make import unique


@st.composite
def trees(draw) -> tuple[list[int | None], dict[int, str]]:
    """(the parent of each, the roles of the person by number). A parent stands before its children."""
    size = draw(st.integers(1, 9))
    parents = [None if n == 0 else draw(st.none() | st.integers(0, n - 1)) for n in range(size)]
    roles = draw(st.dictionaries(st.integers(0, size - 1), st.sampled_from(ROLES), max_size=3))
    return parents, roles


def above(parents: list[int | None], number: int) -> list[int]:
    """The number and those above it, nearest first."""
    line: list[int] = []
    at: int | None = number
    while at is not None:
        line.append(at)
        at = parents[at]
    return line


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees())
def test_a_person_reaches_exactly_what_is_theirs_and_below(make, tree):
    parents, roles = tree
    person = make.person("dora")
    with unit_of_work() as work:
        made: list[Organization] = []
        for parent in parents:
            name = unique("tree")
            made.append(Organization(name=name, slug=name, parent_id=None if parent is None else made[parent].id))
            work.add(made[-1])
            work.flush()
        work.add_all(Membership(org_id=made[n].id, user_id=person.id, role=role) for n, role in roles.items())
        work.flush()
        expected = {n: [roles[up] for up in above(parents, n) if up in roles] for n in range(len(parents))}
        reach, total = reach_of(work, person.id, 100)
        assert {one.organization.id for one in reach} == {made[n].id for n, held in expected.items() if held}
        assert total == len(reach)
        for n, org in enumerate(made):
            assert ancestry(work, org.id)[0] == org.id
            assert set(ancestry(work, org.id)) == {made[up].id for up in above(parents, n)}
            assert role_in(work, person.id, org.id) == max(expected[n], key=ROLES.index, default=None)
        at = {one.organization.id: index for index, one in enumerate(reach)}
        for one in reach:
            parent = one.organization.parent_id
            assert one.depth == (reach[at[parent]].depth + 1 if parent in at else 0)
            assert parent not in at or at[parent] < at[one.organization.id]

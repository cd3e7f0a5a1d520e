"""People in front of the key pages: alice owns, dana administers, bob is a member, charlie is a stranger."""

import pytest

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.orgs.model import Organization, User
from portal.orgs.service import add_member


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def alice(make, org):
    return make.signed_in(org.alice)


@pytest.fixture
def bob(make, org):
    return make.signed_in(org.bob)


@pytest.fixture
def charlie(make, org):
    return make.signed_in(org.charlie)


@pytest.fixture
def admin(make, org):
    person = make.person("dana")
    with unit_of_work() as session:
        add_member(session, session.get(Organization, org.id), session.get(User, person.id), "admin", SYSTEM, "owner")
    return make.signed_in(person)

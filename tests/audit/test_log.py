"""The audit log: its page, and the promise that a row stays as it was written."""

import csv
import io
import re
from html import unescape

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.audit.model import AuditRow
from portal.audit.service import Actor, record
from portal.kernel.db import db, unit_of_work
from tests.make import post, unique


def written(org, action="key.issued", label="Key A", actor=None, **sides) -> None:
    actor = actor or Actor("user", "1", "wilma@example.com", "192.0.2.1", "r" * 20)
    with unit_of_work() as work:
        record(work, org.id, actor, action, ("key", unique("id"), label), **sides)


def rows(client, org, **asked) -> list[list[str]]:
    """The lines of the CSV, without its head: (when, who, what, on, before and after, address)."""
    answer = client.get(f"/o/{org.slug}/audit", query_string={**asked, "format": "csv"})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_rows SET actor_label = 'somebody else' WHERE org_id = :org",
        "UPDATE audit_rows SET after = NULL WHERE org_id = :org",
        "DELETE FROM audit_rows WHERE org_id = :org",
        "DELETE FROM audit_rows",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_row(make, statement):
    org = make.org()
    before = db.session.scalars(select(AuditRow.id).where(AuditRow.org_id == org.id).order_by(AuditRow.id)).all()
    db.session.rollback()
    with pytest.raises(DBAPIError, match="never changed or removed"), unit_of_work() as work:
        work.execute(text(statement), {"org": org.id} if ":org" in statement else {})
    assert before
    assert db.session.scalars(select(AuditRow.id).where(AuditRow.org_id == org.id).order_by(AuditRow.id)).all() == before


def test_a_change_that_is_rolled_back_leaves_no_row(make):
    org = make.org()
    with pytest.raises(ZeroDivisionError), unit_of_work() as work:
        record(work, org.id, Actor("user", "1", "x"), "key.issued", ("key", "1", "gone"))
        raise ZeroDivisionError
    assert not db.session.scalars(select(AuditRow).where(AuditRow.org_id == org.id, AuditRow.action == "key.issued")).all()


def test_the_page_shows_who_what_and_the_difference(make):
    org = make.org()
    written(org, "key.changed", "Importer", before={"scopes": ["a", "b"]}, after={"scopes": ["b", "c"]})
    page = unescape(make.signed_in(org.alice).get(f"/o/{org.slug}/audit").text)
    for part in ("wilma@example.com", "Key changed", "Importer", "<del>a</del>", "<ins>c</ins>", "192.0.2.1"):
        assert part in page
    assert "<ins>b</ins>" not in page


def test_newest_first(make):
    org = make.org()
    for label in ("first", "second", "third"):
        written(org, label=label)
    assert [row[3] for row in rows(make.signed_in(org.alice), org)][:3] == ["third", "second", "first"]


def test_filters_narrow_by_kind_of_actor_name_area_subject_day_and_text(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    written(org, "key.issued", "Alpha", after={"scopes": ["teams:read"]})
    written(org, "key.revoked", "Beta", Actor("key", "k-1", "Importer key", "192.0.2.2"))
    written(org, "session.revoked", "player-9", Actor("user", "2", "fred@example.com"))
    written(org, "game.created", "Crash")
    only = lambda **asked: sorted(row[3] for row in rows(alice, org, **asked))  # noqa: E731
    assert only(by="key") == ["Beta"]
    assert only(actor="FRED") == ["player-9"]
    assert only(about="catalog") == ["Crash"]
    assert only(about="session") == ["player-9"]
    assert only(subject="alph") == ["Alpha"]
    assert only(q="teams:read") == ["Alpha"]
    assert only(q="192.0.2.2") == ["Beta"]
    assert only(about="key", actor="wilma") == ["Alpha"]
    assert only(q="100%") == []
    assert len(only(at_from="2020-01-01")) >= 4
    assert only(at_to="2020-01-01") == []


@pytest.mark.parametrize(
    "query", ["by=nobody", "about=%00", "at_from=yesterday", "sort=actor_id;drop", "page=x", "size=9999", "q=%ff%fe"]
)
def test_a_strange_filter_is_left_out_and_said_so(make, query):
    org = make.org()
    answer = make.signed_in(org.alice).get(f"/o/{org.slug}/audit?{query}")
    assert answer.status_code == 200


def test_the_csv_holds_no_formula(make):
    org = make.org()
    written(org, label="=HYPERLINK(1)")
    assert rows(make.signed_in(org.alice), org, subject="HYPERLINK")[0][3] == "'=HYPERLINK(1)"


def test_rows_of_another_organization_are_never_shown(make):
    mine, other = make.org(), make.org()
    written(other, label="secret-of-the-other")
    alice = make.signed_in(mine.alice)
    assert "secret-of-the-other" not in alice.get(f"/o/{mine.slug}/audit").text
    assert rows(alice, mine, q="secret-of-the-other") == []


def test_markup_in_a_name_is_text(make):
    org = make.org()
    canary = "<img src=x onerror=alert(1)>"
    written(org, label=canary, after={"name": canary})
    page = make.signed_in(org.alice).get(f"/o/{org.slug}/audit").text
    assert canary not in page
    assert "&lt;img src=x" in page


def test_the_page_costs_the_same_statements_however_long_the_log(make, count_sql):
    org = make.org()
    alice = make.signed_in(org.alice)
    costs = []
    for more in (1, 30):
        for _ in range(more):
            written(org)
        with count_sql() as statements:
            assert alice.get(f"/o/{org.slug}/audit").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 8  # the last: saved views


def test_what_the_back_office_changes_carries_the_number_of_its_request(make):
    org = make.org()
    answer = post(make.signed_in(org.alice), f"/o/{org.slug}/settings/general", {"name": "Renamed", "concurrency": "9"})
    row = db.session.scalars(select(AuditRow).where(AuditRow.request_id == answer.headers["X-Request-ID"])).one()
    assert (row.action, row.actor_label) == ("organization.changed", org.alice.email)
    assert re.fullmatch(r"[0-9a-f-]{36}", row.actor_id)

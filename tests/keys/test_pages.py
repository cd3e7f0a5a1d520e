"""The list, the page of a key, and the acts on it: alice owns, bob is a member, charlie is a stranger."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.keys.model import ApiKey
from tests.keys.office import HTMX, SECRET, SESSION_FORM, post, row_of, url
from tests.make import csrf_of
from tests.reading import plain


def test_bob_may_look_but_neither_issue_nor_change(make, org, bob):
    key = row_of(make.key(org, "session", name="Seen by bob"))
    assert "Seen by bob" in bob.get(url(org)).text and "Issue key" not in bob.get(url(org)).text
    shown = bob.get(url(org, key.uid))
    assert shown.status_code == 200
    assert not re.search(r"Rotate|Revoke key|Disable", plain(shown))
    token = csrf_of(bob, url(org))
    for verb in ("new?kind=session", *(f"{key.uid}/{verb}" for verb in ("edit", "rotate", "roll", "revoke"))):
        assert bob.get(url(org, verb)).status_code == 403
        assert bob.post(url(org, verb), data=token | SESSION_FORM).status_code == 403
    for verb in ("disable", "enable", "cancel-roll", "end-overlap"):
        assert bob.post(url(org, key.uid, verb), data=token).status_code == 403


def test_charlie_finds_nothing_here(make, org, charlie):
    key = row_of(make.key(org, "session"))
    for path in ("", "/new?kind=session", f"/{key.uid}", f"/{key.uid}/edit", f"/{key.uid}/revoke"):
        assert charlie.get(url(org) + path).status_code == 404


def test_a_key_of_another_organization_is_not_there(make, org, alice):
    theirs = row_of(make.key(make.org(), "session"))
    token = csrf_of(alice, url(org, "new?kind=session"))
    for verb in ("", "/edit", "/rotate", "/roll", "/revoke"):
        assert alice.get(url(org, theirs.uid) + verb).status_code == 404
    for verb in ("rotate", "roll", "disable", "enable", "cancel-roll", "end-overlap", "revoke"):
        answer = alice.post(url(org, theirs.uid, verb), data=token | {"overlap": "1h", "confirm": theirs.name})
        assert answer.status_code == 404
    assert alice.get(url(org, "not-a-uuid")).status_code == 404


def test_an_admin_sees_what_only_an_owner_grants_and_is_refused_it(make, org, admin):
    page = plain(admin.get(url(org, "new?kind=agent")))
    assert "Only an owner grants balances:transfer, keys:manage, operators:write." in page
    token = csrf_of(admin, url(org, "new?kind=agent"))
    form = token | {"name": "Agent", "per_minute": "60", "scopes": "balances:transfer"}
    assert admin.post(url(org, "new?kind=agent"), data=form).status_code == 422
    issued = admin.post(url(org, "new?kind=agent"), data=token | {"name": "A", "per_minute": "60", "bundles": "agent.all"})
    assert not set(row_of(SECRET.search(issued.text)[1]).scopes) & {"balances:transfer", "operators:write"}
    strong = row_of(make.key(org, "competition"))
    answer = post(admin, url(org, strong.uid, "rotate"))
    assert answer.status_code == 422 and "You may not grant keys:manage" in plain(answer)


def test_a_rotation_answers_with_the_new_secret_and_the_old_one_is_dead(app, make, org, alice):
    old = make.key(org, "session")
    answer = post(alice, url(org, row_of(old).uid, "rotate"))
    new = SECRET.search(answer.text)[1]
    assert row_of(new).id == row_of(old).id
    client = app.test_client()
    assert client.get("/v1/whoami", headers={"X-API-Key": new}).status_code == 200
    assert client.get("/v1/whoami", headers={"X-API-Key": old}).status_code == 403


def test_a_roll_shows_both_secrets_and_who_still_calls_with_the_old_one(app, make, org, alice):
    old = make.key(org, "session")
    key = row_of(old)
    answer = post(alice, url(org, key.uid, "roll"), overlap="24h")
    new = SECRET.search(answer.text)[1]
    shown = plain(alice.get(url(org, key.uid)))
    assert "Two secrets work" in shown and "24 hours after the first use of the new one" in shown and "Rolling" in shown
    client = app.test_client()
    assert client.get("/v1/whoami", headers={"X-API-Key": old, "User-Agent": "legacy-crm/1.2"}).status_code == 200
    assert client.get("/v1/whoami", headers={"X-API-Key": new}).status_code == 200
    assert app.extensions["gate"].keyring.book.meter.flush()
    shown = plain(alice.get(url(org, key.uid)))
    assert "Called with the old secret since the roll" in shown and "legacy-crm" in shown and "GET /v1/whoami" in shown
    assert "was first used" in shown and "You can end the overlap" in shown
    second = post(alice, url(org, key.uid, "roll"), overlap="1h")
    assert second.status_code == 422 and "rolling already" in plain(second)
    ended = alice.post(url(org, key.uid, "end-overlap"), data=csrf_of(alice, url(org, key.uid)))
    assert ended.status_code == 303
    assert "Two secrets work" not in plain(alice.get(url(org, key.uid)))
    again = alice.post(url(org, key.uid, "cancel-roll"), data=csrf_of(alice, url(org, key.uid)))
    assert again.status_code == 409


@pytest.mark.parametrize("overlap", ["", "2h", "365d"])
def test_another_overlap_is_refused(make, org, alice, overlap):
    key = row_of(make.key(org, "session"))
    answer = post(alice, url(org, key.uid, "roll"), overlap=overlap)
    assert answer.status_code == 422


def test_disable_acts_at_once_and_offers_undo(make, org, alice):
    key = row_of(make.key(org, "session"))
    token = csrf_of(alice, url(org, key.uid))
    answer = alice.post(url(org, key.uid, "disable"), data=token, headers=HTMX)
    assert answer.status_code == 204 and url(org, key.uid, "enable") in answer.headers["HX-Trigger"]
    assert "Disabled" in plain(alice.get(url(org, key.uid)))
    assert alice.post(url(org, key.uid, "enable"), data=token).status_code == 303
    assert "Disabled" not in plain(alice.get(url(org, key.uid)))


def test_revoking_asks_for_the_name_typed_and_is_final(app, make, org, alice):
    secret = make.key(org, "session", name="Old CRM")
    key = row_of(secret)
    for typed in ("", "old crm", "Old CRM."):
        answer = post(alice, url(org, key.uid, "revoke"), confirm=typed)
        assert answer.status_code == 422 and "Write “Old CRM” exactly" in plain(answer)
    assert row_of(secret).revoked_at is None
    assert post(alice, url(org, key.uid, "revoke"), confirm="Old CRM").status_code == 303
    assert row_of(secret).revoked_at is not None
    shown = plain(alice.get(url(org, key.uid)))
    assert "Revoked" in shown and "Rotate" not in shown
    refused = alice.post(url(org, key.uid, "enable"), data=csrf_of(alice, url(org, "new?kind=session")))
    assert refused.status_code == 409


@pytest.mark.parametrize(("links", "status"), [({"links": "y"}, 410), ({}, 200)])
def test_revoking_leaves_its_unused_links_alone_unless_that_is_asked_for(app, make, org, alice, links, status):
    secret, client = make.key(org, "session", name="Links"), app.test_client()
    api = "/api/org-api-keys?action="
    made = client.post(f"{api}create-session", headers={"X-API-Key": secret}, json={"game_id": make.game(org)})
    token = made.json["data"]["token"]
    assert post(alice, url(org, row_of(secret).uid, "revoke"), confirm="Links", **links).status_code == 303
    assert client.get(f"{api}validate-session&token={token}").status_code == status


def test_an_edit_changes_the_terms_and_the_audit_log_says_what(make, org, alice):
    game = make.game(org)
    key = row_of(make.key(org, "session"))
    form = alice.get(url(org, key.uid, "edit")).text
    assert re.search(r'value="sessions:create" checked', form)
    answer = post(
        alice,
        url(org, key.uid, "edit"),
        name="Nightly",
        scopes="sessions:create",
        games=str(game),
        per_minute="5",
        expires_at="2031-05-01T12:00",
        allowed_addresses="192.0.2.0/24",
    )
    assert answer.status_code == 303
    shown = plain(alice.get(url(org, key.uid)))
    assert "5 a minute" in shown and "192.0.2.0/24" in shown and f"({game})" in shown
    activity = plain(alice.get(url(org, f"{key.uid}?tab=activity")))
    assert "Changed" in activity and "Nightly" in activity and org.alice.email in activity


def test_the_list_searches_filters_and_sorts_and_gives_a_csv(make, org, alice):
    live = row_of(make.key(org, "casino", name="Lobby"))
    gone = row_of(make.key(org, "session", name="=Formula"))
    alice.post(url(org, gone.uid, "disable"), data=csrf_of(alice, url(org, live.uid)))
    listed = lambda query: re.findall(r'class="cell-link" href="[^"]+/keys/([0-9a-f-]{36})"', alice.get(url(org) + query).text)  # noqa: E731
    assert set(listed("")) == {live.uid, gone.uid}
    assert listed("?q=lobby") == [live.uid] == listed("?kind=casino") == listed("?status=active")
    assert listed("?status=disabled") == [gone.uid] == listed(f"?q={gone.last4}")
    assert listed("?status=revoked") == [] == listed("?status=expired")
    assert listed("?sort=name")[0] == gone.uid
    csv = alice.get(url(org) + "?format=csv")
    assert csv.mimetype == "text/csv" and "'=Formula" in csv.text and live.hint in csv.text


def test_a_key_s_page_counts_calls_and_explains_refused_ones(app, make, org, alice):
    secret = make.key(org, "casino")
    key, client = row_of(secret), app.test_client()
    for _ in range(3):
        assert client.get("/v1/whoami", headers={"X-API-Key": secret}).status_code == 200
    assert client.get(f"/api/v1/auth/api-keys?org_id={org.uid}", headers={"X-API-Key": secret}).status_code == 403
    assert app.extensions["gate"].keyring.book.meter.flush()
    shown = plain(alice.get(url(org, key.uid)))
    assert "4 calls in the last 24 hours, 25.0% refused" in shown and "4 calls in the last 30 days" in shown
    assert "127.0.0.1" in shown
    refused = plain(alice.get(url(org, f"{key.uid}?tab=refused")))
    assert "Scope missing" in refused and "Add keys:manage to the key" in refused
    assert "GET /api/v1/auth/api-keys" in plain(alice.get(url(org, f"{key.uid}?tab=callers")))
    assert alice.get(url(org, f"{key.uid}?tab=secrets")).status_code == 404


def test_names_are_shown_as_text_wherever_they_stand(make, org, alice):
    hostile = '"><script>alert(1)</script>'
    key = row_of(make.key(org, "session", name=hostile, description=hostile))
    for path in ("", f"/{key.uid}", *(f"/{key.uid}/{verb}" for verb in ("edit", "rotate", "roll", "revoke"))):
        page = alice.get(url(org) + path)
        assert page.status_code == 200 and "<script>alert" not in page.text
    assert alice.get(url(org, f"{key.uid}?tab=activity")).text.count("<script>alert") == 0


def test_an_expired_key_says_so(make, org, alice):
    key = row_of(make.key(org, "session", expires_at=utc_now() + timedelta(hours=1)))
    with unit_of_work() as session:
        session.get(ApiKey, key.id).expires_at = utc_now() - timedelta(minutes=1)
    assert "Expired" in plain(alice.get(url(org, key.uid)))
    answer = post(alice, url(org, key.uid, "rotate"))
    assert answer.status_code == 422 and "has expired" in plain(answer)


def test_every_act_is_audited_under_the_person_s_name(make, org, alice):
    key = row_of(make.key(org, "session", name="Audited"))
    token = csrf_of(alice, url(org, key.uid))
    for verb, data in (
        ("roll", {"overlap": "1h"}),
        ("cancel-roll", {}),
        ("rotate", {}),
        ("disable", {}),
        ("enable", {}),
        ("revoke", {"confirm": "Audited"}),
    ):
        assert alice.post(url(org, key.uid, verb), data=token | data).status_code in (200, 303), verb
    query = select(AuditRow.action, AuditRow.actor_label).where(AuditRow.subject_id == key.uid).order_by(AuditRow.id)
    with reading() as connection:
        rows = [tuple(row) for row in connection.execute(query)][1:]
    verbs = ("rolled", "changed", "rotated", "disabled", "enabled", "revoked")
    assert rows == [(f"key.{verb}", org.alice.email) for verb in verbs]


def test_without_a_token_nothing_is_done(make, org, alice):
    secret = make.key(org, "session")
    key = row_of(secret)
    assert alice.post(url(org, key.uid, "rotate")).status_code == 403
    assert alice.post(url(org, key.uid, "disable"), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert row_of(secret).is_active

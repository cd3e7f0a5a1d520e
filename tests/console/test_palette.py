"""The search behind Ctrl-K."""

import pytest
from sqlalchemy import select

from portal.kernel.db import db
from portal.keys.model import ApiKey
from tests.make import unique


def hits(client, org, text: str) -> list[dict[str, str]]:
    answer = client.get(f"/o/{org.slug}/search", query_string={"q": text})
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return answer.json


def texts(client, org, text: str) -> list[str]:
    return [hit["text"] for hit in hits(client, org, text)]


def key_of(org) -> ApiKey:
    return db.session.scalars(select(ApiKey).where(ApiKey.org_id == org.id)).first()


def test_pages_are_found_by_name_group_and_other_words(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    assert texts(alice, org, "mem")[0] == "Members"
    assert "Settings" in texts(alice, org, "allowlist")
    assert "API keys" in texts(alice, org, "connect")
    assert "Audit log" not in texts(make.signed_in(org.bob), org, "audit")


def test_a_key_is_found_by_name_id_ends_and_when_it_is_pasted_whole(make):
    org = make.org()
    alice, secret = make.signed_in(org.alice), make.key(org, "feed")
    key = key_of(org)
    for text in (key.name[:6].upper(), key.uid, secret[:8], secret[-4:], secret, f"  {secret} "):
        found = [hit for hit in hits(alice, org, text) if key.uid in hit["url"]]
        assert found, text
        assert alice.get(found[0]["url"]).status_code == 200


def test_a_pasted_key_never_comes_back(make):
    org = make.org()
    secret = make.key(org, "feed")
    assert secret not in make.signed_in(org.alice).get(f"/o/{org.slug}/search", query_string={"q": secret}).text


def test_games_streams_links_and_organizations_are_found(make):
    org = make.org()
    agent = make.org("Zanzibar", parent=org)
    alice = make.signed_in(org.alice)
    game, stream = make.game(org, name="Quartz Quest"), make.stream(org, name="Quartz Live")
    reference = unique("player")
    link = make.link(org, game_id=game, external_ref=reference)
    found = hits(alice, org, "quartz")
    assert [(hit["text"], hit["note"]) for hit in found] == [
        ("Quartz Quest", f"Game {game}"),
        ("Quartz Live", f"Stream {stream}"),
    ]
    assert reference in texts(alice, org, reference)
    assert f"Session link {link.id}" in [hit["note"] for hit in hits(alice, org, f"#{link.id}")]
    assert agent.name in texts(alice, org, "zanzibar")
    assert agent.name in texts(alice, org, agent.uid)
    for hit in [*found, *hits(alice, org, reference), *hits(alice, org, "zanzibar")]:
        assert alice.get(hit["url"]).status_code == 200, hit


def test_nothing_of_another_organization_is_found(make):
    org, other = make.org(), make.org()
    alice = make.signed_in(org.alice)
    secret, game, reference = make.key(other, "feed"), make.game(other, name="Obsidian"), unique("theirs")
    make.link(other, game_id=game, external_ref=reference)
    for text in (secret, key_of(other).uid, key_of(other).name, "obsidian", reference, other.name, other.uid):
        assert [
            hit for hit in hits(alice, org, text) if other.slug in hit["url"] or hit["text"] in (other.name, "Obsidian")
        ] == []
    assert alice.get(f"/o/{other.slug}/search?q=a").status_code == 404


@pytest.mark.parametrize(
    "text", ["", "   ", "%", "_", "'", "\\", "\x00", "9" * 30, "#", "#99999999999", "x" * 5000, "\ud7ff", "ű"]
)
def test_whatever_is_typed_gets_an_answer(make, text):
    org = make.org()
    make.key(org, "feed")
    found = hits(make.signed_in(org.alice), org, text)
    assert isinstance(found, list)
    if text in ("", "   "):
        assert found == []


def test_a_search_costs_six_statements_at_most_besides_those_of_every_page(make, count_sql):
    org = make.org()
    make.key(org, "feed")
    alice = make.signed_in(org.alice)
    with count_sql() as statements:
        hits(alice, org, "a")
    assert len(statements) <= 4 + 6

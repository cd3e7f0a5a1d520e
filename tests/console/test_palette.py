"""The search behind Ctrl-K."""

import pytest
from sqlalchemy import select, update

from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.keys.model import ApiKey
from portal.outbox.model import Event
from portal.players.model import Team
from portal.transports.fan_out import hand_over
from portal.transports.model import Transport
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


def test_competitions_teams_seasons_and_players_are_found_by_name_and_wallet(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    cup, season = make.competition(org, title="Quasar Open"), make.season(org, name="Quasar Season")
    team = make.team(org, captain=make.wallet().address)
    with unit_of_work() as session:
        session.execute(update(Team).where(Team.uid == team).values(name="Quasar Five", tag="QSR"))
    found = hits(alice, org, "quasar")
    assert [(hit["text"], hit["note"]) for hit in found] == [
        ("Quasar Open", "Competition, draft"), ("Quasar Five", "Team"), ("Quasar Season", "Season"),
    ]  # fmt: skip
    assert [cup in found[0]["url"], team in found[1]["url"], season in found[2]["url"]] == [True] * 3
    assert texts(alice, org, "qsr") == ["Quasar Five"]
    wallet = make.wallet().address
    make.enter(org, make.competition(org, status="registration"), [wallet])
    for text in (wallet, wallet.lower(), wallet.upper().replace("0X", "0x"), wallet[:10]):
        assert wallet.lower() in texts(alice, org, text), text
    for hit in [*found, *hits(alice, org, wallet)]:
        assert alice.get(hit["url"]).status_code == 200, hit


def test_a_pasted_id_leads_to_the_page_of_its_thing_and_so_does_an_address_that_holds_it(make, count_sql):
    org = make.org()
    alice, things = make.signed_in(org.alice), make.things(org)
    nouns = {
        "key": "Key", "competition": "Competition", "team": "Team", "season": "Season", "match": "Match",
        "registration": "Registration", "batch": "Session links of an upload",
    }  # fmt: skip
    for name, noun in nouns.items():
        uid = str(things[name])
        for text in (uid, uid.upper(), f" {uid}\n", f"https://tilt.example/o/{org.slug}/somewhere/{uid}?tab=1"):
            with count_sql() as statements:
                found = hits(alice, org, text)
            assert [hit["note"] for hit in found] == [noun], (name, text)
            assert len(statements) <= 4 + 2
        assert alice.get(found[0]["url"]).status_code == 200, found
        assert uid in found[0]["url"] and str(things[name]) in alice.get(found[0]["url"]).text, name


def test_ids_and_names_of_another_organization_lead_nowhere(make):
    org, other = make.org(), make.org()
    alice, things = make.signed_in(org.alice), make.things(other)
    for name in ("key", "competition", "team", "season", "match", "registration", "batch", "org"):
        assert hits(alice, org, str(things[name])) == [], name
    wallet = make.wallet().address
    make.enter(other, make.competition(other, status="registration", title="Obsidian Cup"), [wallet])
    assert hits(alice, org, wallet) == [] and hits(alice, org, "obsidian") == []


def test_a_deleted_team_is_not_found(make):
    org = make.org()
    team = make.team(org)
    with unit_of_work() as session:
        session.execute(update(Team).where(Team.uid == team).values(deleted_at=utc_now(), name="Vanished"))
    alice = make.signed_in(org.alice)
    assert hits(alice, org, team) == [] and hits(alice, org, "vanished") == []


def test_things_to_do_are_offered_to_those_who_may_do_them(make):
    org = make.org()
    alice, bob = make.signed_in(org.alice), make.signed_in(org.bob)
    for text in ("new comp", "issue key", "create team", "add game", "season", "invite"):
        found = [hit for hit in hits(alice, org, text) if hit["note"] == "Action"]
        assert found, text
        assert [hit for hit in found if alice.get(hit["url"]).status_code != 200] == []
        assert [hit for hit in hits(bob, org, text) if hit["note"] == "Action"] == []
    agent = make.org(parent=org)
    assert "Create agent" in texts(alice, org, "create agent")
    assert "Create agent" not in texts(make.signed_in(agent.alice), agent, "create agent")


def test_hostile_names_come_back_as_they_are_in_json(make):
    org = make.org()
    alice = make.signed_in(org.alice)
    for title in ("<script>alert(1)</script>", "مرحبا بالعالم", "🏆 " + "x" * 190):
        make.competition(org, title=title)
        assert texts(alice, org, title) == [title]


def test_a_search_costs_one_statement_for_each_sort_besides_those_of_every_page(make, count_sql):
    org = make.org()
    alice = make.signed_in(org.alice)
    make.key(org, "feed")
    costs = []
    for more in (1, 8):
        for _ in range(more):
            make.competition(org, title="All of them")
            make.team(org)
        with count_sql() as statements:
            hits(alice, org, "a")
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 4 + 10
    with count_sql() as statements:
        hits(alice, org, "0xab12")
    assert len(statements) <= 4 + 11


def test_event_feeds_are_found_by_name_queue_and_id_and_their_messages_by_the_ids_that_people_have(make):
    org, other = make.org(), make.org()
    alice, stranger = make.signed_in(org.alice), make.signed_in(other.alice)
    uid = make.transport(org)
    message = make.transport_message(org, uid)
    with unit_of_work() as session:
        session.execute(update(Transport).where(Transport.uid == uid).values(name="Quasar desk"))
    for text, page in (("quasar", ""), ("events.fifo", ""), (uid, ""), (message, f"/messages/{message}")):
        (hit,) = [hit for hit in hits(alice, org, text) if "feed" in hit["note"]]
        assert hit["url"].endswith(f"/o/{org.slug}/feeds/{uid}{page}"), text
        assert alice.get(hit["url"]).status_code == 200
        assert hits(stranger, other, text) == []
    event = make.event(org, "match.completed")
    with unit_of_work() as session:
        hand_over(session, session.scalars(select(Event).where(Event.uid == event)).all())
    (hit,) = hits(alice, org, event)
    assert hit["note"] == "Event in a feed" and "match.completed" in alice.get(hit["url"]).text
    assert hits(stranger, other, event) == []

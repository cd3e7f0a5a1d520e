"""The demo tenant: once, complete, and with keys that work."""

import json

import pytest
from sqlalchemy import func, select

from portal import create_app, demo
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Fault
from portal.keys.kinds import KINDS
from portal.keys.model import ApiKey
from portal.keys.scopes import all_scopes
from portal.orgs.model import Organization, User
from portal.session_tokens.model import SessionToken
from tests import servers
from tests.conftest import Browser, migrate, settings_for
from tests.make import csrf_of, unique


@pytest.fixture
def fresh(database_url, redis_url, tmp_path):
    """An application on a database of its own."""
    if database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path}/demo.sqlite"
    else:
        url = servers.create_database(servers.shared("postgres"), unique("demo").replace("-", "_"))
    migrate(url, tmp_path)
    app = create_app(settings_for(url, "memory://", tmp_path, env="development"))
    app.test_client_class = Browser
    yield app
    app.extensions["gate"].keyring.book.meter.flush()
    with app.app_context():
        db.engine.dispose()


def keep(app, facts) -> None:
    (app.config["SETTINGS"].data_dir / "demo.json").write_text(json.dumps(facts))


def counts(app) -> list[int]:
    with app.app_context():
        return [db.session.scalar(select(func.count()).select_from(kind)) for kind in (User, Organization, ApiKey, SessionToken)]


def test_the_second_time_everything_is_there_and_every_secret_the_same(fresh):
    facts = demo.seed(fresh)
    keep(fresh, facts)
    before = counts(fresh)
    assert demo.seed(fresh) == facts
    assert counts(fresh) == before


def test_without_the_file_the_demo_gets_new_secrets_and_the_old_ones_are_dead(fresh):
    facts = demo.seed(fresh)
    before = counts(fresh)
    again = demo.seed(fresh)
    assert again["operator"]["password"] != facts["operator"]["password"]
    assert not set(again["keys"].values()) & set(facts["keys"].values())
    assert {**again, "keys": 0, "operator": 0, "agent": 0} == {**facts, "keys": 0, "operator": 0, "agent": 0}
    assert counts(fresh) == before
    client = fresh.test_client()
    assert client.get("/v1/whoami", headers={"X-API-Key": facts["keys"]["feed"]}).status_code in (401, 403)
    assert client.get("/v1/whoami", headers={"X-API-Key": again["keys"]["feed"]}).status_code == 200


def test_a_file_that_is_no_json_is_as_good_as_none(fresh):
    facts = demo.seed(fresh)
    (fresh.config["SETTINGS"].data_dir / "demo.json").write_text("{")
    assert demo.seed(fresh)["org_id"] == facts["org_id"]


def test_a_demo_key_that_was_revoked_by_hand_is_issued_anew(fresh):
    facts = demo.seed(fresh)
    keep(fresh, facts)
    with fresh.app_context(), unit_of_work() as work:
        key = work.scalars(select(ApiKey).where(ApiKey.kind == "casino", ApiKey.last4 == facts["keys"]["casino"][-4:])).one()
        key.revoked_at = key.created_at
    again = demo.seed(fresh)
    assert again["keys"]["casino"] != facts["keys"]["casino"]
    assert {**again["keys"], "casino": ""} == {**facts["keys"], "casino": ""}


def test_every_key_has_all_scopes_of_its_kind_and_only_a_fast_limit_a_minute(fresh):
    facts = demo.seed(fresh)
    with fresh.app_context():
        for kind, secret in facts["keys"].items():
            key = db.session.scalars(select(ApiKey).where(ApiKey.kind == kind, ApiKey.last4 == secret[-4:])).one()
            assert set(key.scopes) == all_scopes(kind, demo.SPORTS), kind
            assert (key.per_minute, key.writes_per_minute) == (100_000, 100_000)
            assert (key.per_hour, key.per_day, key.burst_10s) == (None, None, None)
    assert set(facts["keys"]) == set(KINDS)


def test_every_key_is_let_in(fresh):
    facts = demo.seed(fresh)
    client = fresh.test_client()
    for kind, secret in [*facts["keys"].items(), ("agent below", facts["agent"]["key"])]:
        answer = client.get("/v1/whoami", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200, kind
    assert answer.json["data"]["tenant_id"] == facts["agent"]["org_id"]


def test_the_operator_signs_in_and_every_page_has_something_on_it(fresh):
    facts = demo.seed(fresh)
    client = fresh.test_client()
    data = {**facts["operator"], **csrf_of(client, "/sign-in")}
    assert client.post("/sign-in", data=data).status_code == 303
    for path in ("", "keys", "sessions", "games", "streams", "settings", "members", "agents", "audit"):
        page = client.get(f"/o/{facts['org_slug']}/{path}")
        assert page.status_code == 200, path
        assert 'class="empty-state"' not in page.text, path
    assert 'class="sandbox"' in client.get(f"/o/{facts['sandbox']['org_slug']}/").text


def test_a_league_and_a_cup_stand_as_they_really_went_and_a_tournament_is_in_play(fresh):
    facts = demo.seed(fresh)
    client, key = fresh.test_client(), {"X-API-Key": facts["keys"]["competition"]}

    def read(path):
        answer = client.get(f"/api/v1/{path}", headers=key)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    found = {item["title"]: item for item in read(f"competitions?org_id={facts['org_id']}")["items"]}
    assert {title: (item["status"], item["participant_count"], item["match_count"]) for title, item in found.items()} == {
        "Premier League 2022/23": ("completed", 20, 380),
        "World Cup 2018, groups": ("completed", 32, 48),
        "World Cup 2018": ("completed", 16, 16),
        "Arena Five Invitational": ("active", 8, 14),
        "Friday Night Cup": ("registration", 5, 0),
    }
    ids = {title: item["id"] for title, item in found.items()}
    table = read(f"competitions/{ids['Premier League 2022/23']}/standings")["standings"]
    assert [(row["team_name"], row["points"]) for row in table[:2]] == [("Manchester City FC", 89), ("Arsenal FC", 84)]
    assert len(read(f"competitions/{ids['World Cup 2018, groups']}/decisions")) == 1
    group = [row for row in read(f"competitions/{ids['World Cup 2018, groups']}/standings")["standings"] if row["group"] == "H"]
    assert [row["team_name"] for row in group] == ["Colombia", "Japan", "Senegal", "Poland"]
    places = read(f"competitions/{ids['World Cup 2018']}/results")["placements"]
    assert [place["team_name"] for place in places[:4]] == ["France", "Croatia", "Belgium", "England"]
    (season,) = read(f"seasons?org_id={facts['org_id']}")
    assert (season["competition_count"], season["participant_count"]) == (4, 60)
    first = read(f"seasons/{season['id']}/standings")["standings"][0]
    assert (first["team_name"], first["total_points"]) == ("Manchester City FC", 89.0)


def test_the_demo_game_follows_the_address_of_the_installation(fresh, tmp_path):
    from dataclasses import replace

    facts = demo.seed(fresh)
    keep(fresh, facts)
    fresh.config["SETTINGS"] = replace(fresh.config["SETTINGS"], base_url="http://127.0.0.1:9999")
    assert demo.seed(fresh)["base_url"] == "http://127.0.0.1:9999"
    with fresh.app_context():
        from portal.catalog.model import Game

        assert db.session.get_one(Game, facts["game_id"]).launch_url == "http://127.0.0.1:9999/play/demo-game"


def test_it_is_never_made_in_production(fresh):
    from dataclasses import replace

    fresh.config["SETTINGS"] = replace(fresh.config["SETTINGS"], env="production")
    with pytest.raises(Fault, match="never made in production"):
        demo.seed(fresh)
    assert counts(fresh) == [0, 0, 0, 0]

"""Games, streams and providers in the back office."""

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.catalog.model import Game, Stream
from portal.kernel.db import unit_of_work
from tests.make import Make, csrf_of

GAME = {"name": "Penalty Kings", "launch_url": "https://games.example.com/start", "slug": "", "category": "football"}


@pytest.fixture
def org(make: Make):
    return make.org()


@pytest.fixture
def alice(make: Make, org):
    return make.signed_in(org.alice)


def send(browser, url, **fields):
    return browser.post(url, data=fields | csrf_of(browser, url))


def games_of(org) -> list[Game]:
    with unit_of_work() as session:
        found = list(session.scalars(select(Game).where(Game.org_id == org.id).order_by(Game.id)))
        session.expunge_all()
        return found


def test_a_game_is_added_changed_archived_and_restored(alice, org):
    url = f"/o/{org.slug}/games"
    assert "No games yet" in alice.get(url).text
    assert send(alice, f"{url}/new", **GAME).status_code == 303
    (game,) = games_of(org)
    assert (game.slug, game.category) == ("penalty-kings", "football")
    assert "Penalty Kings" in alice.get(url).text
    edit = f"{url}/{game.id}"
    assert send(alice, edit, **GAME | {"name": "Penalty Queens", "slug": "queens", "provider_id": ""}).status_code == 303
    token = csrf_of(alice, edit)
    assert alice.post(f"{edit}/archive", data=token).status_code == 303
    assert games_of(org)[0].archived_at is not None
    page = alice.get(url).text
    assert "links that players have go on working" in page and f"{edit}/restore" in page
    assert alice.post(f"{edit}/restore", data=token).status_code == 303
    assert (games_of(org)[0].archived_at, games_of(org)[0].name) == (None, "Penalty Queens")
    with unit_of_work() as session:
        actions = session.scalars(
            select(AuditRow.action).where(AuditRow.org_id == org.id, AuditRow.subject_kind == "game").order_by(AuditRow.id)
        ).all()
    assert actions == ["game.created", "game.changed", "game.archived", "game.restored"]


def test_streams_and_providers_are_added_alike(alice, org):
    stream = {"name": "Derby", "launch_url": "https://live.example.com", "starts_at": "2027-03-01T18:00"}
    assert send(alice, f"/o/{org.slug}/streams/new", **stream | {"ends_at": "2027-03-01T20:00"}).status_code == 303
    assert send(alice, f"/o/{org.slug}/providers/new", name="Evolution", status="2").status_code == 303
    assert "Maintenance" in alice.get(f"/o/{org.slug}/providers").text
    with unit_of_work() as session:
        assert session.scalar(select(Stream.starts_at).where(Stream.org_id == org.id)).isoformat() == "2027-03-01T18:00:00+00:00"
    late = send(alice, f"/o/{org.slug}/streams/new", **stream | {"ends_at": "2027-03-01T17:00", "slug": "other"})
    assert late.status_code == 422 and "ends before it starts" in late.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "Write the game"),
        ({"name": "x" * 101}, "101 characters"),
        ({"slug": "Not A Slug"}, "small letters"),
        ({"slug": "-a"}, "small letters"),
        ({"category": "Foot Ball"}, "small letters"),
        ({"launch_url": ""}, "Write where"),
        ({"launch_url": "http://games.example.com"}, "https://"),
        ({"launch_url": "javascript:alert(1)"}, "https://"),
        ({"launch_url": "//games.example.com"}, "https://"),
        ({"launch_url": "https://"}, "https://"),
        ({"launch_url": "https://user:pw@games.example.com"}, "user name"),
        ({"launch_url": "https://games.example.com/#top"}, "after #"),
        ({"launch_url": "https://games.example.com/a b"}, "space"),
        ({"launch_url": "https://ga;mes.example.com"}, "https://"),
        ({"launch_url": "https://games.example.com:99999"}, "address"),
        ({"launch_url": "https://gämes.example.com"}, "space or a character"),
        ({"launch_url": "https://[::1"}, "address"),
        ({"launch_url": "https://x.example/" + "a" * 2000}, "characters"),
        ({"image_url": "http://img.example.com/a.png"}, "https://"),
        ({"provider_id": "999999"}, "choice"),
        ({"surprise": "1"}, "no field"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_nothing_typed_is_lost(alice, org, change, says):
    answer = send(alice, f"/o/{org.slug}/games/new", **GAME | {"slug": "kept-slug"} | change)
    assert answer.status_code == 422 and says.lower() in answer.text.lower(), answer.text[-3000:]
    assert (change.get("slug") or "kept-slug") in answer.text
    assert games_of(org) == []


@pytest.mark.parametrize("url", ["http://localhost:8000/x", "http://127.0.0.1/x", "https://a.example:8443/x?y=z&w=%20"])
def test_loopback_may_go_without_tls_and_queries_are_kept(alice, org, url):
    assert send(alice, f"/o/{org.slug}/games/new", **GAME | {"launch_url": url}).status_code == 303
    assert games_of(org)[0].launch_url == url


def test_a_name_that_suggests_no_short_name_asks_for_one(alice, org):
    answer = send(alice, f"/o/{org.slug}/games/new", **GAME | {"name": "💥"})
    assert answer.status_code == 422 and "A short name has 1 to 60" in answer.text


def test_a_short_name_is_taken_once_an_organization(alice, make, org):
    make.game(make.org(), slug="kings")
    make.game(org, slug="queens")
    assert send(alice, f"/o/{org.slug}/games/new", **GAME | {"slug": "kings"}).status_code == 303
    taken = send(alice, f"/o/{org.slug}/games/new", **GAME | {"slug": "queens"})
    assert taken.status_code == 422 and "has the short name queens already" in taken.text


def test_a_provider_of_another_organization_cannot_be_chosen(alice, make, org):
    from portal.audit.service import SYSTEM
    from portal.catalog.service import create_provider
    from portal.orgs.model import Organization

    other = make.org()
    with unit_of_work() as session:
        foreign = create_provider(session, session.get_one(Organization, other.id), SYSTEM, name="Evolution").id
    assert send(alice, f"/o/{org.slug}/games/new", **GAME | {"provider_id": str(foreign)}).status_code == 422


def test_members_look_and_strangers_find_nothing(make, org):
    game = make.game(org)
    bob, charlie = make.signed_in(org.bob), make.signed_in(org.charlie)
    lists = [f"/o/{org.slug}/{shelf}" for shelf in ("games", "streams", "providers")]
    inner = [f"{url}/new" for url in lists] + [f"{lists[0]}/{game}"]
    assert {bob.get(url).status_code for url in lists} == {200}
    assert {bob.get(url).status_code for url in inner} == {403}
    assert bob.post(f"{lists[0]}/{game}/archive", data=csrf_of(bob, "/account")).status_code == 403
    assert {charlie.get(url).status_code for url in lists + inner} == {404}
    assert charlie.post(f"{lists[0]}/{game}/archive", data=csrf_of(charlie, "/account")).status_code == 404


def test_another_organizations_game_is_not_there(alice, make, org):
    foreign = make.game(make.org())
    assert alice.get(f"/o/{org.slug}/games/{foreign}").status_code == 404
    assert alice.get(f"/o/{org.slug}/games/99999999999999999999").status_code == 404


def test_fragments_are_parts_of_their_pages(alice, make, org):
    make.game(org)
    swap = {"HX-Request": "true"}
    listing = alice.get(f"/o/{org.slug}/games", headers=swap).text
    assert 'id="games"' in listing and "<html" not in listing
    drawer = alice.get(f"/o/{org.slug}/games/new", headers=swap).text
    assert "sheet" in drawer and "<html" not in drawer
    assert alice.get(f"/o/{org.slug}/games?format=csv").mimetype == "text/csv"

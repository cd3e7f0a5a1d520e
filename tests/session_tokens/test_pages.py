"""The back office's pages of session links, as alice, bob and charlie see them."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.queue import connect, queue_of
from portal.session_tokens import jobs, opening
from portal.session_tokens.model import SessionBatch
from tests.make import Make, csrf_of


@pytest.fixture
def org(make: Make):
    return make.org()


@pytest.fixture
def alice(make: Make, org):
    return make.signed_in(org.alice)


def base(org) -> str:
    return f"/o/{org.slug}/sessions"


def post(browser, page, url, **fields):
    return browser.post(url, data=fields | csrf_of(browser, page))


def test_an_empty_list_says_what_it_is_for_and_what_to_do(alice, org):
    page = alice.get(base(org)).text
    assert "No session links yet" in page and "Create link" in page


def test_one_link_is_made_and_its_address_is_shown_once(alice, make, org, client):
    game = make.game(org, name="Penalty Kings")
    new = f"{base(org)}/new"
    assert f'value="game-{game}"' in alice.get(new).text
    fields = {"target": f"game-{game}", "external_ref": "user-1", "good_for": "2", "unit": "hours", "metadata": '{"a": 1}'}
    made = post(alice, new, new, **fields)
    assert made.status_code == 200 and made.headers["Cache-Control"] == "no-store"
    address = re.search(r"http://localhost(/play/[0-9a-f-]{36})", made.text)[1]
    assert "data:image/svg+xml" in made.text
    listing = alice.get(base(org)).text
    assert "user-1" in listing and address.rpartition("/")[2] not in listing
    assert client.post(address).status_code == 303
    assert "Consumed" in alice.get(base(org)).text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target": ""}, "Leads to"),
        ({"target": "game-999999"}, "choice"),
        ({"good_for": "0"}, "Good for"),
        ({"good_for": "soon"}, "not a whole number"),
        ({"good_for": "366", "unit": "days"}, "365 days"),
        ({"unit": "years"}, "choice"),
        ({"external_ref": "x" * 256}, "256 characters"),
        ({"metadata": "{bad"}, "metadata"),
        ({"metadata": "[1]"}, "object"),
        ({"not_before": "yesterday"}, "time"),
        ({"not_before": "9999-12-31T23:59"}, "more than a year"),
        ({"not_before": "0001-01-01T00:00", "good_for": "0"}, "Good for"),
        ({"surprise": "1"}, "no field"),
    ],
)
def test_a_form_that_does_not_fit_comes_back_with_what_was_typed(alice, make, org, change, says):
    game = make.game(org)
    new = f"{base(org)}/new"
    fields = {"target": f"game-{game}", "external_ref": "kept-reference", "good_for": "2", "unit": "hours"} | change
    answer = post(alice, new, new, **fields)
    assert answer.status_code == 422 and says.lower() in answer.text.lower()
    assert fields["external_ref"] in answer.text


def test_the_list_filters_by_state_target_reference_and_day(alice, make, org):
    game, other = make.game(org), make.game(org)
    make.link(org, game_id=game, external_ref="is-active")
    used = make.link(org, game_id=game, external_ref="is-used")
    make.link(org, game_id=other, external_ref="is-expired", minutes=1, clock=lambda: utc_now() - timedelta(days=3))
    make.link(org, game_id=other, external_ref="is-early", not_before=utc_now() + timedelta(days=1))
    with unit_of_work() as session:
        opening.consume(session, used.token)
    names = {"is-active", "is-used", "is-expired", "is-early"}

    def shown(query: str) -> set[str]:
        text = alice.get(f"{base(org)}?{query}").text
        return {name for name in names if f">{name}<" in text}

    assert shown("") == names
    assert shown("state=active") == {"is-active"} and shown("state=consumed") == {"is-used"}
    assert shown("state=expired") == {"is-expired"} and shown("state=waiting") == {"is-early"} and shown("state=revoked") == set()
    assert shown(f"target=game-{other}") == {"is-expired", "is-early"} and shown("target=game-1x") == names
    assert shown("q=is-e") == {"is-expired", "is-early"}
    assert shown(f"created_to={utc_now() - timedelta(days=2):%Y-%m-%d}") == {"is-expired"}
    assert alice.get(f"{base(org)}?sort=-nothing&page=x&size=7&target=stream-%00").status_code == 200


def test_the_list_costs_the_same_however_long_it_is(alice, make, org, count_sql):
    game = make.game(org)
    make.link(org, game_id=game)
    alice.get(base(org))
    with count_sql() as few:
        alice.get(base(org))
    for _ in range(12):
        make.link(org, game_id=game)
    with count_sql() as many:
        alice.get(base(org))
    assert len(few) == len(many)


def test_the_funnel_counts_how_far_links_got(alice, make, org):
    game = make.game(org)
    links = [make.link(org, game_id=game) for _ in range(4)]
    with unit_of_work() as session:
        opening.note_preview(session, links[0].id)
        opening.note_open(session, links[1].id)
        opening.consume(session, links[2].token)
    page = alice.get(base(org)).text
    assert "25% of the links" in page
    assert re.findall(r'cell-number">(\d+)<span', page)[:4] == ["4", "3", "2", "1"]


def test_a_links_page_tells_its_receipts_and_its_activity(alice, make, org):
    link = make.link(org, external_ref="<b>user</b>", metadata={"name": "Öberg"})
    with unit_of_work() as session:
        opening.note_open(session, link.id)
        opening.consume(session, link.token, "player-9", address="192.0.2.8")
    page = alice.get(f"{base(org)}/{link.id}").text
    assert "&lt;b&gt;user&lt;/b&gt;" in page and "<b>user" not in page
    assert "by player player-9" in page and "Öberg" in page and "192.0.2.8" in page
    assert "Revoke link" not in page


def test_revoking_one_and_several(alice, make, org, client):
    links = [make.link(org) for _ in range(3)]
    one = f"{base(org)}/{links[0].id}"
    assert post(alice, one, f"{one}/revoke").status_code == 303
    with unit_of_work() as session:
        opening.consume(session, links[1].token)
    chosen = [str(link.id) for link in links] + ["x", "99999999999999999999"]
    answer = post(alice, base(org), f"{base(org)}/revoke", id=chosen)
    assert answer.status_code == 303
    assert "1 link is revoked. 2 had been used or revoked before" in alice.get(base(org)).text
    assert {client.get(f"/play/{link.token}").status_code for link in links} == {410}
    used = f"{base(org)}/{links[1].id}"
    assert post(alice, one, f"{used}/revoke").status_code == 409


def test_a_list_of_players_becomes_a_csv_of_links(alice, make, org, client):
    game = make.game(org)
    many = f"{base(org)}/many"
    text = 'external_ref,metadata\nuser-1,"{""tier"": ""gold""}"\n=HYPERLINK(1),\n'
    attempt = re.search(r'name="attempt"[^>]*value="([^"]+)"', alice.get(many).text)[1]
    fields = {"target": f"game-{game}", "good_for": "1", "unit": "days", "pasted": text, "attempt": attempt}
    answers = [post(alice, many, many, **fields) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    page = answers[0].headers["Location"]
    with unit_of_work() as session:
        number = session.query(SessionBatch.id).filter_by(uid=page.rpartition("/")[2]).scalar()
    jobs.run_batch(number)
    assert "Done" in alice.get(page).text
    card = alice.get(page, headers={"HX-Request": "true"}).text
    assert "job-card" in card and "<html" not in card
    sheet = alice.get(f"{page}/links.csv")
    rows = list(csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [row["external_ref"] for row in rows] == ["user-1", "'=HYPERLINK(1)"]
    assert client.post(rows[0]["link"].removeprefix("http://localhost")).status_code == 303
    assert f"batch={page.rpartition('/')[2]}" in alice.get(page).text


def test_a_file_is_taken_too_and_a_bad_line_makes_nothing(alice, make, org):
    game = make.game(org)
    many = f"{base(org)}/many"
    fields = {"target": f"game-{game}", "good_for": "1", "unit": "days"} | csrf_of(alice, many)
    bad = fields | {"file": (io.BytesIO(b"external_ref,metadata\nok,\nbad,{x\n"), "list.csv"), "attempt": attempt_of(alice, many)}
    answer = alice.post(many, data=bad, content_type="multipart/form-data")
    assert answer.status_code == 422 and "Line 3" in answer.text and "Nothing was created" in answer.text
    good = fields | {"file": (io.BytesIO(b"external_ref\nok\n"), "list.csv"), "attempt": attempt_of(alice, many)}
    assert alice.post(many, data=good, content_type="multipart/form-data").status_code == 303
    neither = alice.post(many, data=fields | {"attempt": attempt_of(alice, many)})
    assert neither.status_code == 422 and "Choose a CSV file" in neither.text


def attempt_of(browser, page) -> str:
    return re.search(r'name="attempt"[^>]*value="([^"]+)"', browser.get(page).text)[1]


def test_members_look_and_strangers_find_nothing(make, org):
    link = make.link(org)
    bob, charlie = make.signed_in(org.bob), make.signed_in(org.charlie)
    looks = [base(org), f"{base(org)}/{link.id}"]
    changes = [f"{base(org)}/new", f"{base(org)}/many"]
    acts = [f"{base(org)}/{link.id}/revoke", f"{base(org)}/revoke"]
    assert {bob.get(url).status_code for url in looks} == {200}
    assert "Create link" not in bob.get(base(org)).text
    token = csrf_of(bob, "/account")
    assert {bob.get(url).status_code for url in changes} == {403}
    assert {bob.post(url, data=token).status_code for url in acts + changes} == {403}
    assert {charlie.get(url).status_code for url in looks + changes} == {404}
    token = csrf_of(charlie, "/account")
    assert {charlie.post(url, data=token).status_code for url in acts} == {404}


def test_another_organizations_link_is_not_there(alice, make, org):
    link = make.link(make.org())
    assert alice.get(f"{base(org)}/{link.id}").status_code == 404
    assert post(alice, base(org), f"{base(org)}/{link.id}/revoke").status_code == 404
    for odd in ("0", "99999999999", "many/not-there", "many/not-there/links.csv"):
        assert alice.get(f"{base(org)}/{odd}").status_code == 404
    assert alice.get(f"{base(org)}?batch=not-there").status_code == 404


def test_an_upload_rings_for_a_worker_with_the_batchs_number_alone(alice, make, org, app, monkeypatch):
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], doorbell=True))
    game, many = make.game(org), f"{base(org)}/many"
    fields = {"target": f"game-{game}", "good_for": "1", "unit": "days", "pasted": "one\ntwo", "attempt": attempt_of(alice, many)}
    page = post(alice, many, many, **fields).headers["Location"]
    with unit_of_work() as session:
        number = session.query(SessionBatch.id).filter_by(uid=page.rpartition("/")[2]).scalar()
    queue = queue_of(connect(app.config["SETTINGS"].redis_url))
    waiting = [job for job in queue.jobs if (job.func_name, list(job.args)) == (jobs.RUN_BATCH, [number])]
    assert waiting
    waiting[-1].func(number)  # what the worker does with it
    assert "Done" in alice.get(page).text

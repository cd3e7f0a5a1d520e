"""Offers in the back office."""

import csv
import io
import re

import pytest

from tests.make import post
from tests.markets.betting import Book


@pytest.fixture
def book(make) -> Book:
    return Book.opened(make)


def at(book: Book, path: str = "") -> str:
    return f"/o/{book.org.slug}/competitions/{book.uid}/offers{path}"


def test_one_click_offers_every_open_match_once(make, book):
    alice = make.signed_in(book.org.alice)
    for _ in range(2):
        answer = post(alice, at(book, "/winners"), {"a": "1.70", "b": "2.15"})
        assert answer.status_code == 303, answer.text[-2000:]
    page = alice.get(at(book)).text
    assert page.count("1.70") == 1 and page.count("1.90") == 2  # the second match; the first had its offer
    assert alice.get(f"/o/{book.org.slug}/competitions/{book.uid}").text.count(at(book)) >= 1  # the tab


def test_a_wrong_price_is_told_beside_its_field_and_nothing_typed_is_lost(make, book):
    alice = make.signed_in(book.org.alice)
    answer = post(alice, at(book, "/winners"), {"a": "0.90", "b": "2.15"})
    assert answer.status_code == 422 and "more than 1" in answer.text and 'value="2.15"' in answer.text
    second = book.matches()[1].uid
    answer = post(alice, at(book, "/new"), {"match": second, "type": "total_maps", "outcomes": "over 1.90\nunder"})
    assert answer.status_code == 422 and "Line 2 has no price" in answer.text and "over 1.90" in answer.text
    answer = post(alice, at(book, "/new"), {"match": second, "type": "total_maps", "outcomes": "over 1.90\nunder 1"})
    assert answer.status_code == 422 and "decimal in text" in answer.text


def test_prices_suspension_settlement_and_the_log(make, book):
    alice, offer = make.signed_in(book.org.alice), f"/{book.offers[0]}"
    second = book.matches()[1].uid
    sent = {"match": second, "type": "total_maps", "label": "Maps", "outcomes": "over 1.90 Over 2.5\nunder 1.95 Under 2.5"}
    assert post(alice, at(book, "/new"), sent).status_code == 303
    assert "Over 2.5 1.90" in alice.get(at(book)).text
    assert post(alice, at(book, f"{offer}/prices"), {"outcomes": "a 1.70"}).status_code == 303
    assert post(alice, at(book, f"{offer}/suspend")).status_code == 303
    assert post(alice, at(book, f"{offer}/suspend")).status_code == 303  # a double click is no error
    assert book.state()[0] == "suspended"
    assert post(alice, at(book, f"{offer}/unsuspend")).status_code == 303
    assert post(alice, at(book, "/suspend")).status_code == 303
    assert book.state()[0] == "suspended"
    assert post(alice, at(book, f"{offer}/settle"), {"outcome": "b", "reason": "=Referee"}).status_code == 303
    assert post(alice, at(book, f"{offer}/void"), {"reason": "Fault"}).status_code == 303
    answer = post(alice, at(book, f"{offer}/void"), {})
    assert answer.status_code == 422 and "This offer is voided." in answer.text
    rows = list(csv.reader(io.StringIO(alice.get(at(book, "/log?format=csv")).text)))
    assert [row[0] for row in rows[1:]] == ["2", "1"]
    assert any("Fault" in cell for cell in rows[1]) and not any(cell.startswith("=") for cell in rows[2])


def test_a_member_sees_and_does_not_change(make, book):
    bob = make.signed_in(book.org.bob)
    page = bob.get(at(book)).text
    assert "Match winner" in page and "Offer all winners" not in page
    assert bob.get(at(book, "/log")).status_code == 200
    assert post(bob, at(book, "/winners"), {"a": "1.70", "b": "2.15"}).status_code == 403


def test_lists_take_the_same_statements_however_many_offers(make, count_sql):
    counts = set()
    for entrants in (4, 16):
        book = Book.opened(make, entrants=entrants)
        book.do("void")
        alice = make.signed_in(book.org.alice)
        post(alice, at(book, "/winners"), {"a": "1.70", "b": "2.15"})
        alice.get(at(book))
        found = []
        for path in ("", "/log"):
            with count_sql() as statements:
                alice.get(at(book, path))
            found.append(len(statements))
        counts.add(tuple(found))
    assert len(counts) == 1


def test_alice_offers_a_night_of_matches_and_results_settle_them(make, book):
    """From the first price to a correction, as the pages go."""
    alice, first = make.signed_in(book.org.alice), book.offers[0]
    matches, second = f"/o/{book.org.slug}/competitions/{book.uid}/matches", book.matches()[1].uid
    post(alice, at(book, "/winners"), {"a": "1.70", "b": "2.15"})
    post(alice, at(book, "/new"), {"match": second, "type": "total_maps", "outcomes": "over 1.90\nunder 1.95"})
    assert statuses(alice, book) == ["Open", "Open", "Open"]

    assert post(alice, f"{matches}/{book.match}/result", {"score_a": 2, "score_b": 0}).status_code == 303
    assert statuses(alice, book) == ["Settled", "Open", "Open"]
    assert "1.90 (won)" in alice.get(at(book)).text and "The result" in alice.get(at(book)).text

    asked = {"score_a": 0, "score_b": 2, "reason": "Entered the wrong way round."}
    preview = post(alice, f"{matches}/{book.match}/correct", asked | {"step": "preview"})
    seen = {"step": "apply", "seen": re.search(r'name="seen" value="([0-9a-f]+)"', preview.text)[1]}
    assert post(alice, f"{matches}/{book.match}/correct", asked | seen).status_code == 303
    assert book.state(first) == ("settled", "b", "engine")
    again, once = log(alice, book)
    assert [again[3], again[4], again[6], again[7]] == ["Settled", "Settled", "The result", "Yes"]
    assert [once[3], once[4], once[6], once[7]] == ["Open", "Settled", "The result", ""] and once[5] != again[5]

    assert post(alice, f"{matches}/{second}/result", {"score_a": 2, "score_b": 1}).status_code == 303
    assert statuses(alice, book) == ["Settled", "Settled", "Suspended"], "what is no match winner waits for her"
    maps = next(row for row in offers(alice, book) if row[2] == "Suspended")[-1]
    assert post(alice, at(book, f"/{maps}/settle"), {"outcome": "over", "reason": "Three maps"}).status_code == 303
    assert post(alice, at(book, f"/{maps}/void"), {"reason": "Map two was replayed"}).status_code == 303
    assert statuses(alice, book) == ["Settled", "Settled", "Voided"]
    assert [row[0] for row in log(alice, book)] == ["5", "4", "3", "2", "1"]
    assert "Map two was replayed" in alice.get(at(book, "/log")).text


def offers(client, book: Book) -> list[list[str]]:
    return table(client, at(book, "?format=csv&columns=match,label,status,uid"))


def statuses(client, book: Book) -> list[str]:
    return [row[2] for row in offers(client, book)]


def log(client, book: Book) -> list[list[str]]:
    return table(client, at(book, "/log?format=csv&columns=number,match,label,previous,status,outcome,settled_by,again"))


def table(client, url: str) -> list[list[str]]:
    """What a list says, without its heads."""
    return list(csv.reader(io.StringIO(client.get(url).text)))[1:]

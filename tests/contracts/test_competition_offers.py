"""Competition API, offers on matches (ours)."""

import pytest
from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.db import unit_of_work
from tests.markets.betting import Book

EVEN = [{"key": "a", "price": "1.85"}, {"key": "b", "price": "1.95"}]


class Operator:
    """A key of the operator, at work on one competition."""

    def __init__(self, make, client, book: Book, **terms) -> None:
        self.client, self.book = client, book
        self.headers = {"X-API-Key": make.key(book.org, "competition", **terms)}

    def call(self, method: str, path: str, body=None, status: int = 200):
        url = f"/api/v1/competitions/{self.book.uid}/{path}"
        answer = self.client.open(url, method=method, json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json["data"] if status < 400 else answer.json["error"]


@pytest.fixture
def book(make) -> Book:
    return Book.opened(make)


@pytest.fixture
def operator(make, client, book) -> Operator:
    return Operator(make, client, book)


def test_an_offer_s_life(operator, book):
    other = book.matches()[1].uid
    made = operator.call("POST", f"matches/{other}/offers", {"outcomes": EVEN}, 201)
    assert list(made) == ["id", "match_id", "type", "label", "status", "outcomes", "winner", "settled_by", "updated_at"]
    assert (made["type"], made["label"], made["status"]) == ("match_winner", "Match winner", "open")
    assert all(each["label"].startswith("0x") for each in made["outcomes"])  # the sides by their names
    at = f"offers/{made['id']}"
    changed = operator.call("PATCH", at, {"outcomes": [{"key": "b", "price": "2.10"}]})
    assert [each["price"] for each in changed["outcomes"]] == ["1.85", "2.10"]
    assert operator.call("POST", f"{at}/suspend")["status"] == "suspended"
    assert "suspended" in operator.call("POST", f"{at}/suspend", status=409)
    assert operator.call("POST", f"{at}/unsuspend")["status"] == "open"
    assert operator.call("POST", f"{at}/settle", {"outcome": "b", "reason": "Referee"})["winner"] == "b"
    assert "settled" in operator.call("PATCH", at, {"outcomes": [{"key": "b", "price": "2.20"}]}, 409)
    void = operator.call("POST", f"{at}/void", {"reason": "Wrong"})
    assert (void["status"], {each["result"] for each in void["outcomes"]}) == ("voided", {"void"})
    assert operator.call("GET", at) == void
    assert operator.call("GET", f"offers?match_id={other}")["items"] == [void]
    assert operator.call("GET", "offers?status=open")["total"] == 1
    names = [event.type for event in book.events(*MARKETS) if event.subject == made["id"]]
    assert names == list(MARKETS[:4]) + ["bet_settlement"] * 2
    with unit_of_work() as session:
        actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == made["id"]).order_by(AuditRow.id)).all()
    assert list(actions) == [*MARKETS[:4], "market.settled", "market.voided"]


MARKETS = ("market.created", "market.updated", "market.suspended", "market.unsuspended", "bet_settlement")


@pytest.mark.parametrize("body, status, words", [
    ({"outcomes": []}, 400, "outcomes"),
    ({"outcomes": [{"key": "a", "price": "1.85"}]}, 400, "outcomes"),
    ({"outcomes": [{"key": "a", "price": 1.85}, EVEN[1]]}, 400, "price"),
    ({"outcomes": [{"key": "a", "price": "1"}, EVEN[1]]}, 400, "more than 1"),
    ({"outcomes": [{"key": "a", "price": "1.00001"}, EVEN[1]]}, 400, "price"),
    ({"outcomes": [{"key": "a", "price": "1e3"}, EVEN[1]]}, 400, "price"),
    ({"outcomes": [{"key": "a", "price": "NaN"}, EVEN[1]]}, 400, "price"),
    ({"outcomes": [{"key": "a", "price": "١.٨"}, EVEN[1]]}, 400, "price"),
    ({"outcomes": [{"key": "a", "price": "100001"}, EVEN[1]]}, 400, "100,000"),
    ({"outcomes": [EVEN[0], EVEN[0]]}, 400, "twice"),
    ({"outcomes": [{"key": "A!", "price": "2.00"}, EVEN[1]]}, 400, "key"),
    ({"outcomes": [*EVEN, {"key": "draw", "price": "3.00"}]}, 422, "cannot end level"),
    ({"outcomes": [EVEN[0], {"key": "c", "price": "3.00"}]}, 422, "a and b"),
    ({"type": "Not A Type", "outcomes": EVEN}, 400, "type"),
    ({"label": "x" * 121, "outcomes": EVEN}, 400, "label"),
    ({"label": "a\nb", "outcomes": EVEN}, 400, "label"),
    ({"outcomes": EVEN, "more": 1}, 400, "more"),
])  # fmt: skip
def test_a_wrong_offer_is_named_and_nothing_is_kept(operator, book, body, status, words):
    other = book.matches()[1].uid
    assert words in operator.call("POST", f"matches/{other}/offers", body, status)
    assert operator.call("GET", f"offers?match_id={other}")["total"] == 0


def test_nothing_is_offered_twice_on_a_match_that_is_over_or_waits_for_a_side(operator, book):
    first, _, final = book.matches()
    assert "offered on the match already" in operator.call("POST", f"matches/{first.uid}/offers", {"outcomes": EVEN}, 409)
    assert "waits for a side" in operator.call("POST", f"matches/{final.uid}/offers", {"outcomes": EVEN}, 422)
    book.report(2, 0)
    total = {"type": "total_maps", "outcomes": [{"key": "over", "price": "1.90"}, {"key": "under", "price": "1.90"}]}
    assert "over" in operator.call("POST", f"matches/{first.uid}/offers", total, 409)
    operator.call("POST", "matches/00000000-0000-4000-8000-000000000000/offers", {"outcomes": EVEN}, 404)


def test_an_offer_of_another_competition_is_not_there(make, client, operator, book):
    other = Book.opened(make)
    operator.call("GET", f"offers/{other.offers[0]}", status=404)
    operator.call("POST", f"offers/{other.offers[0]}/void", {}, 404)
    assert "outcome" in operator.call("POST", f"offers/{book.offers[0]}/settle", {"outcome": "draw"}, 400)
    assert "outcome" in operator.call("PATCH", f"offers/{book.offers[0]}", {"outcomes": [{"key": "z", "price": "2.00"}]}, 400)


def test_suspending_all_stops_every_open_one(operator, book, make):
    book.offers.append(make.offer(book.org, book.uid, book.matches()[1].uid))
    assert operator.call("POST", "suspend-offers") == {"suspended": 2}
    assert operator.call("POST", "suspend-offers") == {"suspended": 0}
    assert len(book.events("market.suspended")) == 2


def test_a_result_by_the_api_settles_in_the_same_call(operator, book):
    operator.call("POST", f"matches/{book.match}/result", {"score_a": 0, "score_b": 1, "winner": "b"})
    assert operator.call("GET", f"offers/{book.offers[0]}")["winner"] == "b"
    operator.call("PUT", f"matches/{book.match}/result?dry_run=true", {"score_a": 1, "score_b": 0, "winner": "a"})
    assert operator.call("GET", f"offers/{book.offers[0]}")["winner"] == "b"  # a preview settles nothing
    operator.call("PUT", f"matches/{book.match}/result", {"score_a": 1, "score_b": 0, "winner": "a"})
    assert operator.call("GET", f"offers/{book.offers[0]}")["winner"] == "a"
    assert book.log() == [("open", "settled", "b", "engine", False), ("settled", "settled", "a", "engine", True)]

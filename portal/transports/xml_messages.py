"""Events as the messages of the AMQP feed: routing keys and XML bodies (FACTS 2). Pure.

Routing keys: `<priority>.<message>.<sport>.<match>`. Priority is `hi` for what just happened, `lo` for what was asked for
again, `-` for `alive` and `snapshot_complete`; `-` stands where there is no sport or match. So `*.odds_change.cs2.*` binds
the prices of one sport, `#.alive.#` the heartbeat, `hi.#` everything that is live.

The body of a fixture change is the `fixtures_fixture` document of the Feed API, byte for byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from portal.markets.fields import Fixture, match_view
from portal.markets.recovery import Message
from portal.outbox.model import Event
from portal.web import xml

EXCHANGE = "ttfeed"
PRODUCT = 2  # live
RECOVERY = "recovery.requested"
ALIVE_SECONDS = 10.0
_ODDS = ("market.created", "market.updated", "market.suspended", "market.unsuspended")
_FIXTURES = tuple(f"match.{verb}" for verb in ("created", "scheduled", "completed", "advanced", "corrected", "cleared"))
# What an AMQP feed tells, besides recoveries.
TOLD = frozenset((*_ODDS, *_FIXTURES, "bet_settlement"))
_BY_STATUS = {"settled": "bet_settlement", "voided": "bet_cancel"}


@dataclass(frozen=True, slots=True)
class Publish:
    """One message at the broker. `headers` are few and plain."""

    routing_key: str
    body: bytes
    message_id: str
    headers: Mapping[str, str]


def told(event: Event, sport: str, fixture: Fixture | None) -> list[Publish]:
    """What an event brings; nothing where its match is not in the feed (its sides are not known yet)."""
    if fixture is None:
        return []
    if event.type in _FIXTURES:
        view = match_view(fixture, {f"{sport}:matches:list", f"{sport}:matches:read"})
        return [_publish("hi", "fixture_change", sport, fixture.id, xml.document("fixtures_fixture", view), event.uid)]
    market = event.data["market"]
    kind = _kind(event)
    rows = [_settled(market, event.data["settlement"])] if kind in _BY_STATUS.values() else [_market(market)]
    body = _message(kind, fixture, event.created_at, rows)
    return [_publish("hi", kind, sport, fixture.id, body, event.uid)]


def replayed(
    event: Event, sport: str, messages: Iterator[Message] | Sequence[Message], fixtures: Mapping[str, Fixture]
) -> Iterator[Publish]:
    """What a recovery brings, in its order; every message says `recovery` and the id of its request."""
    request = str(event.data["request_id"])
    for number, message in enumerate(messages, 1):
        uid = f"{event.uid}:{number}"
        if message.kind == "snapshot_complete":
            end = _head(message.kind, {"product": PRODUCT, "timestamp": _ms(event.created_at), "request_id": request})
            yield Publish(f"-.{message.kind}.{sport or '-'}.-", _bytes(end), uid, {"recovery": "1"})
            continue
        rows = [_market(each) for each in message.data.get("markets", ())]
        rows += [_settled(each["market"], each) for each in message.data.get("settlements", ())]
        body = _message(message.kind, fixtures[message.match_id], event.created_at, rows, request)
        yield _publish("lo", message.kind, sport, message.match_id, body, uid)


def alive(at: datetime, gap: bool) -> Publish:
    """The heartbeat. After a gap it says `subscribed="0"`: whoever keeps no state of its own asks for a recovery."""
    body = _head("alive", {"product": PRODUCT, "timestamp": _ms(at), "subscribed": int(not gap)})
    return Publish("-.alive.-.-", _bytes(body), f"alive:{_ms(at)}", {})


def test_message(uid: str, at: datetime, text: str) -> Publish:
    """What the test button sends."""
    return Publish("-.test.-.-", _bytes(_head("test", {"product": PRODUCT, "timestamp": _ms(at), "note": text})), uid, {})


def _kind(event: Event) -> str:
    """A result that was taken back brings its market, which is suspended again."""
    if event.type != "bet_settlement":
        return "odds_change"
    return _BY_STATUS.get(str(event.data["settlement"]["new_status"]), "odds_change")


def _market(market: Mapping[str, Any]) -> ElementTree.Element:
    """Texts are kept in one language; both names hold it."""
    names = {"id": market["id"], "type": market["type"], "status": market["status"]}
    element = _head("market", names | {"textEN": market["label"], "textRU": market["label"]})
    for outcome in market["outcomes"]:
        facts = {"id": outcome["key"], "textEN": outcome["label"], "textRU": outcome["label"], "odds": outcome["price"]}
        element.append(_head("outcome", facts | {"result": outcome["result"]}))
    return element


def _settled(market: Mapping[str, Any], step: Mapping[str, Any]) -> ElementTree.Element:
    element = _market(market)
    for name in ("previous_status", "settled_by", "is_resettlement"):
        element.set(name, _text(step[name]))
    element.set("settlement_id", _text(step["id"]))
    return element


def _message(kind: str, fixture: Fixture, at: datetime, rows: list[ElementTree.Element], request: str | None = None) -> bytes:
    head = {"product": PRODUCT, "event_id": f"od:match:{fixture.number}", "tt_match_id": fixture.id, "timestamp": _ms(at)}
    root = _head(kind, head | {"request_id": request})
    root.extend(rows)
    return _bytes(root)


def _publish(priority: str, kind: str, sport: str, match: str, body: bytes, uid: str) -> Publish:
    headers = {"recovery": "1"} if priority == "lo" else {}
    return Publish(f"{priority}.{kind}.{sport or '-'}.{match}", body, uid, headers)


def _head(name: str, attributes: Mapping[str, Any]) -> ElementTree.Element:
    """Without those that are None."""
    return ElementTree.Element(name, {key: _text(value) for key, value in attributes.items() if value is not None})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else xml.plain(str(value))


def _bytes(root: ElementTree.Element) -> bytes:
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)

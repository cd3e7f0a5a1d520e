"""What is told about matches: rows to frames, by the scopes of those who listen. Pure; see FACTS of the feed for the types."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from portal.kernel.clock import iso, utc_now
from portal.markets.fields import LIST, Fixture, match_view, row_view

MATCHES, MARKETS, SCOREBOARD = "stream:matches", "stream:markets", "stream:scoreboard"
STREAMS = (MATCHES, MARKETS, SCOREBOARD)
# Events of the outbox that become frames as they are, and the scope that they need.
MARKET_FRAMES = frozenset({"market.created", "market.updated", "market.suspended", "market.unsuspended", "bet_settlement"})
OVER = ("finished", "cancelled")
MOST_OVER = 200  # matches that are over and stay in a picture; those that were over first fall out of it

# What a match shows to those who do not listen to matches themselves.
OWN_FIELDS = {MARKETS: "markets", SCOREBOARD: "scoreboard"}

Row = Mapping[str, Any]
Rows = Iterable[tuple[Row, bool]]  # each with whether its match is over


def view(match: Fixture, sport: str, scopes: frozenset[str], *, single: bool) -> dict[str, Any]:
    """A match as its REST resource shows it to a key with these scopes, with the row that `stream:matches` opens by itself;
    what they do not cover is absent."""
    if MATCHES in scopes and not single:
        return row_view(match)
    whole = match_view(match, {f"{sport}:{scope}" for scope in (*scopes, LIST)})
    if MATCHES in scopes:
        return whole
    names = ["id", *(name for scope, name in OWN_FIELDS.items() if scope in scopes)]
    return {name: whole[name] for name in names if name in whole}


def scoreboard(match: Fixture) -> dict[str, Any]:
    """The data of a `scoreboard.frame`."""
    scores = match_view(match, {f"{match.sport}:{scope}" for scope in (LIST, "matches:scoreboard")})
    return {"id": match.id, "scoreboard": scores["scoreboard"]}


def head(kind: str, data: str) -> str:
    """A frame up to its number; `data` is JSON already."""
    return f'{{"type":"{kind}","data":{data},"meta":{{"ts":"{iso(utc_now())}","seq":'


def as_json(value: Any) -> str:
    """Compact, so that equal content is equal text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@dataclass(slots=True)
class Told:
    """One row as it was told last."""

    digest: bytes
    text: str
    over: bool


@dataclass
class Picture:
    """What everybody with the same scopes has been told of the same matches: one (`single`) or many. `kind` is the type of
    all its frames, "" for those of matches."""

    single: bool
    kind: str = ""
    told: dict[str, Told] = field(default_factory=dict)

    def snapshot(self) -> str:
        """The first frame."""
        texts = [each.text for each in self.told.values()]
        return head("snapshot", texts[0] if self.single and texts else f"[{','.join(texts)}]")

    def fill(self, rows: Rows) -> None:
        """Begin with these rows."""
        self.told = {row["id"]: _told(row, over) for row, over in rows}

    @property
    def open(self) -> set[str]:
        """Matches that were not told as over."""
        return {uid for uid, told in self.told.items() if not told.over}

    def change(self, rows: Rows) -> list[str]:
        """Frames of what is new or other than it was told."""
        frames = []
        for row, over in rows:
            before, now = self.told.get(row["id"]), _told(row, over)
            if before is not None and before.digest == now.digest:
                before.over = over
                continue
            if over:
                self.told.pop(row["id"], None)  # to stand last
            self.told[row["id"]] = now
            frames += [head(kind, now.text) for kind in ([self.kind] if self.kind else _kinds(before, now))]
        for uid in [uid for uid, told in self.told.items() if told.over][:-MOST_OVER]:
            del self.told[uid]
        return frames

    def remove(self, uids: Iterable[str]) -> list[str]:
        """Matches that fell away are told as cancelled, once."""
        frames = []
        for uid in uids:
            before = self.told.pop(uid, None)
            if before is not None and not before.over:
                frames.append(head("match.updated", as_json(json.loads(before.text) | {"status": "cancelled"})))
        return frames


def _kinds(before: Told | None, now: Told) -> list[str]:
    """A match that was over before anybody could be told of it is told as new and as over: whoever waits for its end hears it."""
    if before is None:
        return ["match.created", "match.finished"] if now.over else ["match.created"]
    return ["match.finished" if now.over and not before.over else "match.updated"]


def _told(row: Row, over: bool) -> Told:
    text = as_json(row)
    return Told(blake2b(text.encode(), digest_size=12).digest(), text, over)

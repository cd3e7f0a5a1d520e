"""Who listens to which organization: listeners by audience, pages by channel, and how far its events were told."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from portal.markets.fields import Fixture
from portal.streaming.follower import Follower
from portal.streaming.frames import MATCHES, OVER, SCOREBOARD, Picture, scoreboard, view
from portal.streaming.listener import Listener


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an audience listens to: one match, or all of a sport (`match` is ""), with these scopes less the sport."""

    sport: str
    match: str
    scopes: frozenset[str]


@dataclass
class Audience:
    """Everybody who wants the same. `picture` is what all of them were told of matches, `scores` of scoreboards."""

    wanted: Wanted
    picture: Picture
    scores: Picture
    holders: int = 0
    listeners: set[Listener] = field(default_factory=set)

    @classmethod
    def that(cls, wanted: Wanted) -> Self:
        single = bool(wanted.match)
        return cls(wanted, Picture(single), Picture(single, "scoreboard.frame"))

    def fill(self, fixtures: Iterable[Fixture]) -> None:
        """Begin with these."""
        rows = list(fixtures)
        self.picture.fill((self._view(each), each.status in OVER) for each in rows)
        self.scores.fill((scoreboard(each), each.status in OVER) for each in rows)

    def change(self, fixtures: Iterable[Fixture]) -> None:
        """Tell what is other than it was told."""
        rows = [each for each in fixtures if self.wanted.match in ("", each.id)]
        frames = self.picture.change((self._view(each), each.status in OVER) for each in rows)
        if MATCHES in self.wanted.scopes:
            self.push(frames)
        scores = self.scores.change((scoreboard(each), each.status in OVER) for each in rows)
        if SCOREBOARD in self.wanted.scopes:
            self.push(scores)

    def remove(self, uids: Iterable[str]) -> None:
        """Tell of matches that fell away."""
        uids = list(uids)
        frames = self.picture.remove(uids)
        self.scores.remove(uids)
        if MATCHES in self.wanted.scopes:
            self.push(frames)

    def push(self, frames: Iterable[str]) -> None:
        for frame in frames:
            for listener in tuple(self.listeners):
                listener.push(frame)

    def _view(self, match: Fixture) -> dict[str, Any]:
        return view(match, self.wanted.sport, self.wanted.scopes, single=bool(self.wanted.match))


@dataclass
class Tenant:
    """One organization while somebody listens to it. Whoever reads for it and tells holds `lock`, so that what was read
    earlier is never told later. `seen` is the place of the last event that was told."""

    org_id: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    seen: int | None = None
    audiences: dict[Wanted, Audience] = field(default_factory=dict)
    channels: dict[str, set[Follower]] = field(default_factory=dict)
    due: datetime | None = None  # when a match goes live by the clock alone
    marks: dict[str, object] = field(default_factory=dict)  # by channel, as they were told last
    taken: Counter[str] = field(default_factory=Counter)  # connections by kind

    def tell(self, channel: str, data: str) -> None:
        """Tell the pages that follow the channel; `data` is JSON on one line."""
        for follower in self.channels.get(channel, ()):
            follower.tell(data)

    def end(self, channel: str) -> None:
        """There is nothing to follow there any more."""
        for follower in self.channels.get(channel, ()):
            follower.end()

    def everybody(self) -> Iterator[Listener]:
        for audience in self.audiences.values():
            yield from audience.listeners

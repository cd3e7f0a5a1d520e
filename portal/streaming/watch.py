"""Keys of connections that stand: looked at again and again, so that a revocation closes them within a second."""

import asyncio
from collections import defaultdict

from portal.admission.caller import KeyRecord, Refusal
from portal.admission.order import WHILE_IT_STANDS, decide
from portal.streaming.frames import as_json, head
from portal.streaming.hub import Hub
from portal.streaming.listener import REFUSED, Listener

LOOK_SECONDS = 0.6  # with the statement itself and the closing this stays below a second
ALIVE_SECONDS = 10.0
AT_ONCE = 250  # connections before others get a turn


async def watch_keys(hub: Hub) -> None:
    """For ever: one statement for all keys that are connected, then close what may not stay."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        by_key: dict[bytes, list[Listener]] = defaultdict(list)
        for listener in hub.listeners():
            by_key[listener.attempt.key_digest].append(listener)
        if not by_key:
            continue
        records = await hub.read_first(_book(hub).find_all, list(by_key))
        for digest, listeners in by_key.items():
            for listener in listeners:
                if words := objection(listener, records.get(digest)):
                    listener.close(REFUSED, words)


def objection(listener: Listener, record: KeyRecord | None) -> str:
    """Why the connection must end, "" when it may stay."""
    if record is None:
        return "This key is not known here."
    attempt = listener.attempt
    before, attempt.key = attempt.record, record
    refusal: Refusal | None = decide(attempt, WHILE_IT_STANDS)
    if refusal is not None:
        return refusal.message
    return "" if before.scopes == record.scopes else "The scopes of this key were changed. Connect again."


async def keep_alive(hub: Hub) -> None:
    """For ever: tell everybody every ten seconds that the stream stands, so that silence means a dead line."""
    while True:
        await asyncio.sleep(ALIVE_SECONDS)
        frame = head("alive", as_json({"status": "ok"}))
        for number, listener in enumerate(tuple(hub.listeners())):
            listener.check_progress()
            listener.push(frame)
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)


def _book(hub: Hub):  # type: ignore[no-untyped-def]
    return hub.app.extensions["gate"].keyring.book

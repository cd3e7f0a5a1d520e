"""A small closed-loop load generator: keep-alive connections that each send the next request when the answer is whole.

It runs in a process of its own and counts answers by status. Loopback only; it stops by itself.
"""

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """Requests a second over `seconds`, and how many answers had each status."""

    per_second: float
    statuses: dict[int, int]


def measure(port: int, path: str, headers: dict[str, str] | None = None, *, seconds: float = 3, connections: int = 16) -> Rate:
    """Load `GET path` on 127.0.0.1:`port`. Raises RuntimeError when a connection breaks."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, port, path, headers or {}, seconds, connections))
    process.start()
    answer = json.loads(receiver.recv())
    process.join()
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return Rate(answer["per_second"], {int(status): count for status, count in answer["statuses"].items()})


def best_of(rounds: int, *runs) -> list[Rate]:
    """Every run once per round, in turn, so that a noisy moment hits all of them; the best of each."""
    best: list[Rate] = []
    for _ in range(rounds):
        rates = [run() for run in runs]
        best = [max(pair, key=lambda rate: rate.per_second) for pair in zip(best, rates, strict=True)] if best else rates
    return best


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, statuses: Counter[int], done: asyncio.Event) -> None:
        self.request, self.statuses, self.done = request, statuses, done
        self.buffer = b""
        self.error = ""

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self.buffer[:head_end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < head_end + 4 + length:
                return
            self.statuses[int(head[9:12])] += 1
            self.buffer = self.buffer[head_end + 4 + length :]
            if self.done.is_set():
                self.transport.close()
                return
            self.transport.write(self.request)

    def connection_lost(self, error) -> None:
        if not self.done.is_set():
            self.error = f"a connection broke: {error}"
            self.done.set()


def _run(sender, port: int, path: str, headers: dict[str, str], seconds: float, connections: int) -> None:
    sender.send(json.dumps(asyncio.run(_load(port, path, headers, seconds, connections))))


async def _load(port: int, path: str, headers: dict[str, str], seconds: float, connections: int) -> dict[str, object]:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop, statuses, done = asyncio.get_running_loop(), Counter(), asyncio.Event()
    made = [
        (await loop.create_connection(lambda: _Connection(request, statuses, done), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(0.5)  # warm
    statuses.clear()
    begun = time.perf_counter()
    await asyncio.wait([asyncio.ensure_future(done.wait())], timeout=seconds)
    taken = time.perf_counter() - begun
    counted = dict(statuses)
    errors = [connection.error for connection in made if connection.error]
    done.set()
    for connection in made:
        connection.transport.abort()
    if errors:
        return {"error": errors[0]}
    return {"per_second": sum(counted.values()) / taken, "statuses": counted}

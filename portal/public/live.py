"""Pages that many watch and few change: an ETag that tells the state, short public caching, bodies kept by their state.

Whoever follows asks again with the ETag and gets 304 until something changed. A push stream may replace the asking: it only
has to tell that the state changed; the page then fetches itself in the same way.
"""

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

from flask import Response, current_app, request

from portal.web import headers

# A CDN may answer for a second, and with what it has for ten more while it asks again.
CACHING = "public, max-age=1, stale-while-revalidate=10"
KEPT_BYTES = 32_000_000
SMALLEST_GZIP = 1_000
LOOKS = ("templates/public", "static/css/competition.css", "static/js/competition.js", "static/js/live.js")


class Kept:
    """Bodies by key, the least used going first. Safe in every process: a key names the state that it was made of."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._bodies: OrderedDict[tuple[str, ...], tuple[bytes, bytes]] = OrderedDict()
        self._lock = Lock()

    def body(self, key: tuple[str, ...], make: Callable[[], bytes], zipped: bool) -> bytes:
        """The body of that key, as it is or compressed; made when it is not there."""
        with self._lock:
            found = self._bodies.get(key)
            if found:
                self._bodies.move_to_end(key)
        if not found:
            plain = make()
            found = (plain, gzip.compress(plain, 6, mtime=0))
            self._keep(key, found)
        return found[zipped]

    def _keep(self, key: tuple[str, ...], found: tuple[bytes, bytes]) -> None:
        with self._lock:
            if key not in self._bodies:
                self._bodies[key] = found
                self._size += len(found[0]) + len(found[1])
            while self._size > self._most:
                _, gone = self._bodies.popitem(last=False)
                self._size -= len(gone[0]) + len(gone[1])


_kept = Kept(KEPT_BYTES)


def etag_of(state: Sequence[object]) -> str:
    """The tag of a state: the same in every process of one release."""
    said = "\x1f".join(map(str, (*state, _release(current_app.root_path))))
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def answer(state: Sequence[object], view: Iterable[str], make: Callable[[str], bytes | str], mimetype: str) -> Response:
    """304 when the asker has this state, else the body that `make` makes of the tag. `view` tells one body of a state from
    another: address and normalised parameters."""
    tag = etag_of(state)
    known = {"ETag": f'W/"{tag}"', "Cache-Control": CACHING}
    text = mimetype.startswith("text/")
    if text:
        known["Vary"] = "Accept-Encoding"
    if f'"{tag}"' in request.headers.get("If-None-Match", ""):
        headers.keep_known()
        return Response(status=304, headers=known)
    zipped = text and "gzip" in request.accept_encodings
    response = Response(_kept.body((tag, *view), lambda: _bytes(make(tag)), zipped), mimetype=mimetype, headers=known)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


@lru_cache(maxsize=4)
def _release(root: str) -> str:
    """Another for every change of how pages look, so that an update of Tiltyard reaches whoever follows."""
    found = hashlib.blake2b(digest_size=8)
    for name in LOOKS:
        path = Path(root).parent / name
        for file in sorted(path.rglob("*.html")) if path.is_dir() else [path]:
            found.update(file.read_bytes())
    return found.hexdigest()

"""Is it the receivers, or our own way out? While it is ours, nothing counts against an endpoint (RELIABILITY F24).

Each worker judges its own network by what it saw in the last minute. Down means that at least half of the organizations
reached nobody (all of them, where there are fewer than four: one tenant with dead addresses must not speak for the others)
and that three or more hosts were silent. It stays down until somebody is reached again.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

WINDOW_SECONDS = 60.0
FEWEST_HOSTS = 3
FEW_ORGANIZATIONS = 4
PROBES = 4  # tries at a time while it is down


@dataclass
class WayOut:
    """What a worker saw. `clock` counts steady seconds."""

    clock: Callable[[], float] = time.monotonic
    down: bool = False
    _seen: deque[tuple[float, int, str, bool]] = field(default_factory=lambda: deque(maxlen=5000))

    def note(self, org_id: int, url: str, unreachable: bool) -> None:
        """One try of an organization's endpoint."""
        self._seen.append((self.clock(), org_id, urlsplit(url).netloc, unreachable))

    def judge(self) -> bool:
        """Is it down now?"""
        oldest = self.clock() - WINDOW_SECONDS
        while self._seen and self._seen[0][0] < oldest:
            self._seen.popleft()
        everybody = {org for _, org, _, _ in self._seen}
        reached = {org for _, org, _, unreachable in self._seen if not unreachable}
        silent = {host for _, org, host, unreachable in self._seen if unreachable and org not in reached}
        lost = len(everybody) - len(reached)
        enough = 2 * lost >= len(everybody) if len(everybody) >= FEW_ORGANIZATIONS else lost == len(everybody)
        if everybody and enough and len(silent) >= FEWEST_HOSTS:
            self.down = True
        elif reached:
            self.down = False
        return self.down

"""What does a bracket cost? Build and play out 64 to 4,096 entrants, single and double elimination, against brackets-manager
with its in-memory store on Node, which times itself without its start. Both report every match once, in order.

Goals: faster in every case; from 1,024 to 4,096 entrants at most 1.35 x linear. A peer that takes longer than LIMIT seconds
is stopped and counted as having taken just that. npm fetches the peer into a directory of its own, which is removed.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal.formats import double_elimination, single_elimination  # noqa: E402
from portal.formats.plan import Entrant, Result  # noqa: E402
from portal.formats.rules import Rules  # noqa: E402

PEER = ("brackets-manager@1.11.1", "brackets-memory-db@1.0.6")
KINDS = {"single_elimination": single_elimination, "double_elimination": double_elimination}
SIZES = (64, 256, 1024, 4096)
RUNS = {64: 10, 256: 10, 1024: 5, 4096: 5}
PEER_RUNS = {64: 10, 256: 5, 1024: 3, 4096: 1}
LIMIT = 120
LINEAR = 1.35


def main() -> int:
    """Run all cases and print the table; 1 when a goal is missed."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} not found: the peer needs Node.js.")
    with tempfile.TemporaryDirectory() as scratch:
        install_peer(Path(scratch))
        return sum(compare(kind, Path(scratch)) for kind in KINDS) > 0


def install_peer(directory: Path) -> None:
    """brackets-manager and its store, pinned, into that directory only."""
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(directory), *PEER]
    subprocess.run(command, check=True, cwd=directory, timeout=300)
    shutil.copy(ROOT / "bench" / "peer_brackets.js", directory)


def compare(kind: str, directory: Path) -> int:
    """Print the cases of one kind; how many goals were missed."""
    missed, ours = 0, {}
    for size in SIZES:
        played, ours[size] = min((playing_out(kind, size) for _ in range(RUNS[size])), key=lambda run: run[1])
        theirs, stopped = peer(kind, size, directory, played)
        ratio = theirs / ours[size]
        missed += ratio <= 1
        verdict = f"{'at least ' if stopped else ''}{ratio:.1f} x as fast{'' if ratio > 1 else '  MISSED'}"
        print(f"  {kind:<20}{size:>6,}: {ours[size] * 1000:8.1f} ms, peer {theirs * 1000:10.1f} ms  {verdict}")
    growth = ours[4096] / ours[1024] / 4
    missed += growth > LINEAR
    print(f"  growth 1,024 to 4,096: {growth:.2f} x linear (goal {LINEAR}){'' if growth <= LINEAR else '  MISSED'}")
    print(f"  growth    64 to 4,096: {ours[4096] / ours[64] / 64:.2f} x linear")
    return missed


def playing_out(kind: str, size: int) -> tuple[int, float]:
    """The matches played and the seconds from the draw to the last result; side `a` always wins."""
    module, field = KINDS[kind], [Entrant(seed, seed) for seed in range(1, size + 1)]
    begun, played = time.perf_counter(), 0
    plan = module.build(field, Rules(kind), Random(1))
    for number in range(1, len(plan.matches) + 1):
        if plan.matches[number].ready:
            plan.apply(module.advance(plan, Result(number, "a", 2, 0)))
            played += 1
    taken = time.perf_counter() - begun
    assert plan.over
    return played, taken


def peer(kind: str, size: int, directory: Path, expected: int) -> tuple[float, bool]:
    """The peer's seconds for the same number of matches, and whether it was stopped at LIMIT."""
    command = ["node", "peer_brackets.js", kind, str(size), str(PEER_RUNS[size])]
    try:
        answer = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=LIMIT, check=True)
    except subprocess.TimeoutExpired:
        return LIMIT, True
    said = json.loads(answer.stdout)
    assert said["played"] == expected, (said, expected)
    return said["milliseconds"] / 1000, False


if __name__ == "__main__":
    sys.exit(main())

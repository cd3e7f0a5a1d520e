"""Who gets which seed, and where the seeds stand in a bracket."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

from portal.formats.plan import Entrant
from portal.kernel.errors import Unprocessable


def drawn(entrants: Sequence[Entrant], rng: Random) -> tuple[Entrant, ...]:
    """The entrants with seeds 1 to n drawn by lot, best seed first. Seeds they had are forgotten.

    Who comes first in `entrants` makes no difference: only the ids and the generator do. Of a generator only `random()` is
    used, the one method that Python promises never to change, so an old draw can still be checked in many years.
    """
    lots = {entrant.id: rng.random() for entrant in sorted(entrants, key=lambda entrant: entrant.id)}
    return _numbered(sorted(entrants, key=lambda entrant: (lots[entrant.id], entrant.id)))


def given(entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
    """The entrants by the seeds they were given, best first and numbered 1 to n.

    Seed 0 means none was given: those follow after the others, in the order they come in (that of registration). Gaps close
    up, because somebody seeded may not have checked in. Raises Unprocessable when a seed is negative or there twice.
    """
    seeds = [entrant.seed for entrant in entrants if entrant.seed]
    check_seeds(seeds, max([len(entrants), *seeds]))
    return _numbered(sorted(entrants, key=lambda entrant: (not entrant.seed, entrant.seed)))


def check_seeds(seeds: Sequence[int], most: int) -> None:
    """Raises Unprocessable unless the seeds are whole numbers from 1 to `most`, none of them twice."""
    for seed in seeds:
        if type(seed) is not int or not 1 <= seed <= most:
            raise Unprocessable("seed", f"A seed must be a whole number from 1 to {most:,}, but one is {seed}.")
    twice = [seed for seed, times in Counter(seeds).items() if times > 1]
    if twice:
        raise Unprocessable("seed", f"Seed {min(twice)} is given more than once. Give each entrant a seed of its own.")


def bracket_size(entrants: int) -> int:
    """The places of the smallest bracket that holds them: a power of two, at least 2."""
    return max(2, 1 << (entrants - 1).bit_length())


@cache
def positions(size: int) -> tuple[int, ...]:
    """The seeds of a bracket from top to bottom, two to a match (RULINGS 25): 8 gives 1-8, 4-5, 2-7, 3-6.

    Each round the best seed left would meet the lowest left, and 1 and 2 can meet only in the final.
    """
    order = [1]
    while len(order) < size:
        total = 2 * len(order) + 1
        order = [seed for best in order for seed in (best, total - best)]
    return tuple(order)


def _numbered(entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
    return tuple(replace(entrant, seed=place) for place, entrant in enumerate(entrants, 1))

"""Counts per day, as a statement brought them, added up over a period or over the steps of a chart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.analytics.period import Period, Steps


@dataclass(frozen=True)
class Daily:
    """`rows`: the counts of each day on which there was something, in the order of `labels`."""

    labels: tuple[str, ...]
    rows: dict[date, tuple[int, ...]]

    @classmethod
    def of(cls, labels: Sequence[str], rows: Iterable[Any]) -> "Daily":
        """From rows of (day as text, count, …)."""
        return cls(tuple(labels), {date.fromisoformat(row[0]): tuple(int(count or 0) for count in row[1:]) for row in rows})

    def sums(self, period: Period | None) -> tuple[int, ...]:
        """What each count comes to in the period; noughts without one."""
        found = [counts for day, counts in self.rows.items() if period is not None and period.holds(day)]
        return tuple(map(sum, zip(*found, strict=True))) if found else (0,) * len(self.labels)

    def total(self, period: Period | None) -> int:
        return sum(self.sums(period))

    def first(self, period: Period) -> date | None:
        """The first day in the period on which there was something."""
        return min((day for day in self.rows if period.holds(day)), default=None)

    def per_step(self, period: Period, steps: Steps) -> list[list[int]]:
        """For each label, its count in each step."""
        lines = [[0] * len(steps.firsts) for _ in self.labels]
        for day, counts in self.rows.items():
            if period.holds(day):
                for line, count in zip(lines, counts, strict=True):
                    line[steps.number(day)] += count
        return lines

"""Periodic work on many rows, each in units of work of its own."""

from collections.abc import Callable, Iterable

from portal.kernel.log import log


def one_by_one(what: str, ids: Iterable[int], act: Callable[[int], object]) -> None:
    """`act` on each row; one that is broken must not keep the others waiting. `what` names a row in the log."""
    for number in ids:
        try:
            act(number)
        except Exception as error:
            log.error(f"{what} could not be served", id=number, exc_info=error)

"""Periodic jobs: `python -m portal.clock`. Each takes only what is due, so two clocks do no harm, they only do less each."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from portal import create_app
from portal.kernel.log import log


@dataclass
class Periodic:
    """`run` every `seconds`; a failure is logged and tried again next time."""

    name: str
    seconds: float
    run: Callable[[], object]
    due: float = 0.0


def jobs() -> list[Periodic]:
    """What is done without anybody asking."""
    from portal.admission.jobs import prune
    from portal.branding.jobs import check_domains
    from portal.competitions.jobs import move_due
    from portal.competitions.ladders import drop_the_inactive
    from portal.keys.jobs import prune_usage, tell_expiring_keys
    from portal.mail.jobs import forget, sweep
    from portal.orgs.jobs import prune_sign_ins
    from portal.registration.jobs import remind_due
    from portal.session_tokens.jobs import sweep_batches
    from portal.transports.jobs import forget_messages
    from portal.webhooks.jobs import forget_deliveries, judge_endpoints, sweep_recoveries

    return [
        Periodic("session link batches", 1, sweep_batches),
        Periodic("events that webhooks were never given", 1, sweep_recoveries),
        Periodic("webhooks that fail", 60, judge_endpoints),
        Periodic("deliveries of three months ago", 600, forget_deliveries),
        Periodic("messages of event feeds of three months ago", 600, forget_messages),
        Periodic("messages to be sent", 1, sweep),
        Periodic("old messages", 3600, forget),
        Periodic("competitions whose hour has come", 1, move_due),
        Periodic("players to be reminded of the check-in", 30, remind_due),
        Periodic("ladders on which somebody rests", 600, drop_the_inactive),
        Periodic("ended sign-ins", 3600, prune_sign_ins),
        Periodic("domains not checked for a day", 60, check_domains),
        Periodic("old usage of keys", 3600, prune_usage),
        Periodic("used signatures and kept answers", 3600, prune),
        Periodic("keys that expire soon", 600, tell_expiring_keys),
    ]


def run_due(app: Flask, due: list[Periodic], now: float) -> None:
    """Run what is due at `now` (seconds of any steady clock)."""
    for job in due:
        if now < job.due:
            continue
        job.due = now + job.seconds
        try:
            with app.app_context():
                job.run()
        except Exception as error:  # one bad job must not stop the others
            log.error("periodic job failed", job=job.name, exc_info=error)


def main() -> int:
    app = create_app()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    due = jobs()
    while not stop.wait(0.25):
        run_due(app, due, time.monotonic())
    return 0


if __name__ == "__main__":
    sys.exit(main())

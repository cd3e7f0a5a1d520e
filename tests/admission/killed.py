"""A process that dies in the middle of a POST: after its effect, before its answer is kept. Facts come as JSON on stdin."""

import json
import os
import signal
import sys

from portal import create_app
from portal.admission import idempotency
from portal.config import Settings


def main() -> None:
    facts = json.loads(sys.stdin.readline())
    app = create_app(Settings.from_env(facts["environ"]))

    def die(*_anything: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    idempotency.seal = die  # type: ignore[assignment]
    app.test_client().post(facts["path"], json=facts["body"], headers=facts["headers"])


if __name__ == "__main__":
    main()

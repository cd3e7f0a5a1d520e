"""Places where the fault tests let a process die. Read only where TILTYARD_ENV is `test`; elsewhere `reach` does nothing.

`TILTYARD_FAILPOINT=before_record:3` kills the process with SIGKILL when it reaches `before_record` for the third time.
"""

import os
import signal

_name, _, _times = (
    os.environ.get("TILTYARD_FAILPOINT", "").partition(":") if os.environ.get("TILTYARD_ENV") == "test" else ("", "", "")
)
_left = int(_times or "1")


def reach(name: str) -> None:
    """Die here, if that was asked for."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

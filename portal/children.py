"""Child processes that never outlive what started them, and take their own children with them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # prctl(2)
SESSION_FIELD = 3  # of /proc/<pid>/stat, counted after the command name: state, parent, group, session

# Loaded before any fork: between fork and exec nothing may be imported.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def start(
    argv: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | None = None,
    user: str | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches the starter alone and it decides the order.

    On Linux the program gets SIGTERM when its starter dies, a kill -9 included. `output` takes both of its streams,
    `user` is the account to run as (only root may say), `keep_open` are descriptors it inherits.
    """
    return subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        pass_fds=keep_open,
        preexec_fn=_die_with(os.getpid()),
        user=user,
        group=user_group(user) if user else None,
        extra_groups=[] if user else None,
    )


def stop(processes: Iterable[subprocess.Popen[bytes]], patience: float) -> None:
    """Ask all of them to end, wait `patience` seconds for the lot, then kill what is left, grandchildren too."""
    started = list(processes)
    for process in started:
        process.terminate()
    deadline = time.monotonic() + patience
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in started:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and to all that it left behind in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # A grandchild may have made a group of its own, as the job process of an RQ worker does.
    for pid in members(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def members(session: int) -> list[int]:
    """Pids of the living processes of a session; empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command name stands in brackets and may itself hold brackets and spaces.
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended while we looked
        if fields[0] not in "ZX" and int(fields[SESSION_FIELD]) == session:
            found.append(int(entry.parent.name))
    return found


def user_group(user: str) -> int:
    """Primary group of an account."""
    import pwd

    return pwd.getpwnam(user).pw_gid


def _die_with(parent: int) -> Callable[[], None] | None:
    prctl = _prctl
    if prctl is None:
        return None

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return before_exec

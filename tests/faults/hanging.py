"""Receivers that accept, read and never answer, in a process of their own: `python -m tests.faults.hanging` prints its port."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from portal import children
from tests.servers import ROOT


async def main() -> None:
    """Until it is killed."""

    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass

    server = await asyncio.start_server(hold, "127.0.0.1", 0, backlog=2_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def black_hole() -> Iterator[str]:
    """The address of such a receiver."""
    command = [sys.executable, "-m", "tests.faults.hanging"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            children.kill(process)


if __name__ == "__main__":
    asyncio.run(main())

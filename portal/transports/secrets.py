"""Credentials of a transport, sealed at rest and bound to its row."""

import json

from portal.kernel.crypto import Master, seal, unseal
from portal.transports.model import Transport


def close(master: Master, transport: Transport, values: dict[str, str]) -> None:
    """Keep these instead of what was kept."""
    transport.secret = seal(master, json.dumps(values).encode(), bound_to(transport))


def opened(master: Master, transport: Transport) -> dict[str, str]:
    """What is kept; empty where nothing is. Raises Fault when the master key is another one, or the bytes another row's."""
    if transport.secret is None:
        return {}
    found: dict[str, str] = json.loads(unseal(master, transport.secret, bound_to(transport)))
    return found


def bound_to(transport: Transport) -> str:
    return f"transports:{transport.org_id}:{transport.uid}:secret"

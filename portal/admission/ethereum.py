"""eth-account without what one of its libraries does to the interpreter.

py_ecc, when imported, sets the recursion limit of the whole process to 100,000 (seen in 8.0.0). From then on a text of
deep brackets, which raised RecursionError before, overruns the C stack and ends the process.
"""

import sys

_LIMIT = sys.getrecursionlimit()

from eth_account import Account  # noqa: E402
from eth_account.messages import encode_defunct  # noqa: E402

sys.setrecursionlimit(_LIMIT)

__all__ = ["Account", "encode_defunct"]

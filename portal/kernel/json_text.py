"""JSON that came from outside, read only where it is nested no deeper than a person would write it."""

import json
from typing import Any

MAX_DEPTH = 20


def loads(text: str) -> Any:
    """`json.loads`, but ValueError for what is nested deeper than MAX_DEPTH levels.

    The parser recurses on the C stack: where a library has raised the recursion limit, deep brackets end the process."""
    if depth_of(text) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return json.loads(text)


def depth_of(text: str) -> int:
    """How deep brackets nest, outside strings; counted before parsing so that no parser has to recurse."""
    deepest = depth = 0
    quoted = escaped = False
    for letter in text:
        if quoted:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                quoted = False
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest

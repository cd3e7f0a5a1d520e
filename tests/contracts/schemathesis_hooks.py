"""What schemathesis loads: half of its well-formed calls get the ids of real rows, and each call's status is noted.

GROUNDS names a JSON file, operation id -> a list of what stands there for it (`tests.contracts.ground`). SEEN names the
file that gets a line for each call: operation id, status.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import GenerationMode

GROUNDS: dict[str, list[dict[str, Any]]] = json.loads(Path(os.environ["GROUNDS"]).read_text())
SEEN = Path(os.environ["SEEN"])
OTHER_CREDENTIALS = {"X-API-Key", "x-lc-address", "x-lc-signature", "x-lc-timestamp"}
calls: Counter[str] = Counter()


def _name(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


def _filled(sent: Any, values: dict[str, Any]) -> Any:
    """The same with real values where there are any, however deep."""
    if isinstance(sent, dict):
        return {name: values[name] if name in values else _filled(value, values) for name, value in sent.items()}
    return [_filled(one, values) for one in sent] if isinstance(sent, list) else sent


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every second well-formed call of an operation; each time with the next of its rows, for some calls use them up.

    All go with one credential, the key of the command line: two at once are 400, whatever else is sent.
    """
    name, grounds = _name(case), GROUNDS[_name(case)]
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    for header in OTHER_CREDENTIALS & {*case.headers}:
        del case.headers[header]
    calls[name] += 1
    if calls[name] % 2:
        values = grounds[calls[name] // 2 % len(grounds)]
        for sent in (case.path_parameters, case.query):
            for field in set(sent or ()) & values.keys():
                sent[field] = values[field]
        if isinstance(case.body, dict):
            case.body = _filled(case.body, values)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with SEEN.open("a") as file:
        file.write(f"{_name(case)} {response.status_code}\n")

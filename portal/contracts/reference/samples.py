"""One call in three languages. The key comes from the environment, so that no sample teaches to write it down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from portal.contracts.reference.examples import KEY, body_example, example
from portal.contracts.reference.openapi import query_parameters
from portal.contracts.reference.operations import Operation
from portal.contracts.reference.schemas import Schemas

LANGUAGES = (("curl", "curl"), ("python", "Python"), ("javascript", "JavaScript"))


@dataclass(frozen=True)
class Call:
    """What goes over the wire. `credential` is the header that the key rides in with what stands before it, if any."""

    method: str
    url: str
    headers: Mapping[str, str]
    credential: tuple[str, str] | None
    body: Any = None


def call_of(one: Operation, schemas: Schemas, base_url: str, values: Mapping[str, Any] | None = None) -> Call:
    """The sample call; `values` take the place of the sample values of parameters and of the body's fields."""
    values = values or {}
    path = one.path
    for name, is_number in one.numbers.items():
        shown = values.get(name, example(name, {"type": "integer"} if is_number else {"type": "string", "format": "uuid"}, {}))
        path = path.replace(f"{{{name}}}", quote(str(shown)))
    asked = ({"action": one.action} if one.action else {}) | _query(one, schemas, values)
    headers = dict(one.contract.headers)
    body = None
    if one.description.body is not None:
        headers["Content-Type"] = "application/json"
        sample = body_example(one.description.body, schemas.of(one.description.body), schemas.components)
        body = _filled(sample, values)
    url = base_url + path + (f"?{urlencode(asked)}" if asked else "")
    return Call(one.method, url, headers, one.contract.credential if one.keyed and not one.public else None, body)


def samples_of(call: Call) -> dict[str, str]:
    """language -> the text of a program that makes the call."""
    return {"curl": _curl(call), "python": _python(call), "javascript": _javascript(call)}


def _query(one: Operation, schemas: Schemas, values: Mapping[str, Any]) -> dict[str, Any]:
    """What is required, and what names an example of its own."""
    asked = {}
    for parameter in query_parameters(one, schemas):
        name, rule = parameter["name"], parameter["schema"]
        if parameter["required"] or rule.get("examples"):
            asked[name] = values.get(name, example(name, rule, schemas.components))
    return asked


def _filled(sample: Any, values: Mapping[str, Any]) -> Any:
    """The body with real values where there are any, however deep."""
    if isinstance(sample, dict):
        return {name: values[name] if name in values else _filled(value, values) for name, value in sample.items()}
    return [_filled(item, values) for item in sample] if isinstance(sample, list) else sample


def _curl(call: Call) -> str:
    lines = [f'curl{"" if call.method == "GET" else f" -X {call.method}"} "{call.url}"']
    if call.credential is not None:
        lines.append(f'-H "{call.credential[0]}: {call.credential[1]}${KEY}"')
    lines += [f'-H "{name}: {value}"' for name, value in call.headers.items()]
    if call.body is not None:
        lines.append("-d '" + json.dumps(call.body, indent=2, ensure_ascii=False).replace("'", "'\\''") + "'")
    return " \\\n  ".join(lines)


def _python(call: Call) -> str:
    imports = ["json", *(["os"] if call.credential else []), "urllib.request"]
    given = [f'"{name}": "{value}",' for name, value in call.headers.items()]
    if call.credential is not None:
        name, before = call.credential
        key = f"f\"{before}{{os.environ['{KEY}']}}\"" if before else f'os.environ["{KEY}"]'
        given.insert(0, f'"{name}": {key},')
    lines = [f"import {name}" for name in imports]
    lines += ["", "request = urllib.request.Request(", f'    "{call.url}",', f'    method="{call.method}",']
    if given:
        lines += ["    headers={", *(f"        {line}" for line in given), "    },"]
    if call.body is not None:
        lines.append(f"    data=json.dumps({_literal(call.body, 4)}).encode(),")
    lines += [")", "with urllib.request.urlopen(request) as answer:", "    print(answer.status, json.load(answer))"]
    return "\n".join(lines)


def _javascript(call: Call) -> str:
    given = [f'"{name}": "{value}",' for name, value in call.headers.items()]
    if call.credential is not None:
        name, before = call.credential
        given.insert(0, f'"{name}": `{before}${{process.env.{KEY}}}`,')
    lines = [f'const answer = await fetch("{call.url}", {{', f'  method: "{call.method}",']
    if given:
        lines += ["  headers: {", *(f"    {line}" for line in given), "  },"]
    if call.body is not None:
        lines.append(f"  body: JSON.stringify({_indented(json.dumps(call.body, indent=2, ensure_ascii=False), 2)}),")
    return "\n".join([*lines, "});", "console.log(answer.status, await answer.json());"])


def _literal(value: Any, depth: int) -> str:
    """A value as Python writes it, one field a line."""
    if isinstance(value, dict | list) and value:
        pad = " " * (depth + 4)
        ends = "{}" if isinstance(value, dict) else "[]"
        pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        inner = [f"{pad}{'' if name is None else json.dumps(name) + ': '}{_literal(item, depth + 4)}," for name, item in pairs]
        return "\n".join([ends[0], *inner, " " * depth + ends[1]])
    words = {None: "None", True: "True", False: "False"}
    return words[value] if value is None or isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


def _indented(text: str, depth: int) -> str:
    return text.replace("\n", "\n" + " " * depth)

"""Every described call of every API, read from the routes themselves."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from portal.web.contract import Contract
from portal.web.deprecation import Deprecation
from portal.web.describe import Description

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"<(?:([^:<>]+):)?([^<>]+)>")  # the converter, the name


@dataclass(frozen=True, eq=False)
class Operation:
    """One call: what it is for, and who may make it. `scope` is None where any key, or none at all, will do."""

    id: str
    contract: Contract
    method: str
    path: str
    action: str  # the Session API's calls share an address
    description: Description
    notes: str
    numbers: Mapping[str, bool]  # parameters of the path: is it a whole number?
    keyed: bool
    scope: str | None
    signed: bool
    public: bool
    deprecation: Deprecation | None

    @property
    def operation_id(self) -> str:
        """Its name among those of all APIs."""
        return f"{self.contract.slug.replace('-', '_')}_{self.id}"

    @property
    def section(self) -> str:
        """The heading as the contract spells it."""
        spelled = {_plain(name): name for name in self.contract.sections}
        return spelled.get(_plain(self.description.section), self.description.section)

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def errors(self) -> dict[int, str]:
        """Status -> meaning of every refusal."""
        return self.contract.errors_of(self.method, self.description)


@dataclass(frozen=True)
class Section:
    name: str
    slug: str
    operations: tuple[Operation, ...]


def operations(app: Flask) -> tuple[Operation, ...]:
    """Read once per application: by contract, section and the order in which the routes were written."""
    kept: tuple[Operation, ...] | None = app.extensions.get("operations")
    if kept is None:
        kept = app.extensions["operations"] = _in_order(app)
    return kept


def contracts(app: Flask) -> tuple[Contract, ...]:
    """The APIs that say what they are, in the order in which the application names them."""
    found: dict[str, Contract] = {}
    for answers in app.extensions["contracts"]:
        found[answers.about.slug] = answers.about
    return tuple(found.values())


def sections_of(app: Flask, contract: Contract) -> tuple[Section, ...]:
    """The calls of one API under their headings."""
    found: dict[str, list[Operation]] = {}
    for one in operations(app):
        if one.contract is contract:
            found.setdefault(one.section, []).append(one)
    return tuple(Section(name, slug_of(name), tuple(calls)) for name, calls in found.items())


def operation_at(app: Flask, path: str, method: str, action: str = "") -> Operation | None:
    """The call that stands at a rule's path, such as `/api/v1/teams/{uid}`; None where it is not described."""
    by_place = app.extensions.get("operations_by_place")
    if by_place is None:
        by_place = {(one.path, one.method, one.action): one for one in operations(app)}
        app.extensions["operations_by_place"] = by_place
    found: Operation | None = by_place.get((path, method, action))
    return found


def path_of(rule: Rule) -> str:
    """`/teams/<uid>` as OpenAPI writes it: `/teams/{uid}`."""
    return _PARAMETER.sub(r"{\2}", rule.rule)


def slug_of(name: str) -> str:
    """A heading as part of an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _in_order(app: Flask) -> tuple[Operation, ...]:
    found = [one for rule in app.url_map.iter_rules() for one in _of_rule(app, rule)]
    apis = {contract.slug: place for place, contract in enumerate(contracts(app))}

    def place(one: Operation) -> tuple[int, int]:
        sections = one.contract.sections
        return apis[one.contract.slug], sections.index(one.section) if one.section in sections else len(sections)

    return tuple(sorted(found, key=place))


def _of_rule(app: Flask, rule: Rule) -> Iterator[Operation]:
    """A rule has one view for its method, or a table of several told apart by `action`."""
    view = app.view_functions[rule.endpoint]
    contract = _contract_of(app, rule.rule)
    if contract is None or rule.rule.endswith(".xml"):  # the sibling of an address that is described
        return
    calls: Mapping[tuple[str, str], Callable[..., Any]] = getattr(view, "calls", {})
    for (method, action), one in calls.items():
        yield _operation(contract, rule, method, action, one)
    if hasattr(view, "description"):
        for method in METHODS:
            if method in (rule.methods or ()):
                yield _operation(contract, rule, method, "", view)


def _operation(contract: Contract, rule: Rule, method: str, action: str, view: Callable[..., Any]) -> Operation:
    signed, public = getattr(view, "lets_in", (False, False))
    scope = getattr(view, "required_scope", None)
    return Operation(
        id=view.__name__ if not action else action.replace("-", "_"),
        contract=contract,
        method=method,
        path=path_of(rule),
        action=action,
        description=view.description,  # type: ignore[attr-defined]
        notes=_first_words(view.__doc__ or ""),
        numbers={name: kind.startswith("int") for kind, name in _PARAMETER.findall(rule.rule)},
        keyed=scope is not None,
        scope=None if scope == "any key" else scope,
        signed=signed,
        public=public,
        deprecation=getattr(view, "deprecation", None),
    )


def _contract_of(app: Flask, path: str) -> Contract | None:
    filled = _PARAMETER.sub("x", path)
    for answers in app.extensions["contracts"]:
        if path.startswith(answers.prefixes) or any(pattern.match(filled) for pattern in getattr(answers, "patterns", ())):
            about: Contract = answers.about
            return about
    return None


def _first_words(text: str) -> str:
    """A view's docstring without what it says to maintainers: which errors it raises, and where a rule is from."""
    text = re.split(r"\bRaises\b", " ".join(text.split()))[0]
    return re.sub(r"\s*\((?:RULINGS|FACTS)[^)]*\)", "", text).strip()


def _plain(name: str) -> str:
    return slug_of(name.replace("&", "and"))

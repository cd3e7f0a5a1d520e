"""Custom CSS, made harmless: read as tokens, kept by lists of what is allowed, scoped to the player root, written anew.

Nothing is searched for by pattern: what a browser would read differently from the way it is spelled (escapes, comments in
the midst of a word) is a token here too, and what is written out is the token's plain form (RELIABILITY T36, M31).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tinycss2
from tinycss2.ast import Node

from portal.branding.css_rules import AT_RULES, FUNCTIONS, PROPERTIES, VALUES
from portal.branding.selectors import Refused, plain, scoped, text_of
from portal.kernel.errors import Invalid

MOST_BYTES = 10_240
DEEPEST = 12
_PLAIN = frozenset({"number", "percentage", "dimension"})
_SIGNS = frozenset({",", "/", "+", "-", "*"})
_MEDIA_SIGNS = frozenset({":", ",", "<", ">", "<=", ">=", "=", "/"})


@dataclass(frozen=True)
class Dropped:
    """A part that was left out: its line in what was sent (from 1), its beginning, and why, as a sentence."""

    line: int
    what: str
    why: str


@dataclass(frozen=True)
class Cleaned:
    css: str
    dropped: tuple[Dropped, ...]


def clean(text: str, field: str = "custom_css") -> Cleaned:
    """The CSS that may be served, and what was dropped. `clean(clean(x).css)` drops nothing and changes nothing.

    Raises Invalid over 10,240 bytes, counted as UTF-8, before and after (RULINGS 23).
    """
    _measured(field, text, "")
    dropped = _Dropping(text)
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    css = "\n".join(_rules(rules, dropped))
    _measured(field, css, " once every selector is scoped to the player's page")
    return Cleaned(css, tuple(dropped))


class _Dropping(list[Dropped]):
    """What was dropped so far; it quotes what the person wrote, where they wrote it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._lines = re.sub("\r\n?|\f", "\n", text).split("\n")  # as tinycss2 counts them

    def note(self, part: Node, why: Refused) -> None:
        line = self._lines[part.source_line - 1] if part.source_line <= len(self._lines) else ""
        self.append(Dropped(part.source_line, line[part.source_column - 1 :].strip()[:60], str(why)))


def _measured(field: str, text: str, when: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise Invalid(field, f"{field} has {size:,} bytes{when}. Use at most {MOST_BYTES:,}.")


def _rules(rules: Iterable[Any], dropped: _Dropping, depth: int = 0) -> list[str]:
    kept: list[str] = []
    for rule in rules:
        try:
            text = _rule(rule, dropped, depth)
        except Refused as why:
            dropped.note(rule, why)
            continue
        if text:
            kept.append(text)
    return kept


def _rule(rule: Any, dropped: _Dropping, depth: int) -> str:
    """One rule as it is served, "" where nothing of it is left. Raises Refused when it goes as a whole."""
    if rule.type == "qualified-rule":
        selectors = scoped(rule.prelude)
        lines = _declarations(rule.content, dropped)
        return f"{selectors} {{ {' '.join(lines)} }}" if lines else ""
    if rule.type == "at-rule":
        if rule.lower_at_keyword not in AT_RULES or rule.content is None:
            raise Refused(f"@{rule.lower_at_keyword[:40]} is not allowed; only @media is.")
        if depth:
            raise Refused("@media cannot stand inside @media.")
        asked = _media(rule.prelude)
        inner = _rules(tinycss2.parse_rule_list(rule.content, True, True), dropped, depth + 1)
        return "\n".join([f"@media {asked} {{", *inner, "}"]) if inner else ""
    raise Refused("This could not be read as CSS.")


def _declarations(content: Sequence[Node], dropped: _Dropping) -> list[str]:
    kept: list[str] = []
    for part in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        try:
            kept.append(_declaration(part))
        except Refused as why:
            dropped.note(part, why)
    return kept


def _declaration(part: Any) -> str:
    if part.type != "declaration":
        raise Refused("Only declarations such as color: red can stand in a rule.")
    name = part.name if part.name.startswith("--") else part.lower_name
    own = name.startswith("--") and name[2:].replace("-", "").replace("_", "").isalnum() and name.isascii()
    if not own and name not in PROPERTIES:
        raise Refused(f"The property {name[:40]} is not allowed.")
    value = _value(part.value)
    if not value:
        raise Refused(f"{name[:40]} has no value.")
    if name in VALUES and value.lower() not in VALUES[name]:
        raise Refused(f"{name} can only be {' or '.join(sorted(VALUES[name]))}.")
    return f"{name}: {value}{' !important' if part.important else ''};"


def _value(tokens: Sequence[Node], depth: int = 0) -> str:
    """A value written anew. Raises Refused for whatever could fetch or hide something."""
    if depth > DEEPEST:
        raise Refused("The value is nested too deeply.")
    parts: list[str] = []
    for token in tokens:
        text = _token(token, depth)
        if text == " " and (not parts or parts[-1] == " "):
            continue
        parts.append(text)
    return "".join(_apart(parts)).strip()


def _token(token: Any, depth: int) -> str:
    if token.type in ("whitespace", "comment"):
        return " "
    if token.type in _PLAIN or token.type == "hash":
        return plain(token)
    if token.type in ("ident", "string"):
        return text_of(token)
    if token.type == "literal" and token.value in _SIGNS:
        return str(token.value)
    if token.type == "() block":
        return f"({_value(token.content, depth + 1)})"
    if token.type == "function":
        if token.lower_name not in FUNCTIONS:
            raise Refused(f"{token.lower_name[:40]}() is not allowed.")
        return f"{token.lower_name}({_value(token.arguments, depth + 1)})"
    raise Refused("url() is not allowed." if token.type == "url" else "The value holds something that is not allowed.")


def _apart(parts: list[str]) -> list[str]:
    """Words that touched (with a comment between, or by an escape) are parted by a blank, so that they stay apart."""
    kept: list[str] = []
    for part in parts:
        if kept and not _may_touch(kept[-1], part):
            kept.append(" ")
        kept.append(part)
    return kept


def _may_touch(left: str, right: str) -> bool:
    return left in (" ", ",", "/") or right in (" ", ",", "/")


def _media(prelude: Sequence[Node]) -> str:
    """The condition of @media. Raises Refused for anything but words, numbers and comparisons."""
    parts: list[str] = []
    for token in prelude:
        if token.type in ("whitespace", "comment"):
            text = " "
        elif token.type == "() block":
            text = f"({_media(token.content)})"
        elif token.type in _PLAIN or (token.type == "ident" and token.value.isascii()):
            text = plain(token)
        elif token.type == "literal" and token.value in _MEDIA_SIGNS:
            text = token.value
        else:
            raise Refused("The condition of @media holds something that is not allowed.")
        if text != " " or (parts and parts[-1] != " "):
            parts.append(text)
    asked = "".join(parts).strip()
    if not asked or asked.count("(") > DEEPEST:
        raise Refused("The condition of @media is empty or too long.")
    return asked

"""Selectors of custom CSS, each scoped to the player root: nothing outside of it can be the subject of a rule."""

from collections.abc import Sequence
from typing import Any

from tinycss2.ast import Node

from portal.branding.css_rules import ATTRIBUTES, PSEUDO, PSEUDO_OF_NUMBERS, PSEUDO_OF_SELECTORS

ROOT = ".tiltyard-player"
_PAGE = ("html", "body", ":root")  # as a beginning they mean the player root
_COMBINATORS = (">", "+", "~")
_COMPARISONS = ("=", "~=", "|=", "^=", "$=", "*=")
DEEPEST = 8


class Refused(ValueError):
    """Why a part of the CSS is dropped, as a sentence."""


def scoped(prelude: Sequence[Node]) -> str:
    """The selectors of a rule, separated by commas, each beneath ROOT. Raises Refused."""
    return ", ".join(_beneath_root(_compounds(part)) for part in split(prelude, ","))


def split(tokens: Sequence[Node], at: str) -> list[list[Node]]:
    """The tokens between each `at`, comments left out."""
    parts: list[list[Node]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == at:
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts


def _beneath_root(parts: list[str]) -> str:
    """`parts` are compounds and, at odd places, combinators. `body.dark .a` becomes `.tiltyard-player.dark .a`."""
    while len(parts) > 2 and parts[0] in _PAGE and parts[1] != "+" and parts[1] != "~" and _of_page(parts[2]):
        parts = parts[2:]  # html body …: the outer one goes
    begin = _of_page(parts[0])
    if begin:
        parts = [ROOT + parts[0].removeprefix(begin), *parts[1:]]
    inside = _classes(parts[0]) and (len(parts) == 1 or parts[1] in (" ", ">"))
    if not inside:
        parts = [ROOT, " ", *parts]
    return "".join(part if not index % 2 or part == " " else f" {part} " for index, part in enumerate(parts))


def _of_page(compound: str) -> str:
    """`html`, `body` or `:root` where the compound begins with it as a whole word, else ""."""
    for name in _PAGE:
        rest = compound.removeprefix(name)
        if compound.startswith(name) and (not rest or rest[0] in ".#[:"):
            return name
    return ""


def _classes(compound: str) -> bool:
    """Does the compound begin with the root's class, as a whole word?"""
    rest = compound.removeprefix(ROOT)
    return compound.startswith(ROOT) and (not rest or rest[0] in ".#[:")


def _compounds(tokens: Sequence[Node], depth: int = 0) -> list[str]:
    """One selector as compounds with a combinator between each two. Raises Refused."""
    if depth > DEEPEST:
        raise Refused("The selector is nested too deeply.")
    parts: list[str] = [""]
    left = list(tokens)
    while left and left[-1].type == "whitespace":
        left.pop()
    while left:
        token = left.pop(0)
        combinator = " " if token.type == "whitespace" else token.value if _is(token, *_COMBINATORS) else ""
        if not combinator:
            parts[-1] += _simple(token, left, not parts[-1], depth)
        elif parts[-1]:
            parts += [combinator, ""]
        elif combinator != " ":
            if len(parts) == 1 or parts[-2] != " ":
                raise Refused(f"A selector cannot have {combinator} here.")
            parts[-2] = combinator
    if not parts[-1]:
        raise Refused("A selector is empty.")
    return parts


def _simple(token: Node, left: list[Node], first: bool, depth: int) -> str:
    """One simple selector that begins with `token`; takes what belongs to it from `left`. Raises Refused."""
    if first and (token.type == "ident" or _is(token, "*")):
        return plain(token) if token.type == "ident" else "*"
    if _is(token, ".") and left and left[0].type == "ident":
        return f".{plain(left.pop(0))}"
    if token.type == "hash" and token.is_identifier:
        return plain(token)
    if token.type == "[] block":
        return _attribute(token)
    if _is(token, ":") and left:
        double = _is(left[0], ":")
        if double:
            left.pop(0)
        if left:
            return ("::" if double else ":") + _pseudo(left.pop(0), double, depth)
    raise Refused("The selector is not one of type, class, id, attribute or a known pseudo-class.")


def _pseudo(token: Any, double: bool, depth: int) -> str:
    name = getattr(token, "lower_name", getattr(token, "lower_value", ""))
    if token.type == "ident" and (name in PSEUDO or (name == "root" and not double)):
        return str(name)
    if token.type == "function" and not double and name in PSEUDO_OF_SELECTORS:
        inner = ["".join(_spaced(_compounds(part, depth + 1))) for part in split(_trimmed(token.arguments), ",")]
        return f"{name}({', '.join(inner)})"
    if token.type == "function" and not double and name in PSEUDO_OF_NUMBERS:
        return f"{name}({_numbers(token.arguments)})"
    raise Refused(f":{name[:40] or '?'} is not allowed in a selector.")


def _numbers(arguments: Sequence[Node]) -> str:
    """`odd`, `2n+1`. Raises Refused for `of` and everything else."""
    kinds = ("ident", "number", "dimension", "whitespace", "literal")
    kept = [token for token in arguments if token.type != "comment"]
    text = "".join(" " if token.type == "whitespace" else token.serialize() for token in kept).strip()
    if any(token.type not in kinds for token in kept) or set(text.lower()) - set("0123456789n+- odevn"):
        raise Refused("The number in the selector is not one such as 2n+1.")
    return text


def _attribute(block: Any) -> str:
    """`[data-state="live"]`. Raises Refused for attributes that hold what people typed."""
    tokens = [token for token in block.content if token.type not in ("whitespace", "comment")]
    name = tokens[0].lower_value if tokens and tokens[0].type == "ident" else ""
    if name not in ATTRIBUTES and not name.startswith(("data-", "aria-")):
        raise Refused(f"The attribute {name[:40] or '?'} is not allowed in a selector.")
    if len(tokens) == 1:
        return f"[{plain(tokens[0])}]"
    if len(tokens) == 3 and _is(tokens[1], *_COMPARISONS) and tokens[2].type in ("ident", "string"):
        return f"[{plain(tokens[0])}{tokens[1].value}{text_of(tokens[2])}]"
    raise Refused("The attribute in the selector is not one such as [data-state=live].")


def plain(token: Node) -> str:
    """A name, number or hash as it is written out. Raises Refused where that would take a backslash: cut off at the end of
    a value, it would swallow the character behind it."""
    text = str(token.serialize())
    if "\\" in text:
        raise Refused("A name can only hold letters, digits, hyphens and underscores.")
    return text


def text_of(token: Any) -> str:
    """A string or name as it is written out. Raises Refused for characters that could end what surrounds it."""
    if any(letter in '<>\\"' or not letter.isprintable() for letter in token.value):
        raise Refused("A text holds <, >, a quotation mark, a backslash or a control character.")
    return f'"{token.value}"' if token.type == "string" else plain(token)


def _spaced(parts: list[str]) -> list[str]:
    return [part if not index % 2 or part == " " else f" {part} " for index, part in enumerate(parts)]


def _trimmed(tokens: Sequence[Node]) -> list[Node]:
    kept = [token for token in tokens if token.type != "comment"]
    while kept and kept[0].type == "whitespace":
        kept.pop(0)
    return kept


def _is(token: Node, *values: str) -> bool:
    return token.type == "literal" and token.value in values

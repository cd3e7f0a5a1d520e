"""XML from the same plain values that JSON is made of: one model, two forms. Nothing here, or anywhere, reads XML."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

# What XML 1.0 cannot hold at all, escaped or not.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ITEM = "item"


def document(root: str, value: Any, items: Mapping[str, str] | None = None) -> bytes:
    """A whole document in UTF-8. A dict becomes child elements, a list repeated ones, everything else text; None is an empty
    element. The elements of a list are called `item`, or what `items` says for the name of the list."""
    return ElementTree.tostring(_element(root, value, items or {}), encoding="utf-8", xml_declaration=True)


def plain(text: str) -> str:
    """The text without what XML cannot hold."""
    return _IMPOSSIBLE.sub("\ufffd", text)


def _element(name: str, value: Any, items: Mapping[str, str]) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, item, items) for key, item in value.items())
    elif isinstance(value, list | tuple):
        element.extend(_element(items.get(name, ITEM), item, items) for item in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = plain(str(value))
    return element

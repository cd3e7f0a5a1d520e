"""What an organizer may say about a competition, checked: each field by itself, then all of them together."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from portal.competitions.model import VISIBILITIES
from portal.competitions.rules import checked_type, least_entrants, most_entrants, rules_of
from portal.formats.rules import Rules
from portal.kernel.errors import Invalid, Unprocessable

TITLE = (2, 200)
MOST_DESCRIPTION, MOST_CATEGORY, MOST_METADATA, MOST_PARTICIPANTS = 10_000, 60, 16 * 1024, 10_000
WEI_DIGITS = 78
_CATEGORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9])?", re.ASCII)
_WEI = re.compile(r"[0-9]{1,78}", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
# The first of each pair must come before the second; those of _MAY_COINCIDE may fall together.
_ORDER = (
    ("registration_opens", "registration_closes"),
    ("registration_opens", "starts_at"),
    ("registration_closes", "starts_at"),
    ("starts_at", "ends_at"),
    ("registration_opens", "ends_at"),
    ("registration_closes", "ends_at"),
)
_MAY_COINCIDE = {("registration_closes", "starts_at"), ("registration_opens", "starts_at")}


def checked_terms(kind: str, terms: Mapping[str, Any]) -> Rules:
    """The rules that the terms come to. `terms` has the names of FIELDS; what is not there or None was not said.

    Raises Invalid naming the field for a value that breaks a rule of its own, Unprocessable where two do not fit.
    """
    checked_type(kind)
    for name, check in FIELDS.items():
        if (value := terms.get(name)) is not None:
            check(name, value)
    if terms.get("title") is None:
        raise Invalid("title", "title is missing. Send 2 to 200 characters.")
    rules = rules_of(kind, terms.get("rules"))
    _check_times(terms)
    _check_size(rules, terms.get("max_participants"))
    return rules


def _check_times(terms: Mapping[str, Any]) -> None:
    for first, second in _ORDER:
        one, other = terms.get(first), terms.get(second)
        if one is None or other is None:
            continue
        if one > other or (one == other and (first, second) not in _MAY_COINCIDE):
            raise Unprocessable(second, f"{second} must be later than {first}. Change the one or the other.")


def _check_size(rules: Rules, wanted: int | None) -> None:
    least, most = max(1, least_entrants(rules)), most_entrants(rules)
    if wanted is not None and not least <= wanted <= most:
        raise Unprocessable("max_participants", f"With these rules max_participants must be from {least} to {most:,}.")


def _title(name: str, value: Any) -> None:
    if not TITLE[0] <= len(value) <= TITLE[1] or len(value.strip()) < TITLE[0]:
        raise Invalid(name, f"The title has {len(value.strip())} characters. Use {TITLE[0]} to {TITLE[1]}.")
    if _UNSEEN.search(value):
        raise Invalid(name, "The title holds a line break or another character that cannot be seen. Remove it.")


def _description(name: str, value: Any) -> None:
    if len(value) > MOST_DESCRIPTION:
        raise Invalid(name, f"The description has {len(value):,} characters. Use at most {MOST_DESCRIPTION:,}.")


def _category(name: str, value: Any) -> None:
    if not _CATEGORY.fullmatch(value):
        raise Invalid(
            name, f"category is a short tag such as dota2: letters, digits, space, dot, - and _, at most {MOST_CATEGORY}."
        )


def _participants(name: str, value: Any) -> None:
    if not 1 <= value <= MOST_PARTICIPANTS:
        raise Invalid(name, f"max_participants must be a whole number from 1 to {MOST_PARTICIPANTS:,}.")


def _wei(name: str, value: Any) -> None:
    if not _WEI.fullmatch(value):
        raise Invalid(name, f"{name} must be text of 1 to {WEI_DIGITS} digits: whole wei, such as 100000000000000000.")


def _metadata(name: str, value: Any) -> None:
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
    except ValueError:  # 1e999 is read as infinite; lone halves of a pair have no bytes
        raise Invalid(name, f"{name} holds a number or text that no database keeps. Use ordinary values.") from None
    if size > MOST_METADATA:
        raise Invalid(name, f"{name} has {size:,} bytes. Use at most {MOST_METADATA:,}.")


def _visibility(name: str, value: Any) -> None:
    if value not in VISIBILITIES:
        raise Invalid(name, f"visibility must be one of {', '.join(VISIBILITIES)}.")


def _any(_name: str, _value: Any) -> None:
    """Nothing to check by itself."""


# Every field that an organizer may set and change, in the order of the page; the last two are ours.
FIELDS: dict[str, Callable[[str, Any], None]] = {
    "title": _title,
    "description": _description,
    "category": _category,
    "rules": _any,
    "max_participants": _participants,
    "registration_opens": _any,
    "registration_closes": _any,
    "starts_at": _any,
    "ends_at": _any,
    "entry_fee_wei": _wei,
    "prize_pool_wei": _wei,
    "metadata": _metadata,
    "visibility": _visibility,
    "waiting_list": _any,
}

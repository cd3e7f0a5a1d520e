"""What an operator may say about an offer, checked: its type, its outcomes and their prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.kernel.errors import Invalid, Unprocessable
from portal.markets.model import MATCH_WINNER

KEY = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?", re.ASCII)
PRICE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,4})?", re.ASCII)
MOST_PRICE = Decimal(100_000)
MOST_LABEL, MOST_OUTCOMES = 120, 50
DRAW = "draw"
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which a market can end. An empty label stands for the name of that side of the match."""

    key: str
    price: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An offer as somebody sent it. An empty label stands for the type in words."""

    type: str
    outcomes: tuple[Outcome, ...]
    label: str = ""


def check_draft(draft: Draft) -> None:
    """Raises Invalid naming the field that breaks a rule of its own."""
    if not KEY.fullmatch(draft.type):
        raise Invalid("type", "type is a short name such as match_winner or total_kills: a-z, 0-9, - and _, at most 40.")
    check_label("label", draft.label)
    if not 2 <= len(draft.outcomes) <= MOST_OUTCOMES:
        raise Invalid("outcomes", f"outcomes has {len(draft.outcomes)} entries. Send 2 to {MOST_OUTCOMES}.")
    for number, outcome in enumerate(draft.outcomes):
        if not KEY.fullmatch(outcome.key):
            raise Invalid(f"outcomes.{number}.key", "The key of an outcome is a-z, 0-9, - and _, at most 40 characters.")
        check_label(f"outcomes.{number}.label", outcome.label)
        check_price(f"outcomes.{number}.price", outcome.price)
    check_once("outcomes", [outcome.key for outcome in draft.outcomes])


def check_winner_keys(draft: Draft, draws: bool) -> None:
    """The outcomes of a match winner are its sides, and a draw where it can end so. Raises Unprocessable."""
    keys = {outcome.key for outcome in draft.outcomes}
    if draft.type != MATCH_WINNER:
        return
    if keys - {DRAW} != {"a", "b"}:
        raise Unprocessable("outcomes", "The outcomes of match_winner are a and b, and draw where the match can end level.")
    if DRAW in keys and not draws:
        raise Unprocessable("outcomes", "This match cannot end level. Leave the outcome draw out.")


def check_label(field: str, label: str) -> None:
    """Raises Invalid."""
    if len(label) > MOST_LABEL:
        raise Invalid(field, f"{field} has {len(label)} characters. Use at most {MOST_LABEL}.")
    if _UNSEEN.search(label):
        raise Invalid(field, f"{field} holds a line break or another character that cannot be seen. Remove it.")


def check_price(field: str, price: str) -> None:
    """Decimal odds: what is paid for a stake of 1, the stake included. Raises Invalid."""
    if not PRICE.fullmatch(price) or not 1 < Decimal(price) <= MOST_PRICE:
        raise Invalid(
            field, f"{field} is a decimal in text such as 1.85: more than 1, at most {MOST_PRICE:,}, up to four decimals."
        )


def check_once(field: str, keys: Sequence[str]) -> None:
    """Raises Invalid naming the key that stands twice."""
    for key in keys:
        if keys.count(key) > 1:
            raise Invalid(field, f"The outcome {key} stands twice. Send it once.")

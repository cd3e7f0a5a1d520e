"""Every message that is sent, by its kind: a subject, what it says, and the button it leads to. One table, one layout.

Texts are format strings over the context that the caller gives. A line whose names are not all filled is left out, so that
a message without a reason or an hour reads as if there had never been one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from portal.kernel.errors import Fault

LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Kind:
    """`needs` are the names without which nothing may be sent. The button leads to the context's `url`; `small` stands below
    it, in a lesser size."""

    subject: str
    lines: tuple[str, ...]
    button: str
    small: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("competition", "url")


@dataclass(frozen=True)
class Letter:
    """A message in words: what both of its parts, text and HTML, are made of."""

    subject: str
    lines: tuple[str, ...]
    button: str
    url: str
    small: tuple[str, ...]


_KEEP = "Keep this message: whoever has the link can act for {name}, so do not pass it on."
_STARTS, _CHECK_IN = "It starts on {starts}.", "Check-in opens on {check_in_opens} and closes on {check_in_closes}."

KINDS: dict[str, Kind] = {
    "registration_received": Kind(
        "We have your request: {competition}",
        (
            "{name} has asked to take part in {competition}.",
            "The organizer looks at it and you get a message with the answer.",
            _STARTS,
        ),
        "See your request",
        (_KEEP,),
    ),
    "registration_approved": Kind(
        "You take part in {competition}",
        ("{name} is registered for {competition}.", "The organizer writes: {answer}", _STARTS, _CHECK_IN),
        "Your registration",
        (_KEEP,),
    ),
    "registration_waiting": Kind(
        "You are on the waiting list of {competition}",
        (
            "{competition} is full. {name} is number {position} on the waiting list.",
            "When a place comes free you get it in that order, and a message that tells you.",
            _STARTS,
        ),
        "Your registration",
        (_KEEP,),
    ),
    "registration_declined": Kind(
        "Your request for {competition} was declined",
        ("{name} was not admitted to {competition}.", "The organizer writes: {answer}"),
        "See the competition",
    ),
    "promoted": Kind(
        "A place came free for you: {competition}",
        ("{name} has moved up from the waiting list and takes part in {competition}.", _STARTS, _CHECK_IN),
        "Your registration",
        (_KEEP,),
    ),
    "check_in_reminder": Kind(
        "Check in for {competition}",
        (
            "Check-in for {competition} is open until {check_in_closes}.",
            "{name} is not checked in yet. Whoever is not checked in then does not play.",
            _STARTS,
        ),
        "Check in",
        (_KEEP,),
    ),
    "captain_link": Kind(
        "Your link for {name}",
        ("Here is the link with which you act for {name}: see matches, check in and leave.", "Older links no longer work."),
        "Open your page",
        (_KEEP,),
        ("name", "url"),
    ),
    "member_invitation": Kind(
        "You were added to {organization}",
        ("{by} has added you to {organization} as {role}.", "Choose a password, and you are in."),
        "Choose a password",
        ("The link works once and for {hours} hours. If you did not expect this message, you need not do anything.",),
        ("organization", "url"),
    ),
    "password_reset": Kind(
        "A new password for {organization}",
        ("{by} has made a link for you with which you choose a new password.",),
        "Choose a new password",
        (
            "The link works once and for {hours} hours. Your password stays as it is until you use it.",
            "If you did not ask for it, tell {by}, and do not open the link.",
        ),
        ("organization", "url"),
    ),
}  # fmt: skip


def letter(kind: str, context: Mapping[str, Any]) -> Letter:
    """The words of a message. Raises Fault for an unknown kind, or where something is missing that it cannot do without."""
    if kind not in KINDS:
        raise Fault(f"there is no message of the kind {kind!r}")
    of, filled = KINDS[kind], {name: one_line(str(value)) for name, value in context.items() if value not in (None, "")}
    missing = [name for name in of.needs if name not in filled]
    if missing:
        raise Fault(f"a message of the kind {kind!r} needs {', '.join(missing)}")
    return Letter(
        _shortened(of.subject.format_map(filled)), _said(of.lines, filled), of.button, filled["url"], _said(of.small, filled)
    )


def one_line(text: str) -> str:
    """The text without line breaks and control characters: it may stand in a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _said(lines: tuple[str, ...], filled: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(line.format_map(filled) for line in lines if _names(line) <= filled.keys())


def _names(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SUBJECT else text[: LONGEST_SUBJECT - 1] + "…"

"""The terms of a competition as form fields, and back again into what the service takes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from wtforms import BooleanField, DateTimeLocalField, HiddenField, IntegerField, SelectField, StringField, TextAreaField

from portal.competitions.amending import TIMES
from portal.competitions.model import Competition
from portal.competitions.rules import MOST_BEST_OF, MOST_GROUPS, MOST_POINTS, MOST_ROUNDS, has_rule, rules_of
from portal.competitions.service import terms_of
from portal.competitions.terms import FIELDS, MOST_DESCRIPTION, MOST_PARTICIPANTS, TITLE, checked_terms
from portal.competitions.words import DEFAULT_ORDER, TIEBREAK_WORDS, VISIBILITY_SENTENCES, VISIBILITY_WORDS
from portal.formats.round_robin import MOST_LEGS
from portal.formats.rules import Rules
from portal.kernel.errors import Invalid, PortalError
from portal.web.forms import Between, Form, Length, Optional, Required

MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
ABOUT = ("title", "description", "category", "max_participants", "waiting_list")
POINTS = ("win", "draw", "loss")
# The rules of a format as fields: those that are asked for, and those in the fold.
RULE_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "single_elimination": (("best_of", "third_place_match"), ("min_roster",)),
    "double_elimination": (("best_of", "grand_final"), ("min_roster",)),
    "round_robin": (("legs", "groups"), ("best_of", *POINTS, "tiebreaks", "min_roster")),
    "swiss": (("rounds",), ("best_of", *POINTS, "tiebreaks", "min_roster")),
    "ladder": (("ladder", "max_challenge_distance"), ("cooldown_hours", "inactivity_days", "best_of", "min_roster")),
    "challenge": (("challenge", "best_of"), ("min_roster",)),
    "leaderboard": (("place_points",), ("min_roster",)),
}
LATER = (*TIMES, "entry_fee_wei", "prize_pool_wei", "visibility")


def _time(label: str) -> Any:
    return DateTimeLocalField(f"{label} (UTC)", [Optional()], format=MOMENT)


def _number(label: str, low: int, high: int, unit: str = "") -> Any:
    return IntegerField(label, [Optional(), Between(low, high, unit)])


class Terms(Form):
    """Between fields that are called like terms and what the service takes."""

    def terms(self, format: str, names: tuple[str, ...], former: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the service takes: the terms among `names`, and the rules of that format if `rules` is one of them.
        `former` are the rules before, of which those are kept that have no field and still fit."""
        found = {name: self._term(name) for name in names if name != "rules"}
        if "rules" in names:
            found["rules"] = self.rules(format, former)
        return found

    def rules(self, format: str, former: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The rules: those that differ from what is usual, and those that were there before."""
        before = {name: value for name, value in (former or {}).items() if has_rule(format, name)}
        plain, rules = Rules(format), before | {"format": format}
        for name, value in self._said(format).items():
            usual = _plain(plain, name)
            if value in (None, "") or (value == usual and name not in before):
                rules.pop(name, None)
            else:
                rules[name] = value
        return rules

    def refuse_in_words(self, error: PortalError) -> None:
        """A refusal of the service beside its field, with the field called as the form calls it."""
        if isinstance(error, Invalid):
            name = field_of(error.field)
            error = type(error)(name, self._worded(error.message, name)) if name in self else error
        self.refuse(error)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Put in values that nobody typed, over what was sent."""
        for name, value in values.items():
            self[name].data, self[name].raw_data = value, None

    def carried(self, drawn: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """(name, text) of every field that is not drawn and was filled in, as it was typed."""
        for field in self:
            if field.name in drawn or isinstance(field, HiddenField):
                continue
            if isinstance(field, BooleanField):
                text = "y" if field.data else ""
            elif isinstance(field, SelectField):
                text = field.data or ""
            else:
                text = field._value()
            if text:
                yield field.name, text

    def _said(self, format: str) -> dict[str, Any]:
        """The rules as their fields say them."""
        names = [name for part in RULE_FIELDS[format] for name in part]
        said = {name: self[name].data for name in names if name not in (*POINTS, "tiebreaks", "place_points")}
        if "win" in names:
            given = {name: self[name].data for name in POINTS}
            said["points"] = {name: value for name, value in given.items() if value is not None}
        if "tiebreaks" in names:
            said["tiebreaks"] = _listed(self.tiebreaks.data)
        if "place_points" in names:
            said["place_points"] = [
                int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text for text in _listed(self.place_points.data)
            ]
        return {name: None if value in ([], {}) else value for name, value in said.items()}

    def _term(self, name: str) -> Any:
        value = self[name].data
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC)
        if name == "waiting_list":
            return bool(value)
        return value if value not in ("", None) else None

    def _worded(self, message: str, own: str) -> str:
        labels = {f"rules.points.{name}": self[name].label.text for name in POINTS if name in self}
        labels |= {f"rules.{name}": self[name].label.text for name in Rules.__slots__ if name in self}
        labels |= {name: self[name].label.text for name in FIELDS if name in self}
        names = "|".join(re.escape(name) for name in sorted(labels, key=len, reverse=True))
        return re.sub(
            rf"(?<![\w.])({names})(?:\.\d+)?(?!\w)", lambda found: f"“{labels[found[1]].removesuffix(' (UTC)')}”", message
        )


class TermsForm(Terms):
    """Every term. Which of them a page draws depends on the format; what is not drawn is carried along."""

    title = StringField("Title", [Required("Write a title."), Length(TITLE[1], TITLE[0])])
    description = TextAreaField("Description", [Optional(), Length(MOST_DESCRIPTION)])
    category = StringField("Category", [Optional()])
    max_participants = _number("Places", 1, MOST_PARTICIPANTS)
    waiting_list = BooleanField("Waiting list once all places are taken")
    best_of = _number("Best of", 1, MOST_BEST_OF, "games")
    third_place_match = BooleanField("A match for third place")
    grand_final = SelectField(
        "Grand final",
        [Optional()],
        choices=[("simple", "One match decides"), ("reset", "A second match if the unbeaten lose the first")],
    )
    legs = _number("Everybody meets everybody", 1, MOST_LEGS, "times")
    groups = _number("Groups", 1, MOST_GROUPS)
    rounds = _number("Rounds", 1, MOST_ROUNDS)
    win = _number("Points for a win", -MOST_POINTS, MOST_POINTS)
    draw = _number("Points for a draw", -MOST_POINTS, MOST_POINTS)
    loss = _number("Points for a loss", -MOST_POINTS, MOST_POINTS)
    tiebreaks = StringField("Tie-breaks, in their order", [Optional(), Length(300)])
    ladder = SelectField(
        "A win",
        [Optional()],
        choices=[("swap", "Takes the place of the beaten"), ("elo", "Moves the rating (Elo)")],
    )
    max_challenge_distance = _number("Farthest challenge", 1, 10_000)
    cooldown_hours = _number("Pause between challenges", 0, 24 * 366)
    inactivity_days = _number("Idle days until places are lost", 0, 3_660)
    challenge = SelectField(
        "Kind",
        [Optional()],
        choices=[("head_to_head", "Entrants against each other"), ("pass_fail", "Each passes or fails")],
    )
    place_points = StringField("Points by place, first place first", [Optional(), Length(700)])
    min_roster = _number("Smallest roster of a team", 0, 100, "players")
    registration_opens = _time("Registration opens")
    registration_closes = _time("Registration closes")
    starts_at = _time("Starts")
    ends_at = _time("Ends")
    entry_fee_wei = StringField("Entry fee", [Optional()])
    prize_pool_wei = StringField("Prize pool", [Optional()])
    visibility = SelectField(
        "Who sees it",
        [Optional()],
        choices=[(name, f"{word}: {VISIBILITY_SENTENCES[name].lower()}") for name, word in VISIBILITY_WORDS.items()],
    )


class CreateForm(TermsForm):
    """The steps of a new competition: what is on other steps comes along in hidden fields."""

    template = HiddenField()
    shaped = HiddenField()  # the template whose rules the fields hold
    attempt = HiddenField()
    came = HiddenField()  # the step that was sent
    then = HiddenField()


class ScheduleForm(Terms):
    """The hours alone."""

    registration_opens = _time("Registration opens")
    registration_closes = _time("Registration closes")
    starts_at = _time("Starts")
    ends_at = _time("Ends")


class PlacesForm(Terms):
    """How many may take part, and whether others wait."""

    max_participants = _number("Places", 1, MOST_PARTICIPANTS)
    waiting_list = BooleanField("Waiting list once all places are taken")


class EditForm(TermsForm):
    """`seen` is the moment of the last change that the person knows of."""

    seen = HiddenField()


def values_of(terms: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """What the fields of standing terms hold."""
    found = {name: terms.get(name) for name in (*ABOUT, *LATER)}
    found |= {name: terms[name].astimezone(UTC).replace(tzinfo=None) for name in TIMES if terms.get(name)}
    found |= {name: getattr(rules, name) for name in Rules.__slots__ if name in TermsForm.__dict__}
    found |= {name: getattr(rules.points, name) for name in POINTS}
    lists = {name: ", ".join(map(str, getattr(rules, name))) for name in ("tiebreaks", "place_points")}
    return found | lists | {"visibility": terms.get("visibility") or "public"}


def values_of_competition(competition: Competition, format: str) -> dict[str, Any]:
    """What the form of a draft begins with; in another format with what that one usually has."""
    rules = rules_of(competition.type, competition.rules)
    if format != rules.format:
        rules = replace(Rules(format), points=rules.points, min_roster=rules.min_roster, best_of=rules.best_of)
    return values_of(terms_of(competition), rules)


def check(form: TermsForm, kind: str, terms: Mapping[str, Any]) -> bool:
    """Hold the terms to the service's own rules as well; False where something is wrong, said beside its field."""
    valid = form.validate()
    if valid:
        try:
            checked_terms(kind, terms)
        except PortalError as error:
            form.refuse_in_words(error)
            return False
    return valid


def field_of(name: str) -> str:
    """The form's field of what the service names: `rules.points.win` → `win`, `rules.place_points.3` → `place_points`."""
    parts = name.removeprefix("rules.").split(".")
    return parts[1] if parts[0] == "points" and len(parts) > 1 else "win" if parts[0] == "points" else parts[0]


def _plain(plain: Rules, name: str) -> Any:
    if name == "points":
        return {point: getattr(plain.points, point) for point in POINTS}
    value = getattr(plain, name)
    return list(value) if isinstance(value, tuple) else value


def _listed(text: str | None) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", text or "") if part]


TIEBREAK_HINT = f"Names with commas between them. Usual: {DEFAULT_ORDER}. Known: {', '.join(TIEBREAK_WORDS)}."

"""The forms of the season pages, and how what is typed becomes terms."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wtforms import DateTimeLocalField, DecimalField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import ValidationError

from portal.competitions.model import Competition
from portal.competitions.rules import MOST_PLACES
from portal.seasons.model import Season
from portal.seasons.scoring import DEFAULTS, MOST_POINTS, MOST_WEIGHT, POINT_PLACES, WEIGHT_PLACES
from portal.seasons.service import MOST_DESCRIPTION, MOST_NAME
from portal.web.forms import Form, Length, Optional, Required, Typed, choices_of

LEAST_WEIGHT = Decimal("0.0001")
MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
GRAND_PRIX = "25, 18, 15, 12, 10, 8, 6, 4, 2, 1"


class Amount:
    """A number from `low` to `high` with so many decimals at most, all said in the message."""

    def __init__(self, low: Decimal, high: int, places: int) -> None:
        self.low, self.high, self.places = low, high, places

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is None:
            return
        if not field.data.is_finite() or not self.low <= field.data <= self.high:
            raise ValidationError(f"{field.label.text}: write a number from {self.low:f} to {self.high:,}.")
        if field.data != round(field.data, self.places):
            raise ValidationError(f"{field.label.text} has more than {self.places} decimals. Round it.")


def _points(label: str, default: int) -> DecimalField:
    return DecimalField(label, [Required(), Amount(Decimal(0), MOST_POINTS, POINT_PLACES)], default=Decimal(default), places=None)


class SeasonForm(Form):
    """The terms of a season. Of the two kinds of points only the chosen one is read."""

    name = StringField("Name", [Required("Write a name for the season, such as Spring 2026."), Length(MOST_NAME)])
    description = TextAreaField("Description", [Optional(), Length(MOST_DESCRIPTION)])
    starts_at = DateTimeLocalField("Starts (UTC)", [Optional()], format=MOMENT)
    ends_at = DateTimeLocalField("Ends (UTC)", [Optional()], format=MOMENT)
    scoring = RadioField(
        "Points for",
        choices=[("matches", "Every match: win, draw, loss"), ("places", "The final place in each competition")],
        default="matches",
    )
    win, draw, loss = _points("Win", DEFAULTS["win"]), _points("Draw", DEFAULTS["draw"]), _points("Loss", DEFAULTS["loss"])
    place_points = StringField("Points by place", [Length(2_000)], default=GRAND_PRIX)

    def validate_ends_at(self, field: Any) -> None:
        if field.data and self.starts_at.data and field.data <= self.starts_at.data:
            raise ValidationError("The season would end before it starts. Choose a later end, or an earlier start.")

    def validate_place_points(self, field: Any) -> None:
        if self.scoring.data == "places":
            self.places_given()

    def places_given(self) -> list[int]:
        """Raises ValidationError for what is no list of whole numbers that falls."""
        texts = [text for text in re.split(r"[\s,;]+", self.place_points.data or "") if text]
        if not texts:
            raise ValidationError(f"Write the points of first place, second place and so on, such as {GRAND_PRIX}.")
        if wrong := next((text for text in texts if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII)), None):
            raise ValidationError(f"“{wrong[:20]}” is not a whole number. Write numbers with commas between them.")
        if len(texts) > MOST_PLACES:
            raise ValidationError(f"These are the points of {len(texts)} places. Write at most {MOST_PLACES}.")
        found = [int(text) for text in texts]
        if found != sorted(found, reverse=True):
            raise ValidationError("A better place must not bring less than a worse one. Write the points from first place down.")
        return found

    def terms(self) -> dict[str, Any]:
        """What `service.create_season` and `change_season` take."""
        config: dict[str, Any] = {name: plain_number(self[name].data) for name in DEFAULTS}
        config["place_points"] = self.places_given() if self.scoring.data == "places" else None
        return {
            "name": self.name.data,
            "description": self.description.data or None,
            "starts_at": _utc(self.starts_at.data),
            "ends_at": _utc(self.ends_at.data),
            "scoring_config": config,
        }


def first_values(season: Season) -> dict[str, Any]:
    """The season's terms as the form shows them."""
    config = season.scoring_config
    points = {name: Decimal(repr(config[name])) for name in DEFAULTS}
    values = {name: getattr(season, name) for name in ("name", "description", "starts_at", "ends_at")} | points
    if config.get("place_points") is not None:
        values |= {"scoring": "places", "place_points": ", ".join(map(str, config["place_points"]))}
    return values


class WeightForm(Form):
    weight = DecimalField(
        "Weight",
        [Required("Write how much it counts, such as 1 or 1.5."), Amount(LEAST_WEIGHT, MOST_WEIGHT, WEIGHT_PLACES)],
        places=None,
    )


class AddForm(WeightForm):
    """Competitions to add, all with one weight."""

    chosen = SelectMultipleField("Competitions", [Required("Choose at least one competition.")], choices=[])

    def offer(self, found: list[Competition]) -> None:
        """The competitions that can be chosen; those that were, stay."""
        self.chosen.choices = choices_of([(one.uid, one.title) for one in found])


class DeleteForm(Form):
    expected = ""
    confirm = StringField("Name of the season", [Typed(lambda form: form.expected)])


def plain_number(value: Decimal) -> int | float:
    """As JSON has it: 3, not 3.0."""
    return int(value) if value == value.to_integral_value() else float(value)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)

"""What the theme editor asks for."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField

from portal.branding.css import MOST_BYTES
from portal.branding.look import COLOURS, FONTS, LONGEST_FOOTER, MODES, MOST_RADIUS, Look, is_uploaded
from portal.branding.service import PICTURES
from portal.web.forms import Between, Form, Length, Optional, Required
from portal.web.texts import LONGEST_ADDRESS


class LookForm(Form):
    """Every value of a theme. The picture fields hold addresses; an uploaded picture stays until another takes its place."""

    primary = StringField("Primary colour", [Optional(), Length(7)])
    accent = StringField("Accent colour", [Optional(), Length(7)])
    surface = StringField("Surface", [Optional(), Length(7)])
    text = StringField("Text", [Optional(), Length(7)])
    mode = SelectField("Light or dark", choices=list(MODES.items()))
    radius = IntegerField("Corner radius", [Between(0, MOST_RADIUS, "pixels")])
    font = SelectField("Font", choices=[(name, font.label) for name, font in FONTS.items()])
    logo = StringField("Logo address", [Optional(), Length(LONGEST_ADDRESS)])
    favicon = StringField("Favicon address", [Optional(), Length(LONGEST_ADDRESS)])
    footer = TextAreaField("Footer text", [Optional(), Length(LONGEST_FOOTER)])
    custom_css = TextAreaField("Custom CSS", [Optional(), Length(MOST_BYTES)])

    @classmethod
    def showing(cls, look: Look) -> "LookForm":
        """The form as `look` has it."""
        values = look.values()
        return cls(formdata=None, data=values | {which: _address(values[which]) for which in PICTURES})

    def changes(self, look: Look) -> dict[str, Any]:
        """What to change in `look`, by the names of the service."""
        values = {field.name: field.data for field in self if field.name != "csrf_token"}
        kept = {which for which in PICTURES if not values[which] and is_uploaded(getattr(look, which))}
        return {name: value for name, value in values.items() if name not in kept}


class PictureForm(Form):
    file = FileField("Picture", [Required("Choose a PNG, JPEG, WebP or GIF picture.")])


class PublishForm(Form):
    although_failing = BooleanField("Publish although not everybody can read these colours")


class ColourForm(Form):
    field = SelectField("Colour", choices=list(COLOURS))
    colour = HiddenField("Value", [Required()])


def _address(picture: str | None) -> str | None:
    return None if is_uploaded(picture) else picture

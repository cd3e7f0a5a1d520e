"""What the back office asks for when links are made."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask_wtf.file import FileField
from wtforms import DateTimeLocalField, HiddenField, IntegerField, SelectField, StringField, TextAreaField

from portal.kernel.errors import Invalid
from portal.kernel.ids import new_uid, parse_uid
from portal.session_tokens.rows import Row, object_in, read_rows
from portal.session_tokens.service import LONGEST_REFERENCE
from portal.web.forms import Between, Form, Length, Optional, Required

UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
PASTED = 1_000_000


class TargetForm(Form):
    """Where to, and for how long."""

    target = SelectField("Leads to", [Required("Choose a game or a stream.")], validate_choice=True)
    good_for = IntegerField("Good for", [Between(1, 525_600)], default=24)
    unit = SelectField("Unit", choices=[(name, name) for name in UNITS], default="hours")
    not_before = DateTimeLocalField("Opens at (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def plan(self) -> dict[str, Any]:
        """The words of `create_session` and `start_batch`. Raises Invalid beside the field it concerns."""
        kind, number = str(self.target.data).split("-")
        minutes = int((self.good_for.data or 0) * UNITS[self.unit.data] / timedelta(minutes=1))
        if minutes > 525_600:
            raise Invalid("good_for", "A link is good for at most 365 days. Write a shorter time.")
        opens: datetime | None = self.not_before.data
        return {f"{kind}_id": int(number), "minutes": minutes, "not_before": opens.replace(tzinfo=UTC) if opens else None}


class LinkForm(TargetForm):
    external_ref = StringField("Your reference", [Optional(), Length(LONGEST_REFERENCE)])
    metadata = TextAreaField("Metadata", [Optional(), Length(10_000)])

    def plan(self) -> dict[str, Any]:
        text = self.metadata.data or ""
        found = object_in(text) if text else None
        return super().plan() | {"external_ref": self.external_ref.data or None, "metadata": found}


class ManyForm(TargetForm):
    """`attempt` names the upload, so that sending the form twice makes one batch."""

    attempt = HiddenField(default=new_uid)
    file = FileField("CSV file")
    pasted = TextAreaField("Or paste the list", [Optional(), Length(PASTED)])

    def uid(self) -> str:
        return parse_uid("attempt", self.attempt.data or "")

    def rows(self) -> list[Row]:
        """The rows of the file, else those of the pasted text. Raises Invalid naming every bad line."""
        upload = self.file.data
        data = upload.read() if upload else b""
        if data and self.pasted.data:
            raise Invalid("pasted", "There is a file and a pasted list. Send one of the two.")
        if not data and not self.pasted.data:
            raise Invalid("file", "Choose a CSV file, or paste the list.")
        return read_rows("file" if data else "pasted", data or self.pasted.data.encode())

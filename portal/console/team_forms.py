"""The forms of the team pages."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import RadioField, StringField, TextAreaField

from portal.kernel.errors import Invalid
from portal.players.model import ROSTER_ROLES
from portal.players.roster_csv import MOST_BYTES, Row, read_rows
from portal.players.service import LONGEST_CONTACT, NAME, TAG
from portal.web.forms import Form, Length, Optional, Required, Typed
from portal.web.texts import LONGEST_ADDRESS

ROLE_WORDS = {
    "captain": "Acts for the team: registers it, checks it in, takes it out.",
    "player": "Plays.",
    "substitute": "Stands in. Counts where a competition asks for a number of players.",
}


class TeamForm(Form):
    name = StringField("Name", [Required("Write a name for the team."), Length(NAME[1], NAME[0])])
    tag = StringField("Tag", [Optional(), Length(TAG[1], TAG[0])])
    logo_url = StringField("Logo address", [Optional(), Length(LONGEST_ADDRESS)])

    def terms(self) -> dict[str, Any]:
        """None for what is empty."""
        return {name: field.data or None for name, field in self._fields.items() if name != "csrf_token"}


class EditForm(TeamForm):
    contact = StringField("E-mail for messages", [Optional(), Length(LONGEST_CONTACT)])


class PlayerForm(Form):
    wallet = StringField("Wallet", [Required("Paste the player's wallet address."), Length(100)])
    role = RadioField("Role", choices=[(role, role.capitalize()) for role in ROSTER_ROLES], default="player")


class ImportForm(Form):
    """A file or a pasted list."""

    file = FileField("CSV file")
    pasted = TextAreaField("Or paste the list", [Optional(), Length(MOST_BYTES)])

    def rows(self, *, many: bool) -> list[Row]:
        """Raises Invalid naming every bad line."""
        upload = self.file.data
        data = upload.read() if upload else b""
        if data and self.pasted.data:
            raise Invalid("pasted", "There is a file and a pasted list. Send one of the two.")
        if not data and not self.pasted.data:
            raise Invalid("file", "Choose a CSV file, or paste the list.")
        return read_rows("file" if data else "pasted", data or self.pasted.data.encode(), many=many)


class DeleteForm(Form):
    expected = ""
    confirm = StringField("Name of the team", [Typed(lambda form: form.expected)])

"""What the drawer asks for when entrants are added."""

from flask_wtf.file import FileField
from wtforms import HiddenField, StringField, TextAreaField

from portal.competitions.entry_csv import MOST_BYTES, Line, Sheet, read_sheet
from portal.kernel.errors import Invalid
from portal.players.service import NAME, TAG, check_wallet, checked_name, checked_tag
from portal.web.forms import Form, Length, Optional


class OneForm(Form):
    """Somebody new: a name, a wallet, or both."""

    name = StringField("Name", [Optional(), Length(NAME[1], NAME[0])])
    wallet = StringField("Wallet", [Optional(), Length(42)])
    tag = StringField("Tag", [Optional(), Length(TAG[1], TAG[0])])

    def sheet(self) -> Sheet:
        """A list of this one. Raises Invalid for what is no name, no wallet, no tag, or nothing at all."""
        name, wallet, tag = (str(field.data or "") for field in (self.name, self.wallet, self.tag))
        if not name and not wallet:
            raise Invalid("name", "Write a name or a wallet.")
        if wallet:
            check_wallet(wallet)
        said = checked_name(name) if name else "", (wallet,) if wallet else (), checked_tag(tag) if tag and name else None
        return Sheet([Line(1, *said)])


class ListForm(Form):
    """Several: a file, or lines that were pasted. `text` is the list that was looked over and is meant."""

    pasted = TextAreaField("One entrant a line", [Optional(), Length(MOST_BYTES)])
    file = FileField("Or a CSV file")
    text = HiddenField()

    def written(self) -> str:
        """The list as text. Raises Invalid naming the field for none, two, or a file that is no text."""
        data = self.file.data.read() if self.file.data else b""
        if data and self.pasted.data:
            raise Invalid("pasted", "There is a file and a pasted list. Send one of the two.")
        if not data:
            if not self.pasted.data:
                raise Invalid("pasted", "Write one entrant a line, or choose a CSV file.")
            return str(self.pasted.data)
        try:
            return str(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise Invalid("file", f"Line {line} is not UTF-8. Save the file as CSV in UTF-8 and send it again.") from None


def sheet_of(text: str) -> Sheet:
    """The list that somebody wrote. Raises Invalid beside the text."""
    return read_sheet("pasted", text.encode())

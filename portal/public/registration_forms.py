"""What players are asked for."""

from typing import Any

from wtforms import HiddenField, RadioField, StringField, TextAreaField

from portal.kernel.errors import Invalid, PortalError
from portal.players.service import NAME, TAG
from portal.registration.applications import LONGEST_MESSAGE
from portal.registration.model import RegistrationPage
from portal.registration.service import Wish
from portal.registration.tokens import new_attempt
from portal.web.forms import Form, Length, Optional, Required

MOST_WALLETS = 100
LONGEST_ROSTER = MOST_WALLETS * 50
NAMES = {"players": "Your name", "teams": "Team name", "both": "Name"}
FILLED = "A field that people do not see was filled in, as programs do. It is empty now: send the form again."


class RegisterForm(Form):
    """`attempt` names the sending. `website` is for programs: people leave it empty, as they do not see it."""

    attempt = HiddenField(default=new_attempt)
    kind = RadioField(
        "Who registers",
        [Required("Choose player or team.")],
        choices=[("player", "A player"), ("team", "A team")],
        validate_choice=False,
    )
    name = StringField("Name", [Required("Write a name."), Length(NAME[1], NAME[0])])
    tag = StringField("Tag", [Optional(), Length(TAG[1], TAG[0])])
    wallet = StringField("Wallet", [Optional(), Length(42)])
    roster = TextAreaField("Other players' wallets", [Optional(), Length(LONGEST_ROSTER)])
    contact = StringField("E-mail", [Required("Write an e-mail address."), Length(254)])
    message = TextAreaField("Message to the organizer", [Optional(), Length(LONGEST_MESSAGE)])
    website = StringField("Leave this empty")

    def fit(self, setup: RegistrationPage, roster: int, *, approval: bool) -> None:
        """Keep the fields that this page asks for. `roster`: how many wallets the rules want."""
        self.name.label.text = NAMES[setup.entrants]
        if setup.entrants != "both":
            del self.kind
        if setup.entrants == "players":
            del self.tag
        if roster < 2:
            del self.roster
        if not setup.asks_contact:
            del self.contact
        if not approval:
            del self.message
        if roster:
            self.wallet.validators = [Required("Write your wallet's address: the rules ask for it."), Length(42)]
            self.wallet.flags.optional = False

    def wish(self, setup: RegistrationPage) -> Wish:
        """Raises Invalid for a filled trap, and for too many wallets."""
        if self.website.data:
            self.website.data = ""
            raise Invalid("", FILLED)
        kind = self._text("kind") or setup.entrants.removesuffix("s")
        wallets = [line.strip() for line in (self._text("wallet") + "\n" + self._text("roster")).split("\n") if line.strip()]
        if len(wallets) > MOST_WALLETS:
            raise Invalid("roster", f"There are {len(wallets)} wallets; a roster holds at most {MOST_WALLETS}.")
        tag = self._text("tag") if kind == "team" else ""
        more = {"contact": self._text("contact") or None, "message": self._text("message") or None}
        return Wish(kind, self._text("name"), tag or None, tuple(wallets), **more)

    def refuse(self, error: PortalError) -> None:
        """The rooms below call the roster `team_id`, and a form that grew old needs a new attempt."""
        if isinstance(error, Invalid) and error.field == "team_id":
            error.field = "roster" if "roster" in self._fields else "wallet"
        if isinstance(error, Invalid) and error.field == "attempt":
            self.attempt.data, error.field = new_attempt(), ""
        super().refuse(error)

    def _text(self, name: str) -> str:
        field: Any = self._fields.get(name)
        return str(field.data or "") if field is not None else ""


class NameForm(Form):
    name = StringField("Name", [Required("Write a name."), Length(NAME[1], NAME[0])])
    tag = StringField("Tag", [Optional(), Length(TAG[1], TAG[0])])

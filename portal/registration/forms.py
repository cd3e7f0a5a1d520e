"""What the back office asks for: how the page is set up, answers to requests, invitations to be made."""

from datetime import UTC, datetime
from typing import Any

from wtforms import BooleanField, DateTimeLocalField, HiddenField, IntegerField, RadioField, SelectField, TextAreaField

from portal.kernel.errors import Invalid
from portal.registration.applications import LONGEST_MESSAGE
from portal.registration.invitations import AT_ONCE, LONGEST_LABEL
from portal.registration.model import REMINDERS as HOURS
from portal.registration.service import LONGEST_WELCOME, SETTINGS
from portal.registration.tokens import new_attempt
from portal.web.forms import Between, Form, Length, Optional, Required

ACCESS = [("closed", "Closed"), ("open", "Open to everybody"), ("invited", "By invitation")]
ACCESS_WORDS = {
    "closed": "Nobody registers by themselves; you enter everybody.",
    "open": "Whoever has the address of the page may register while registration runs.",
    "invited": "Only whoever has one of your one-time links.",
}
REMINDERS = [("", "None"), *((str(hours), f"{hours} {'hour' if hours == 1 else 'hours'} before the start") for hours in HOURS)]
ENTRANTS = [("players", "Players"), ("teams", "Teams"), ("both", "Players and teams")]


class PageForm(Form):
    access = RadioField("Who may register", [Required("Choose who may register.")], choices=ACCESS)
    entrants = RadioField("Who takes part", [Required("Choose who takes part.")], choices=ENTRANTS)
    approval = BooleanField("I approve each request")
    self_check_in = BooleanField("Players check in by themselves")
    asks_contact = BooleanField("Ask for an e-mail address")
    remind_hours = SelectField("Reminder to check in", [Optional()], choices=REMINDERS)
    welcome = TextAreaField("Welcome text", [Optional(), Length(LONGEST_WELCOME)])

    def settings(self) -> dict[str, Any]:
        """What `service.change_page` takes."""
        return {name: self[name].data for name in SETTINGS} | {"remind_hours": int(self.remind_hours.data or 0) or None}


class AnswerForm(Form):
    answer = TextAreaField("Answer", [Optional(), Length(LONGEST_MESSAGE)])


class InviteForm(Form):
    """`attempt` names the sending, so that sending the form twice makes the links once."""

    attempt = HiddenField(default=new_attempt)
    labels = TextAreaField("For whom", [Optional(), Length(AT_ONCE * (LONGEST_LABEL + 1))])
    count = IntegerField("Or how many, without names", [Optional(), Between(1, AT_ONCE)])
    expires_at = DateTimeLocalField("Expires at (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def wanted(self) -> list[str | None]:
        """A label, or None, for each link. Raises Invalid naming the line that is wrong."""
        lines = [line.strip() for line in (self.labels.data or "").split("\n") if line.strip()]
        if lines and self.count.data:
            raise Invalid("count", "There are names and a number. Write the one or the other.")
        if not lines and not self.count.data:
            raise Invalid("labels", "Write a name on each line, or a number below.")
        if len(lines) > AT_ONCE:
            raise Invalid("labels", f"There are {len(lines):,} lines; at most {AT_ONCE} links are made at once.")
        for number, line in enumerate(lines, 1):
            if len(line) > LONGEST_LABEL:
                raise Invalid("labels", f"Line {number} has {len(line)} characters. Use at most {LONGEST_LABEL}.")
        return list(lines) if lines else [None] * (self.count.data or 0)

    def until(self) -> datetime | None:
        found: datetime | None = self.expires_at.data
        return found.replace(tzinfo=UTC) if found else None

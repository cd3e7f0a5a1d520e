"""The forms about standings: a decision between two, a challenge, and taking somebody out."""

from wtforms import HiddenField, SelectField, StringField, TextAreaField

from portal.competitions.decisions import REASON
from portal.competitions.results import MOST_NOTES
from portal.web.forms import Form, Length, Required, Typed


class DecisionForm(Form):
    """Who stands above whom."""

    over = SelectField("Stands above", [Required("Choose who stands above.")])
    under = SelectField("Stands below", [Required("Choose who stands below.")])
    reason = TextAreaField("Reason", [Required("Write the reason: it is shown in the standings."), Length(REASON[1])])


class ChallengeForm(Form):
    """`challenger` is in the address; `opponent` is a registration above."""

    opponent = SelectField("Opponent", [Required("Choose whom to challenge.")])


class DisqualifyForm(Form):
    """`expected` is the name that has to be typed; `seen` the matches that were shown as decided by it."""

    expected = ""
    reason = TextAreaField("Reason", [Required("Write why; it stands in the audit log."), Length(MOST_NOTES)])
    confirm = StringField("Name", [Typed(lambda form: form.expected)])
    seen = HiddenField()

"""Forms of the acts in a competition's life."""

from wtforms import RadioField, StringField

from portal.competitions.words import VISIBILITY_WORDS
from portal.web.forms import Form, Required, Typed


class ConfirmForm(Form):
    """A button alone."""


class TypedForm(Form):
    """Asks for the competition's title, which is `expected`."""

    expected = ""
    confirm = StringField("Title", [Typed(lambda form: form.expected)])


class VisibilityForm(Form):
    visibility = RadioField("Who sees it", [Required("Choose one.")], choices=list(VISIBILITY_WORDS.items()))

"""Forms of the acts in a competition's life."""

from wtforms import RadioField, StringField

from portal.competitions.amending import TIMES
from portal.competitions.create_forms import TermsForm
from portal.competitions.words import VISIBILITY_WORDS
from portal.web.forms import Form, Required, Typed

__all__ = ["ConfirmForm", "ScheduleForm", "TypedForm", "VisibilityForm"]


class ConfirmForm(Form):
    """A button alone."""


class TypedForm(Form):
    """Asks for the competition's title, which is `expected`."""

    expected = ""
    confirm = StringField("Title", [Typed(lambda form: form.expected)])


class VisibilityForm(Form):
    visibility = RadioField("Who sees it", [Required("Choose one.")], choices=list(VISIBILITY_WORDS.items()))


class ScheduleForm(TermsForm):
    """The hours alone: the other terms are not asked for."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in [field.name for field in self if field.name not in TIMES]:
            del self[name]

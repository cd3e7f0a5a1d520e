"""The forms of the event feed pages."""

from typing import Any

from wtforms import HiddenField, PasswordField, SelectMultipleField, StringField

from portal.kernel.ids import new_uid
from portal.outbox.families import families, family_label
from portal.outbox.names import EVENTS
from portal.transports.model import Transport
from portal.transports.terms import MOST_NAME
from portal.transports.xml_messages import TOLD
from portal.web.forms import Form, Length, Optional, Required, Typed


def families_of(kind: str) -> dict[str, list[str]]:
    """What a transport of this kind can tell."""
    return families(name for name in EVENTS if kind != "amqp" or name in TOLD)


def choices(kind: str) -> list[str]:
    """What it can be asked for: everything, families, single types."""
    families = families_of(kind)
    whole = [f"{family}.*" for family, names in families.items() if names != [family]]
    return ["*", *whole, *(name for names in families.values() for name in names)]


class TermsForm(Form):
    """Terms of any transport. `attempt` names this very form, so that sending it twice makes one."""

    name = StringField("Name", [Required("Write what the feed is for, such as Trading desk."), Length(MOST_NAME)])
    types = SelectMultipleField("Events", [Required("Choose at least one event, or all of them.")], choices=[])
    attempt = HiddenField(default=new_uid)
    kind = "amqp"
    words, label_of = EVENTS, staticmethod(family_label)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.families = families_of(self.kind)
        self.types.choices = [(name, "All events" if name == "*" else name) for name in choices(self.kind)]

    def wish(self) -> dict[str, Any]:
        """As the service takes it."""
        return {field.name: field.data for field in self if field.name not in ("csrf_token", "attempt")}


class QueueForm(TermsForm):
    """An SQS queue, and either a key or a role. A secret that is kept is never shown; left empty it stays."""

    kind = "sqs"
    queue_url = StringField("Queue", [Required("Paste the address of the FIFO queue."), Length(500)])
    access_key_id = StringField("Access key id", [Optional(), Length(128)])
    secret_access_key = PasswordField("Secret access key", [Optional(), Length(128)])
    role_arn = StringField("Role", [Optional(), Length(200)])


class ConfirmForm(Form):
    """`expected` is the name of the feed."""

    confirm = StringField("Name of the event feed", [Typed(lambda form: form.expected)])
    expected = ""


FORMS: dict[str, type[TermsForm]] = {"amqp": TermsForm, "sqs": QueueForm}


def values_of(transport: Transport) -> dict[str, Any]:
    """What the form of a transport that is there begins with."""
    terms = {"name": transport.name, "types": transport.types}
    return terms | ({"queue_url": transport.target, "role_arn": transport.role_arn} if transport.kind == "sqs" else {})

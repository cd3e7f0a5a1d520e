"""The base of every form: strict about unknown fields and control characters, plain in its words.

`CSRF` is checked for all routes at once by `web.csrf`, so forms carry the token but do not check it again.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.fields import FieldList, FormField, PasswordField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError

from portal.kernel.errors import Invalid, PortalError

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
WORDS = {
    "Not a valid choice.": "That is not offered here. Choose one from the list.",
    "Invalid Choice: could not coerce.": "That is not offered here. Choose one from the list.",
    "Invalid choice(s): one or more data inputs could not be coerced.": "That is not offered here. Choose from the list.",
    "'%(value)s' is not a valid choice for this field.": "“%(value)s” is not offered here. Choose from the list.",
    "'%(value)s' are not valid choices for this field.": "“%(value)s” are not offered here. Choose from the list.",
    "Not a valid integer value.": "That is not a whole number. Write digits only, such as 600.",
    "Not a valid decimal value.": "That is not a number. Write it like 12.50.",
    "Not a valid datetime value.": "That is not a moment. Write a day and a time, such as 2026-03-15 14:30.",
    "Not a valid date value.": "That is not a day. Write it like 2026-03-15.",
    "Not a valid time value.": "That is not a time of day. Write it like 14:30.",
}
CARRIED = frozenset({"csrf_token"})


class _Words:
    """Stands in for a translation, so that WTForms' own checks speak like ours."""

    def gettext(self, text: str) -> str:
        return WORDS.get(text, text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


class Form(FlaskForm):
    """Subclass it, list the fields, call `form.validate_on_submit()`; on False answer 422 with the form itself.

    Text is trimmed, line ends become "\\n", control and direction-override characters and lone surrogates are refused.
    A field that the form does not have is refused by name.
    """

    class Meta:
        csrf = False

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Every text field but a password is trimmed before its own filters run."""
            filters = unbound_field.kwargs.get("filters", ())
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, PasswordField) and trimmed not in filters:
                unbound_field.kwargs["filters"] = (trimmed, *filters)
            choices = unbound_field.kwargs.get("choices")
            if isinstance(choices, list | tuple):
                unbound_field.kwargs["choices"] = choices_of(choices)
            return unbound_field.bind(form=form, **options)

        def get_translations(self, form: Any) -> "_Words":
            """WTForms' own messages, in our words."""
            return _Words()

    unknown_fields: list[str]

    def process(self, formdata: Any = None, *args: Any, **kwargs: Any) -> None:
        """Remember which submitted names the form does not have, then bind the rest."""
        formdata = self.meta.wrap_formdata(self, formdata)
        names = {field.name for field in self} | CARRIED
        nested = tuple(f"{field.name}-" for field in self if isinstance(field, FieldList | FormField))
        submitted = set(formdata.keys()) if formdata else set()
        self.unknown_fields = sorted(name for name in submitted - names if not (nested and name.startswith(nested)))
        super().process(formdata, *args, **kwargs)

    def validate(self, extra_validators: Any = None) -> bool:
        """Run every field's validators, then refuse unknown names and unprintable text."""
        valid = super().validate(extra_validators)
        for field in self:
            if message := _unprintable(field):
                _add(field, message)
                valid = False
        if self.unknown_fields:
            names = ", ".join(f"`{name[:40]}`" for name in self.unknown_fields[:5])
            self.form_errors.append(f"This form has no field {names}. Reload the page and send it again.")
            valid = False
        return valid

    def refuse(self, error: PortalError) -> None:
        """Put a service's refusal beside the field it names, or above the form when it names none."""
        field = self._fields.get(error.field) if isinstance(error, Invalid) else None
        if field is None:
            self.form_errors.append(error.message)
        else:
            _add(field, error.message)


class Required:
    """The value must be there. `message` says what to write: "Write a name for the key." """

    field_flags = {"required": True}

    def __init__(self, message: str | None = None) -> None:
        self.message = message

    def __call__(self, form: Any, field: Field) -> None:
        value = field.data
        if value not in (None, "", [], ()) and not (isinstance(value, str) and not value.strip()):
            return
        if field.errors:  # the field could not read what was sent, and says so better than "is empty" would
            raise StopValidation()
        field.errors = []
        raise StopValidation(self.message or f"{_label(field)} is empty. Fill it in.")


class Optional:
    """An empty value is fine, and the validators after this one are not asked."""

    field_flags = {"optional": True}

    def __call__(self, form: Any, field: Field) -> None:
        sent = getattr(field, "raw_data", None)
        if not sent or (isinstance(sent[0], str) and not sent[0].strip()):
            field.errors = []
            raise StopValidation()


class Length:
    """From `low` to `high` characters. The message holds both the rule and what was sent."""

    def __init__(self, high: int, low: int = 0) -> None:
        self.low, self.high = low, high
        self.field_flags = {"maxlength": high} | ({"minlength": low} if low else {})

    def __call__(self, form: Any, field: Field) -> None:
        count = len(field.data or "")
        if count > self.high:
            raise ValidationError(f"{_label(field)} has {count:,} characters. Use at most {self.high:,}.")
        if count < self.low:
            raise ValidationError(f"{_label(field)} has {count:,} characters. Use at least {self.low:,}.")


class Between:
    """A whole number from `low` to `high`; the message names both and the `unit`."""

    def __init__(self, low: int, high: int, unit: str = "") -> None:
        self.low, self.high, self.unit = low, high, f" {unit}" if unit else ""
        self.field_flags = {"min": low, "max": high}

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is None:
            if not field.errors:
                raise StopValidation(f"{_label(field)} is empty. Write a whole number.")
            raw = str((getattr(field, "raw_data", None) or [""])[0])[:40]
            field.errors = []
            raise StopValidation(f"{_label(field)}: “{raw}” is not a whole number. Write digits only, such as 600.")
        if not self.low <= field.data <= self.high:
            rule = f"from {self.low:,} to {self.high:,}{self.unit}"
            raise ValidationError(f"{_label(field)} is {field.data:,}. Write a number {rule}.")


class Matches:
    """The whole text matches `pattern` (ASCII rules); `rule` says it in words: "Use small letters, digits and -." """

    def __init__(self, pattern: str, rule: str) -> None:
        self.pattern, self.rule = re.compile(pattern, re.ASCII), rule

    def __call__(self, form: Any, field: Field) -> None:
        if not self.pattern.fullmatch(field.data or ""):
            raise ValidationError(f"{_label(field)}: “{(field.data or '')[:60]}” does not fit. {self.rule}")


class Typed:
    """Irreversible acts: the person must write `expected(form)` letter by letter."""

    def __init__(self, expected: Callable[[Any], str]) -> None:
        self.expected = expected

    def __call__(self, form: Any, field: Field) -> None:
        if (field.data or "") != self.expected(form):
            raise StopValidation(f"Write “{self.expected(form)}” exactly as shown to confirm.")


def choices_of(pairs: Iterable[Any]) -> list[SelectChoice]:
    """(value, label) pairs or plain values as WTForms wants them; for choices known only when the form is made."""
    return [SelectChoice.from_input(pair) for pair in pairs]


def trimmed(value: Any) -> Any:
    """Text without outer white space and with one kind of line end; anything else as it is."""
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def errors_of(form: Form) -> list[tuple[str, str]]:
    """(field id or "", sentence) of every error in the form's order; the summary links to the fields with these ids."""
    found: list[tuple[str, str]] = [("", message) for message in form.form_errors]
    for field in form:
        found += [(field.id, message) for message in flat(field.errors)]
    return found


def flat(errors: Any) -> list[str]:
    """Every sentence in a field's errors. A list field keeps lists of errors, a form field a dict of them."""
    if isinstance(errors, str):
        return [errors]
    inner = errors.values() if isinstance(errors, dict) else errors
    return [message for item in inner for message in flat(item)]


def _unprintable(field: Field) -> str | None:
    texts = [item for item in (getattr(field, "raw_data", None) or []) if isinstance(item, str)]
    for text in texts:
        found = CONTROLS.search(text)
        if found:
            return f"{_label(field)} holds a control character (U+{ord(found[0]):04X}). Remove it."
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return f"{_label(field)} holds text that is not valid Unicode. Write it again."
    return None


def _label(field: Field) -> str:
    return field.label.text if field.label else field.name


def _add(field: Field, message: str) -> None:
    field.errors = [*field.errors, message]

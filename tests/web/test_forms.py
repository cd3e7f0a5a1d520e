"""Forms: strict in what they take, plain in what they say, and nothing typed is lost."""

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, IntegerField, PasswordField, SelectMultipleField, StringField, TextAreaField

from portal.kernel.errors import Conflict, Invalid
from portal.web.forms import Between, Form, Length, Matches, Optional, Required, Typed, errors_of

SCOPES = [("read", "Read"), ("write", "Write")]


class KeyForm(Form):
    name = StringField("Name", [Required("Write a name for the key."), Length(10)])
    slug = StringField("Slug", [Optional(), Matches(r"[a-z-]+", "Use small letters and hyphens.")])
    rate = IntegerField("Rate", [Between(1, 1000, "calls a minute")], default=600)
    notes = TextAreaField("Notes", [Optional(), Length(50, low=3)])
    scopes = SelectMultipleField(
        "Scopes", [Required("Choose at least one scope.")], choices=[("read", "Read"), ("write", "Write")]
    )
    password = PasswordField("Password")
    networks = FieldList(StringField("Network", [Length(5)]), max_entries=3)
    confirm = StringField("Confirm", [Optional(), Typed(lambda form: form.name.data)])


GOOD = {"name": "Lobby", "rate": "600", "scopes": "read"}


@pytest.fixture
def submit(app):
    """Sends a form as a browser does and gives the form back, validated."""

    def send(data=None, **changes):
        fields = data if data is not None else MultiDict({**GOOD, **changes})
        with app.test_request_context("/keys", method="POST", data=fields):
            form = KeyForm()
            form.valid = form.validate_on_submit()
            return form

    return send


def sentences(form) -> list[str]:
    return [sentence for _, sentence in errors_of(form)]


def test_a_good_form_passes_and_its_text_is_trimmed(submit):
    form = submit(name="  Lobby \t", notes="one\r\ntwo\rthree ", csrf_token="whatever")
    assert form.valid, errors_of(form)
    assert form.name.data == "Lobby"
    assert form.notes.data == "one\ntwo\nthree"


def test_a_password_is_taken_as_it_is(submit):
    assert submit(password="  two spaces  ").password.data == "  two spaces  "


def test_a_field_that_the_form_does_not_have_is_refused_by_name(submit):
    form = submit(owner="mallory")
    assert not form.valid
    assert sentences(form) == ["This form has no field `owner`. Reload the page and send it again."]


def test_entries_of_a_list_field_are_known(submit):
    assert submit(**{"networks-0": "a", "networks-1": "b"}).valid
    assert not submit(**{"networks-0": "too long"}).valid


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\x7f", "a\u202eb"])
def test_a_control_character_is_refused_and_named(submit, text):
    form = submit(name=text)
    assert not form.valid
    assert f"U+{next(ord(letter) for letter in text if not letter.isalnum()):04X}" in sentences(form)[0]


def test_the_length_message_holds_the_limit_and_what_was_sent(submit):
    form = submit(name="x" * 1234)
    assert errors_of(form) == [("name", "Name has 1,234 characters. Use at most 10.")]
    assert form.name.data == "x" * 1234
    assert sentences(submit(notes="ab")) == ["Notes has 2 characters. Use at least 3."]


def test_an_empty_field_says_what_to_write(submit):
    assert sentences(submit(name="   ")) == ["Write a name for the key."]
    assert sentences(submit({"name": "Lobby", "rate": "5"})) == ["Choose at least one scope."]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("0", "Rate is 0. Write a number from 1 to 1,000 calls a minute."),
        ("99999", "Rate is 99,999. Write a number from 1 to 1,000 calls a minute."),
        ("1.5", "Rate: “1.5” is not a whole number. Write digits only, such as 600."),
        ("many", "Rate: “many” is not a whole number. Write digits only, such as 600."),
        ("", "Rate: “” is not a whole number. Write digits only, such as 600."),
    ],
)
def test_a_number_out_of_range_or_no_number_names_the_range(submit, sent, said):
    assert sentences(submit(rate=sent)) == [said]


def test_a_number_of_ten_thousand_digits_is_an_error_and_no_crash(submit):
    assert not submit(rate="9" * 10_000).valid


def test_a_pattern_says_its_rule(submit):
    assert sentences(submit(slug="Näh")) == ["Slug: “Näh” does not fit. Use small letters and hyphens."]
    assert submit(slug="").valid


def test_a_choice_that_is_not_offered_is_refused(submit):
    assert sentences(submit(scopes="root")) == ["“root” is not offered here. Choose from the list."]


def test_a_typed_confirmation_must_match_letter_by_letter(submit):
    assert sentences(submit(confirm="lobby")) == ["Write “Lobby” exactly as shown to confirm."]
    assert submit(confirm="Lobby").valid


def test_a_refusal_of_a_service_stands_beside_its_field(submit):
    form = submit()
    form.refuse(Invalid("name", "A key has this name already. Choose another."))
    form.refuse(Conflict("The organization is closed."))
    form.refuse(Invalid("elsewhere", "Nobody knows this field."))
    assert errors_of(form) == [
        ("", "The organization is closed."),
        ("", "Nobody knows this field."),
        ("name", "A key has this name already. Choose another."),
    ]


def test_nothing_is_bound_before_the_form_is_sent(app):
    with app.test_request_context("/keys?name=from-the-address"):
        form = KeyForm()
        assert not form.validate_on_submit()
        assert form.name.data is None
        assert form.rate.data == 600

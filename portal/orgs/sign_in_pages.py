"""Signing in and out, the first owner of a fresh installation, and the link with which somebody new sets a password.

The three forms that check or make a password bring their own unit of work: argon2 takes a twentieth of a second, and
SQLite's one write lock must not be held meanwhile.
"""

from flask import Blueprint, Response, request, session, url_for
from flask_login import current_user, login_required, logout_user
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields import HiddenField

from portal.audit.service import record
from portal.kernel.crypto import digest
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Invalid, NotFound, PortalError, Unauthenticated
from portal.orgs import invitations, password_links, service
from portal.orgs import sign_in as sign_ins
from portal.orgs.service import CURRENCIES, EMAIL
from portal.orgs.signed_in import NewPassword, actor_of, failed, go_in, in_own_work, safe_path, unshared, visitor
from portal.web.forms import Form, Length, Required
from portal.web.render import redirect_to, render, toast
from portal.web.throttle import address_key, limiter

pages = Blueprint("sign_in", __name__)

MAIL = {"type": "email", "autocomplete": "username", "spellcheck": "false"}


class SignInForm(Form):
    email = StringField("E-mail", [Required("Write your e-mail address."), Length(254)], render_kw=MAIL)
    password = PasswordField(
        "Password", [Required("Write your password."), Length(200)], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()


class SetupForm(NewPassword, Form):
    organization = StringField("Organization", [Required("Write the organization's name."), Length(100, low=2)])
    currency = SelectField("Currency", choices=[(code, code) for code in CURRENCIES])
    name = StringField("Your name", [Required("Write your name."), Length(100)], render_kw={"autocomplete": "name"})
    email = StringField("Your e-mail", [Required("Write your e-mail address."), Length(254)], render_kw=MAIL)


class JoinForm(NewPassword, Form):
    name = StringField("Your name", [Required("Write your name."), Length(100)], render_kw={"autocomplete": "name"})


def account_key() -> str:
    """One account as tried from one address: a stranger who guesses never locks the owner out elsewhere."""
    email = request.form.get("email", "").strip().lower()
    return f"{digest(email).hex()[:32]}@{address_key()}"


@pages.get("/sign-in")
def sign_in() -> Response:
    """The form; those who are signed in go on, and a fresh installation is set up first."""
    wanted = safe_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect_to(wanted or "/")
    if service.no_user_yet(db.session()):
        return redirect_to(url_for("sign_in.setup"))
    form = SignInForm(formdata=None, data={"next": wanted})
    return render("orgs/sign_in.html", "orgs/_sign_in_form.html", form=form)


@pages.post("/sign-in")
@in_own_work
@limiter.limit("10 per minute; 30 per hour", key_func=account_key, deduct_when=failed)
@limiter.limit("60 per 10 minutes", deduct_when=failed)
def check() -> Response:
    """Only failures count against the limits; unknown account and wrong password get the same answer."""
    form = SignInForm()
    if form.validate_on_submit():
        try:
            user = sign_ins.check_password(db.session(), form.email.data, form.password.data)
            return go_in(user.id, form.next.data)
        except Unauthenticated as error:
            _note_failure(form.email.data)
            form.refuse(error)
    return render("orgs/sign_in.html", "orgs/_sign_in_form.html", 422, form=form)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End this browser's sign-in, here and in every copy of its cookie."""
    if current_user.is_authenticated:
        sign_ins.sign_out(db.session(), current_user.user.id, current_user.sign_in_id)
    logout_user()
    session.clear()
    return redirect_to(url_for("sign_in.sign_in"))


@pages.post("/sign-out-everywhere")
@login_required
def sign_out_everywhere() -> Response:
    """End every sign-in of the person, this one too."""
    user = current_user.user
    ended = sign_ins.sign_out_everywhere(db.session(), user.id)
    record(db.session(), None, actor_of(user), "sign_in.ended_all", ("user", user.uid, user.email), after={"browsers": ended})
    logout_user()
    session.clear()
    toast(f"Signed out everywhere: {ended} {'browser' if ended == 1 else 'browsers'}.")
    return redirect_to(url_for("sign_in.sign_in"))


@pages.get("/setup")
def setup() -> Response:
    """There only while nobody exists."""
    if not service.no_user_yet(db.session()):
        raise NotFound("There is nothing at this address.")
    return render("orgs/setup.html", "orgs/_setup_form.html", form=SetupForm(formdata=None))


@pages.post("/setup")
@in_own_work
@limiter.limit("10 per minute")
def set_up() -> Response:
    """Make the first organization and its owner, and sign them in. Of two at once the second finds nothing here."""
    if not service.no_user_yet(db.session()):
        raise NotFound("There is nothing at this address.")
    form = SetupForm()
    if form.validate_on_submit():
        try:
            with unit_of_work() as work:
                user = service.first_owner(work, visitor(form.email.data), **form.data)[1].id
            return go_in(user, "")
        except NotFound:
            raise
        except PortalError as error:
            form.refuse(error)
    return render("orgs/setup.html", "orgs/_setup_form.html", 422, form=form)


@pages.get("/join/<token>")
@limiter.limit("60 per minute")
def join(token: str) -> Response:
    """Show the form, use nothing up: mail scanners open links."""
    link = password_links.peek(db.session(), token, "first")
    form = JoinForm(formdata=None, data={"name": link.user.name})
    return unshared(render("orgs/join.html", "orgs/_join_form.html", form=form, link=link, token=token))


@pages.post("/join/<token>")
@in_own_work
@limiter.limit("20 per minute")
def accept(token: str) -> Response:
    """Set the password and sign in; the link is used up."""
    link = password_links.peek(db.session(), token, "first")
    form = JoinForm()
    if form.validate_on_submit():
        try:
            with unit_of_work() as work:
                user = invitations.accept(work, token, form.name.data, form.password.data, actor=visitor("")).id
            return go_in(user, "")
        except Invalid as error:
            form.refuse(error)
    return unshared(render("orgs/join.html", "orgs/_join_form.html", 422, form=form, link=link, token=token))


def _note_failure(email: str) -> None:
    """Only what looks like an address is kept: people paste their password into the wrong field."""
    email = email.strip().lower()
    label = email if EMAIL.fullmatch(email) else "(not an e-mail address)"
    with unit_of_work() as work:
        record(work, None, visitor(label), "sign_in.failed", ("user", "", label))

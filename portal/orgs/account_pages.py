"""The account of the person who is signed in: name, password, and the browsers they are signed in with."""

from flask import Blueprint, Response, g, request, session, url_for
from flask_login import current_user, login_required
from wtforms import PasswordField, StringField

from portal.audit.service import record
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import NotFound, PortalError
from portal.orgs import service
from portal.orgs import sign_in as sign_ins
from portal.orgs.access import enter
from portal.orgs.model import User, sign_ins_of
from portal.orgs.signed_in import PASSWORD_RULE, actor_of, begin, failed, in_own_work
from portal.orgs.user_agents import describe
from portal.web.forms import Form, Length, Required
from portal.web.render import redirect_to, render, toast
from portal.web.throttle import limiter

pages = Blueprint("account", __name__)


class NameForm(Form):
    name = StringField("Name", [Required("Write your name."), Length(100)], render_kw={"autocomplete": "name"})


class PasswordForm(Form):
    current_password = PasswordField(
        "Current password", [Required("Write your current password.")], render_kw={"autocomplete": "current-password"}
    )
    new_password = PasswordField(
        "New password",
        [Required("Choose a new password."), Length(200)],
        description=PASSWORD_RULE,
        render_kw={"autocomplete": "new-password"},
    )


@pages.get("/account")
@login_required
def show() -> Response:
    return _page()


@pages.post("/account/name")
@login_required
def rename() -> Response:
    form = NameForm()
    if form.validate_on_submit():
        try:
            service.rename_user(db.session(), current_user.user, form.name.data, actor_of(current_user.user))
            toast("Name saved.")
            return redirect_to(url_for("account.show"))
        except PortalError as error:
            form.refuse(error)
    return _page("orgs/_name_form.html", 422, name_form=form)


@pages.post("/account/password")
@login_required
@in_own_work
@limiter.limit("10 per minute", deduct_when=failed)
def change_password() -> Response:
    """A new password ends every other sign-in; this browser gets a new one."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            begin(_with_new_password(current_user.user.id, form))
            toast("Password changed. Every other browser was signed out.")
            return redirect_to(url_for("account.show"))
        except PortalError as error:
            form.refuse(error)
    return _page("orgs/_password_form.html", 422, password_form=form)


@pages.post("/account/browsers/<int:sign_in_id>/end")
@login_required
def end(sign_in_id: int) -> Response:
    """End one of the person's own sign-ins."""
    user = current_user.user
    if not sign_ins.sign_out(db.session(), user.id, sign_in_id):
        raise NotFound("This browser is signed out already.")
    record(db.session(), None, actor_of(user), "sign_in.ended", ("user", user.uid, user.email))
    toast("Browser signed out.")
    return redirect_to(url_for("account.show"))


def _with_new_password(user_id: int, form: PasswordForm) -> str:
    with unit_of_work() as work:
        user = work.get_one(User, user_id)
        sign_ins.change_password(work, user, form.current_password.data, form.new_password.data)
        record(work, None, actor_of(user), "password.changed", ("user", user.uid, user.email))
        return sign_ins.open_sign_in(work, user.id, address=g.address, user_agent=request.user_agent.string)


def _page(fragment: str | None = None, status: int = 200, **forms: Form) -> Response:
    """The shell shows the organization used last: an account belongs to none."""
    if slug := session.get("org"):
        try:
            enter(db.session(), slug)
        except NotFound:
            session.pop("org")
    user = current_user.user
    shown: dict[str, Form] = {
        "name_form": NameForm(formdata=None, obj=user),
        "password_form": PasswordForm(formdata=None),
    } | forms
    browsers = sign_ins_of(db.session(), user.id)
    return render(
        "orgs/account.html", fragment, status, user=user, browsers=browsers, describe=describe,
        current_id=current_user.sign_in_id, **shown
    )  # fmt: skip

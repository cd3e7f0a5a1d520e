"""Setting a new password with a one-time link. Its own unit of work, for the reason that `sign_in_pages` gives."""

from flask import Blueprint, Response

from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Invalid
from portal.orgs import resets
from portal.orgs.signed_in import NewPassword, go_in, in_own_work, unshared, visitor
from portal.web.forms import Form
from portal.web.render import render
from portal.web.throttle import limiter

pages = Blueprint("resets", __name__)


class ResetForm(NewPassword, Form):
    pass


@pages.get("/reset/<token>")
@limiter.limit("60 per minute")
def show(token: str) -> Response:
    """Show the form, use nothing up: mail scanners open links."""
    link = resets.peek(db.session(), token)
    return unshared(render("orgs/reset.html", "orgs/_reset_form.html", form=ResetForm(formdata=None), link=link, token=token))


@pages.post("/reset/<token>")
@in_own_work
@limiter.limit("20 per minute")
def save(token: str) -> Response:
    """Set the password, end every sign-in of the person, and sign this browser in; the link is used up."""
    link = resets.peek(db.session(), token)
    form = ResetForm()
    if form.validate_on_submit():
        try:
            with unit_of_work() as work:
                user = resets.accept(work, token, form.password.data, actor=visitor("")).id
            return go_in(user, "")
        except Invalid as error:
            form.refuse(error)
    return unshared(render("orgs/reset.html", "orgs/_reset_form.html", 422, form=form, link=link, token=token))

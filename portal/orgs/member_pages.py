"""The members of an organization: who they are, what they may do, adding and removing them."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request, url_for
from sqlalchemy import case
from wtforms import RadioField, StringField

from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs import invitations, password_links, resets, service, wallet_service
from portal.orgs.access import Place, inside, role_in
from portal.orgs.model import ROLES, Membership, Organization, User, members_of, membership_by_uid
from portal.orgs.wallets import WalletMember, wallet_members_of
from portal.web.forms import Form, Length, Optional, Required
from portal.web.render import finish, redirect_to, render, toast
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("members", __name__)

ROLE_WORDS = {
    "owner": "Everything, also owners, and keys that may issue keys or move balances.",
    "admin": "Keys, links, games, settings, members and the audit log; not owners.",
    "member": "Sees the pages of this organization and changes nothing.",
}
CHOICES = [(role, role.capitalize()) for role in reversed(ROLES)]
MAILS = {"first": "member_invitation", "reset": "password_reset"}
TONES = {"owner": "open", "admin": "done", "member": "draft"}

MEMBERS = Table(
    "members",
    [
        Column("name", "Name", value=lambda member: member.user.name, sort=User.name, pinned=True),
        Column("email", "E-mail", value=lambda member: member.user.email, sort=User.email),
        Column(
            "role",
            "Role",
            value=lambda member: Badge(member.role.capitalize(), TONES[member.role]),
            kind="badge",
            sort=case({role: number for number, role in enumerate(ROLES)}, value=Membership.role),
        ),
        Column("created_at", "Added", sort=Membership.created_at, kind="time"),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([User.name, User.email], label="Name or e-mail"),
        Choice("role", "Role", CHOICES, column=Membership.role),
    ],
    order="name",
    noun=("member", "members"),
)


class AddForm(Form):
    email = StringField("E-mail", [Required("Write their e-mail address."), Length(254)], render_kw={"type": "email"})
    name = StringField("Name", [Optional(), Length(100)])
    role = RadioField("Role", choices=CHOICES, default="member", validate_choice=False)


class RoleForm(Form):
    role = RadioField("Role", choices=CHOICES, validate_choice=False)


@pages.get("/o/<org_slug>/members")
@inside("member")
def index(place: Place) -> Response:
    session, org = db.session(), place.organization
    members = MEMBERS.page(session, members_of(org), request.args)
    if members.wants_csv:
        return members.csv()
    waiting = invitations.waiting_members(session, org)
    wallets = list(session.scalars(wallet_members_of(org).order_by(WalletMember.id)))
    page, part = "orgs/members.html", "orgs/_members.html"
    return render(page, part, members=members, waiting=waiting, above=_above(place), wallets=wallets, tones=TONES)


@pages.route("/o/<org_slug>/members/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    form = AddForm()
    if form.validate_on_submit():
        try:
            member, token = invitations.add_by_email(
                db.session(), place.organization, form.email.data, form.name.data or "", form.role.data, place.actor, place.role
            )  # fmt: skip
            if not token:
                return finish(_list(place), f"{member.user.email} is a member now.")
            return _link(place, member, "first", url_for("sign_in.join", token=token, _external=True))
        except PortalError as error:
            form.refuse(error)
    return _sheet("orgs/member_new.html", "orgs/_member_new", form)


@pages.route("/o/<org_slug>/members/<uuid:uid>/role", methods=["GET", "POST"])
@inside("admin")
def role(place: Place, uid: object) -> Response:
    member = membership_by_uid(db.session(), place.organization, str(uid))
    form = RoleForm(data={"role": member.role})
    if form.validate_on_submit():
        try:
            service.change_role(db.session(), place.organization, member.uid, form.role.data, place.actor, granting=place.role)
            return finish(_list(place), f"{member.user.name} is {form.role.data} now. It holds from the next page on.")
        except PortalError as error:
            form.refuse(error)
    return _sheet("orgs/member_role.html", "orgs/_member_role", form, member=member)


@pages.post("/o/<org_slug>/members/<uuid:uid>/remove")
@inside("admin")
def remove(place: Place, uid: object) -> Response:
    """They are signed out at once. Whoever removes themselves has nothing to see here any more."""
    member = service.remove_member(db.session(), place.organization, str(uid), place.actor, granting=place.role)
    message = f"{member.user.name} was removed and signed out."
    if member.user_id == place.user.id:
        toast(f"You left {place.organization.name}.")
        return redirect_to("/")
    return finish(_list(place), message)


@pages.post("/o/<org_slug>/members/wallets/<uuid:wallet_uid>/remove")
@inside("admin")
def remove_wallet(place: Place, wallet_uid: object) -> Response:
    name = wallet_service.remove_either(db.session(), place.organization, str(wallet_uid), place.actor, granting=place.role)
    return finish(_list(place), f"{name} was removed. Its next call is refused.")


@pages.route("/o/<org_slug>/members/<uuid:uid>/link", methods=["GET", "POST"])
@inside("admin")
def link(place: Place, uid: object) -> Response:
    """A new password link in place of one that was lost or has expired."""
    member = membership_by_uid(db.session(), place.organization, str(uid))
    form = Form()
    if form.validate_on_submit():
        try:
            member, token = invitations.renew(db.session(), place.organization, member.uid, place.actor, place.role)
            return _link(place, member, "first", url_for("sign_in.join", token=token, _external=True))
        except PortalError as error:
            form.refuse(error)
    return _sheet("orgs/member_link.html", "orgs/_member_link", form, member=member)


@pages.route("/o/<org_slug>/members/<uuid:uid>/reset", methods=["GET", "POST"])
@inside("admin")
def reset(place: Place, uid: object) -> Response:
    """A link with which a member who forgot their password sets a new one."""
    member = membership_by_uid(db.session(), place.organization, str(uid))
    form = Form()
    if form.validate_on_submit():
        try:
            member, token = resets.reset_for_member(
                db.session(), place.organization, member.uid, place.actor, place.user, place.role
            )
            return _link(place, member, "reset", url_for("resets.show", token=token, _external=True))
        except PortalError as error:
            form.refuse(error)
    return _sheet("orgs/member_reset.html", "orgs/_member_reset", form, member=member)


def _link(place: Place, member: Membership, kind: str, url: str) -> Response:
    """The link, shown once, and mailed where there is a server for it."""
    hours = int(password_links.LIFE[kind].total_seconds() // 3600)
    page, part = "orgs/member_added.html", "orgs/_member_added.html"
    mailed = _mail(place, member, kind, url, hours)
    return render(page, part, member=member, kind=kind, link=url, done_url=_list(place), hours=hours, mailed=mailed)


def _mail(place: Place, member: Membership, kind: str, url: str, hours: int) -> bool:
    """Was the link mailed too? Its host is our own as the settings have it, whatever name the request was sent to."""
    send = current_app.extensions.get("send_mail")
    if send is None:
        return False
    own = str(current_app.config["SETTINGS"].base_url).rstrip("/") + urlsplit(url).path
    said = {"organization": place.organization.name, "by": place.user.name, "role": member.role, "hours": hours, "url": own}
    return bool(send(db.session(), place.organization, MAILS[kind], member.user.email, said))


def _sheet(page: str, part: str, form: Form, **context: object) -> Response:
    """The drawer's content at first, the form alone when it comes back."""
    failed = form.is_submitted()
    fragment = f"{part}_form.html" if failed else f"{part}.html"
    return render(page, fragment, 422 if failed else 200, form=form, role_words=ROLE_WORDS, **context)


def _above(place: Place) -> str:
    """The name of the organization above, whose members reach this one too; "" for those who may not know of it."""
    parent_id = place.organization.parent_id
    if parent_id is None or role_in(db.session(), place.user.id, parent_id) is None:
        return ""
    return db.session().get_one(Organization, parent_id).name


def _list(place: Place) -> str:
    return url_for("members.index", org_slug=place.organization.slug)

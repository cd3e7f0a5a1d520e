"""Saved views of a list: its filters, order and columns under a name."""

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.audit.service import Actor, record
from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.kernel.ids import new_uid
from portal.web.tables import CONTROLS
from portal.web.texts import one_line

LONGEST_NAME, LONGEST_QUERY, MOST_PARAMETERS = 60, 2_000, 40
MOST_VIEWS = 30  # of one person and one list
READ = 500
LIST_NAME = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)


class SavedView(Model):
    """`list` is the name of the table, `query` the query string that shows the view. One belongs to the person who saved
    it; a `shared` one is offered to everybody in the organization."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint(
            "org_id", "user_id", "list", "name", info={"field": "name", "says": "You have a view of that name. Choose another."}
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    list: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def views_of(session: Session, org_id: int, user_id: int) -> Sequence[SavedView]:
    """The person's own views of every list and those shared with them, by name. One statement."""
    mine = or_(SavedView.user_id == user_id, SavedView.shared)
    query = select(SavedView).where(SavedView.org_id == org_id, mine)
    return session.scalars(query.order_by(func.lower(SavedView.name), SavedView.id).limit(READ)).all()


def view_by_uid(session: Session, org_id: int, user_id: int, uid: str) -> SavedView:
    """A view that the person sees. Raises NotFound."""
    mine = or_(SavedView.user_id == user_id, SavedView.shared)
    view = session.scalar(select(SavedView).where(SavedView.org_id == org_id, SavedView.uid == uid, mine))
    if view is None:
        raise NotFound("Saved view not found.")
    return view


def canonical(query: str) -> str:
    """A list's query string as it is kept: without the page and the format, each parameter once. Raises Invalid."""
    if len(query) > LONGEST_QUERY:
        raise Invalid("query", f"These filters have {len(query):,} characters; a view keeps {LONGEST_QUERY:,}.")
    try:
        pairs = parse_qsl(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Invalid("query", f"A view keeps at most {MOST_PARAMETERS} filters.") from None
    kept = {name: value for name, value in pairs if name not in ("page", "format") and not CONTROLS.search(name + value)}
    return urlencode(kept)


def save_view(
    session: Session, org_id: int, user_id: int, actor: Actor, *, list: str, name: str, query: str, shared: bool
) -> SavedView:
    """Keep a view of a list under a name. Raises Invalid for a name or query that does not do, Conflict for the same name
    twice and for one view too many."""
    if not LIST_NAME.fullmatch(list):
        raise Invalid("list", "That is the name of no list. Open the list and save the view there.")
    mine = (SavedView.org_id == org_id, SavedView.user_id == user_id, SavedView.list == list)
    if (session.scalar(select(func.count()).select_from(SavedView).where(*mine)) or 0) >= MOST_VIEWS:
        raise Conflict(f"You have {MOST_VIEWS} views of this list, which is the most. Delete one first.")
    view = SavedView(
        org_id=org_id,
        user_id=user_id,
        list=list,
        name=one_line("name", name, 1, LONGEST_NAME),
        query=canonical(query),
        shared=shared,
    )
    _check_name(session, view)
    session.add(view)
    session.flush()
    record(session, org_id, actor, "saved_view.created", _subject(view), None, _told(view))
    return view


def change_view(session: Session, view: SavedView, actor: Actor, *, name: str, shared: bool, query: str | None = None) -> None:
    """Rename a view, share it or not, and with `query` let it show something else. Raises as `save_view` does."""
    before = _told(view)
    view.name, view.shared = one_line("name", name, 1, LONGEST_NAME), shared
    if query is not None:
        view.query = canonical(query)
    with session.no_autoflush:
        _check_name(session, view)
    session.flush()
    record(session, view.org_id, actor, "saved_view.changed", _subject(view), before, _told(view))


def delete_view(session: Session, view: SavedView, actor: Actor) -> None:
    record(session, view.org_id, actor, "saved_view.deleted", _subject(view), _told(view), None)
    session.delete(view)
    session.flush()


def _check_name(session: Session, view: SavedView) -> None:
    same = (SavedView.org_id == view.org_id, SavedView.user_id == view.user_id, SavedView.list == view.list)
    taken = select(SavedView.id).where(*same, SavedView.name == view.name)
    if session.scalar(taken.where(SavedView.id != view.id) if view.id else taken) is not None:
        raise Invalid("name", "You have a view of that name. Choose another.")


def _subject(view: SavedView) -> tuple[str, object, str]:
    return ("saved_view", view.uid, view.name)


def _told(view: SavedView) -> dict[str, object]:
    return {"list": view.list, "name": view.name, "query": view.query, "shared": view.shared}

"""One act on many competitions: each by itself, so that one refusal leaves the others done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions.model import Competition, competitions_of
from portal.competitions.service import cancel_competition, delete_draft, open_registration
from portal.kernel.errors import PortalError

MOST = 200


@dataclass(frozen=True)
class Many:
    """`label` is the button's, `done` what is said of those it worked on. `asks`: what to agree to first, "" for nothing."""

    verb: str
    label: str
    done: str
    act: Callable[[Session, Competition, Actor], None]
    asks: str = ""


@dataclass(frozen=True)
class Done:
    """`uid` is "" where the competition is gone. `refused` says why nothing was done, "" where it was."""

    title: str
    uid: str
    refused: str = ""


MANY = {
    "open": Many("open", "Open registration", "open for registration", open_registration),
    "cancel": Many(
        "cancel",
        "Cancel competitions",
        "canceled",
        cancel_competition,
        "They end for good. What was played stays readable; nobody gets a place or a prize. This cannot be undone.",
    ),
    "delete": Many(
        "delete",
        "Delete drafts",
        "deleted",
        delete_draft,
        "Drafts are gone for good, with their terms and registration pages. Whatever was opened is refused.",
    ),
}


def chosen(session: Session, org_id: int, uids: Sequence[str]) -> list[Competition]:
    """Those of the organization among `uids`, in the order in which they were created, so that locks are taken in one
    order; at most MOST."""
    wanted = set(uids[:MOST])
    return list(session.scalars(competitions_of(org_id).where(Competition.uid.in_(wanted)).order_by(Competition.id)))


def do_to_many(session: Session, competitions: Sequence[Competition], actor: Actor, what: Many) -> list[Done]:
    """Each in a savepoint of its own; in the order they came."""
    named = [(competition, competition.title, competition.uid) for competition in competitions]
    return [_do(session, *each, actor, what) for each in named]


def _do(session: Session, competition: Competition, title: str, uid: str, actor: Actor, what: Many) -> Done:
    try:
        with session.begin_nested():
            what.act(session, competition, actor)
    except PortalError as error:
        return Done(title, uid, error.message)
    return Done(title, "" if what.verb == "delete" else uid)

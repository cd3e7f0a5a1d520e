"""Working on a theme: draft, publish, bring back an older one, upload pictures."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.branding.images import redrawn
from portal.branding.look import Look, changed, is_uploaded, verdicts
from portal.branding.model import (
    INHERITED,
    BrandImage,
    ThemeDraft,
    ThemeVersion,
    has_image,
    newest,
    published,
    shown_theme,
    version_by_number,
)
from portal.branding.stylesheet import digest_of, stylesheet
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid, Unprocessable
from portal.orgs.model import Organization
from portal.outbox.emit import emit

PICTURES = ("logo", "favicon")


def working_look(session: Session, org: Organization) -> Look:
    """What the editor shows: the draft, else what players see, which may be the theme of an organization above."""
    shown = session.get(ThemeDraft, org.id) or shown_theme(session, org.id)
    return Look.of(shown.look) if shown else Look()


def published_look(session: Session, org: Organization) -> Look:
    """The organization's own published theme, or the defaults."""
    version = published(session, org)
    return Look.of(version.look) if version else Look()


def save_draft(session: Session, org: Organization, actor: Actor, changes: Mapping[str, Any], clock: Clock = utc_now) -> Look:
    """Change the draft, or begin one on top of what is published; what equals the published theme is no draft. Raises Invalid."""
    _held(session, org)
    look = _checked(session, org, working_look(session, org), changes)
    draft = session.get(ThemeDraft, org.id)
    version = published(session, org)
    if version is not None and Look.of(version.look) == look:
        if draft is not None:
            session.delete(draft)
    elif draft is None:
        session.add(ThemeDraft(org_id=org.id, look=look.values(), updated_at=clock(), actor_label=actor.label[:200]))
    else:
        draft.look, draft.updated_at, draft.actor_label = look.values(), clock(), actor.label[:200]
    session.flush()
    return look


def discard_draft(session: Session, org: Organization) -> None:
    """Back to what is published."""
    draft = session.get(ThemeDraft, org.id)
    if draft is not None:
        session.delete(draft)
        session.flush()


def publish_draft(
    session: Session, org: Organization, actor: Actor, *, although_failing: bool = False, clock: Clock = utc_now
) -> ThemeVersion:
    """Players see the draft from now on. Raises Conflict without one, Unprocessable where a pair of colours fails and the
    person has not said that it shall be so."""
    _held(session, org)
    draft = session.get(ThemeDraft, org.id)
    if draft is None:
        raise Conflict("There is nothing to publish: the theme is as players see it already.")
    look = Look.of(draft.look)
    failing = [verdict.says for verdict in verdicts(look) if not verdict.passes]
    if failing and not although_failing:
        raise Unprocessable(
            "although_failing",
            f"{_listed(failing)} cannot be read well by everybody. Use the colours offered, or tick that you publish anyway.",
        )
    session.delete(draft)
    return _publish(session, org, actor, look, clock)


def publish_changes(
    session: Session,
    org: Organization,
    actor: Actor,
    changes: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    clock: Clock = utc_now,
) -> ThemeVersion:
    """Publish the published theme with `changes` at once; a draft stays a draft. Raises Invalid, which calls a field by
    its name in `names`."""
    _held(session, org)
    look = _checked(session, org, published_look(session, org), changes, names)
    version = published(session, org)
    if version is not None and Look.of(version.look) == look:
        return version
    return _publish(session, org, actor, look, clock)


def roll_back(session: Session, org: Organization, actor: Actor, number: int, clock: Clock = utc_now) -> ThemeVersion:
    """Publish an older version again, as a new one; a draft stays a draft. Raises NotFound, and Conflict for the newest."""
    _held(session, org)
    older, last = version_by_number(session, org, number), newest(session, org)
    if last is not None and last.number == number:
        raise Conflict("Players see this version already.")
    if older.restores == INHERITED:
        raise Conflict("This version is the theme of the organization above. Use that one instead.")
    return _publish(session, org, actor, Look.of(older.look), clock, restores=number)


def inherit_again(session: Session, org: Organization, actor: Actor, clock: Clock = utc_now) -> int:
    """Players see the theme of the organization above again; the number of the version that they saw until now. A draft
    stays a draft. Raises Conflict without an organization above, or without a theme of one's own."""
    _held(session, org)
    before = published(session, org)
    if org.parent_id is None:
        raise Conflict("There is no organization above whose theme could be used.")
    if before is None:
        raise Conflict("Players see the theme of the organization above already.")
    _publish(session, org, actor, Look(), clock, restores=INHERITED)
    return before.number


def set_picture(session: Session, org: Organization, actor: Actor, which: str, data: bytes) -> Look:
    """Draw an uploaded picture anew, keep it, and put it into the draft. Raises Invalid."""
    picture = redrawn(which, data)
    if session.get(BrandImage, (org.id, picture.digest)) is None:
        kept = {"digest": picture.digest, "width": picture.width, "height": picture.height, "data": picture.data}
        session.add(BrandImage(org_id=org.id, **kept))
        session.flush()
    return save_draft(session, org, actor, {which: picture.digest})


def _publish(
    session: Session, org: Organization, actor: Actor, look: Look, clock: Clock, restores: int | None = None
) -> ThemeVersion:
    before, css = newest(session, org), stylesheet(look)
    version = ThemeVersion(
        org_id=org.id,
        number=before.number + 1 if before else 1,
        look=look.values(),
        css=css,
        digest=digest_of(css),
        restores=restores,
        published_at=clock(),
        actor_kind=actor.kind,
        actor_id=actor.id[:64],
        actor_label=actor.label[:200],
    )
    session.add(version)
    session.flush()
    subject = ("theme", version.number, f"Theme {version.number}")
    record(session, org.id, actor, "theme.published", subject, before.look if before else {}, look.values())
    emit(session, org.id, "theme.published", org.uid, {"organization_id": org.uid, "version": version.number})
    return version


def _checked(
    session: Session,
    org: Organization,
    look: Look,
    changes: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> Look:
    look = changed(look, changes, names)
    for which in PICTURES:
        picture = getattr(look, which)
        if which in changes and is_uploaded(picture) and not has_image(session, org, str(picture)):
            field = (names or {}).get(which, which)
            raise Invalid(field, f"{field} names a picture that is not here. Upload it again.")
    return look


def _held(session: Session, org: Organization) -> None:
    """One change of a theme at a time."""
    session.execute(select(Organization.id).where(Organization.id == org.id).with_for_update(key_share=True))


def _listed(sentences: list[str]) -> str:
    first, *rest = sentences
    words = [first, *(sentence[0].lower() + sentence[1:] for sentence in rest)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

"""What the embed builder works with: the form, what it makes, and why a site may not show it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, RadioField, SelectField

from portal.branding.sites import site_of
from portal.competitions.embed_code import TITLES, USUAL_HEIGHT, Embed, views_of
from portal.competitions.model import Competition, Match
from portal.orgs.embed_sites import sites_of
from portal.orgs.model import Organization
from portal.web.forms import Between, Form, Optional, Required, choices_of

THEMES = [("auto", "As the visitor's device asks"), ("light", "Light"), ("dark", "Dark")]
SIZES = [("grow", "Grow with the content"), ("fixed", "Fixed height")]


class EmbedForm(Form):
    """Its state is the page's address."""

    competition = HiddenField()
    view = SelectField("View", choices=[])
    number = IntegerField("Match number", [Optional(), Between(1, 1_000_000)])
    theme = RadioField("Theme", choices=THEMES, default="auto")
    size = RadioField("Size", choices=SIZES, default="grow")
    width = IntegerField("Width", [Optional(), Between(200, 4_000, "pixels")])
    height = IntegerField("Height", [Required("Write a height in pixels."), Between(100, 4_000, "pixels")], default=USUAL_HEIGHT)


@dataclass(frozen=True)
class Built:
    """What the builder shows: `embed` is None while a field is wrong."""

    form: EmbedForm
    embed: Embed | None


def built(session: Session, org: Organization, competition: Competition, values: Mapping[str, str]) -> Built:
    """What the address asks for, checked. Two statements, three with a match."""
    views = views_of(started(competition), competition.format)
    views = [*views, "match"] if len(views) > 1 else views
    asked = {name: value for name, value in values.items() if name in EmbedForm(formdata=None)._fields}
    form = EmbedForm(formdata=MultiDict(_filled(asked, views)))
    form.view.choices = choices_of([(name, "One match" if name == "match" else TITLES[name]) for name in views])
    good = form.validate()
    match = _match(session, competition, form) if good and form.view.data == "match" else ""
    if form.errors:
        return Built(form, None)
    view = "" if form.view.data == views[0] else str(form.view.data)
    embed = Embed(
        site_of(session, org),
        org.slug,
        competition.uid,
        competition.title,
        theme=str(form.theme.data),
        view=view,
        match=match,
        grows=form.size.data == "grow",
        width=str(form.width.data or "100%"),
        height=int(form.height.data or USUAL_HEIGHT),
    )
    return Built(form, embed)


def started(competition: Competition) -> bool:
    return competition.started_at is not None and competition.status not in ("draft", "registration")


def hindrance(competition: Competition) -> str:
    """Why sites show something else than people may expect; "" where nothing is in the way."""
    if competition.visibility == "private":
        return "This competition is private: sites show “There is no such competition” until it is unlisted or public."
    if competition.status == "draft":
        return "This competition is a draft: sites show its title and that it is not open yet. They follow by themselves."
    return ""


def allowed_sites(org: Organization) -> tuple[str, ...]:
    """The sites that may show it; none for any."""
    return sites_of(org.embed_sites)


def _filled(asked: dict[str, str], views: list[str]) -> dict[str, str]:
    """Every field has a value: an address with nothing but the competition is a form nobody has touched."""
    return {"view": views[0], "theme": "auto", "size": "grow", "height": str(USUAL_HEIGHT)} | asked


def _match(session: Session, competition: Competition, form: EmbedForm) -> str:
    """The uid of the match with that number; beside the field where there is none."""
    if form.number.data is None:
        form.number.errors = ["Write the number of the match, as the lists of matches show it."]
        return ""
    mine = Match.competition_id == competition.id, Match.number == form.number.data
    found = session.scalar(select(Match.uid).where(*mine))
    if found is None:
        form.number.errors = [f"There is no match {form.number.data:,} in this competition."]
    return found or ""

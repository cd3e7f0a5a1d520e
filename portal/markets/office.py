"""The lists of offers and settlements in the back office, and the forms about an offer."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased
from wtforms import SelectField, StringField, TextAreaField

from portal.competitions.model import Competition, Entry, Match
from portal.kernel.errors import Invalid
from portal.markets.model import MATCH_WINNER, Offer, Settlement
from portal.markets.service import MOST_REASON
from portal.markets.terms import MOST_LABEL, Draft, Outcome, check_once
from portal.players.model import Team
from portal.web.forms import Form, Length, Optional, Required
from portal.web.tables import Badge, Choice, Column, Search, Table

STATES = {
    "open": Badge("Open", "live"),
    "suspended": Badge("Suspended", "warning"),
    "settled": Badge("Settled", "done"),
    "voided": Badge("Voided", "draft"),
}
WHO = {"engine": "The result", "system": "Tiltyard", "admin": "An admin"}
_CHOICES = [(state, badge.word) for state, badge in STATES.items()]
_A, _B, _TEAM_A, _TEAM_B = aliased(Entry), aliased(Entry), aliased(Team), aliased(Team)
_NAMES = (func.coalesce(_TEAM_A.name, _A.wallet), func.coalesce(_TEAM_B.name, _B.wallet))


def offers_with_matches(competition: Competition) -> Select[Any]:
    """The competition's offers with the numbers of their matches and the names on their sides."""
    query = select(Offer, Match.number, _NAMES[0].label("a"), _NAMES[1].label("b")).where(Offer.competition_id == competition.id)
    return _with_sides(query.outerjoin(Match, Match.uid == Offer.match_uid))


def steps_with_matches(competition: Competition) -> Select[Any]:
    """The competition's part of the settlement log."""
    query = select(Settlement, Offer, Match.number, _NAMES[0].label("a"), _NAMES[1].label("b"))
    query = query.join(Offer, Offer.id == Settlement.offer_id).where(Settlement.competition_id == competition.id)
    return _with_sides(query.outerjoin(Match, Match.uid == Settlement.match_uid))


def match_of(row: Any) -> str:
    """The match of a row in words."""
    return f"{row.number}. {row.a or 'nobody'} – {row.b or 'nobody'}" if row.number else "A match that fell away"


def prices_of(offer: Offer) -> str:
    """Outcomes and prices on one line; the one that won is named."""
    return " · ".join(
        f"{each['label']} {each['price']}{' (won)' if each['key'] == offer.winner else ''}" for each in offer.outcomes
    )


def winner_of(offer: Offer, key: str | None) -> str:
    """What people call an outcome."""
    return next((each["label"] for each in offer.outcomes if each["key"] == key), key or "")


OFFERS = Table(
    "offers",
    [
        Column("match", "Match", value=match_of, sort=Match.number, pinned=True),
        Column("label", "Market", value=lambda row: row.Offer.label, sort=func.lower(Offer.label)),
        Column("status", "Status", value=lambda row: STATES[row.Offer.status], sort=Offer.status, kind="badge"),
        Column("prices", "Prices", value=lambda row: prices_of(row.Offer)),
        Column("settled_by", "Decided by", value=lambda row: WHO.get(row.Offer.settled_by or ""), sort=Offer.settled_by),
        Column("updated_at", "Changed", value=lambda row: row.Offer.updated_at, sort=Offer.updated_at, kind="time"),
        Column("created_at", "Posted", value=lambda row: row.Offer.created_at, sort=Offer.created_at, kind="time", shown=False),
        Column("uid", "Id", value=lambda row: row.Offer.uid, kind="id", shown=False),
    ],
    filters=[
        Search([Offer.label, *_NAMES], label="Market or name"),
        Choice("status", "Status", _CHOICES, column=Offer.status),
    ],
    order="match",
    noun=("offer", "offers"),
    unique=Offer.id,
)
STEPS = Table(
    "settlements",
    [
        Column("number", "Number", value=lambda row: row.Settlement.number, sort=Settlement.number, kind="number", pinned=True),
        Column("created_at", "At", value=lambda row: row.Settlement.created_at, sort=Settlement.created_at, kind="time"),
        Column("match", "Match", value=match_of, sort=Match.number),
        Column("label", "Market", value=lambda row: row.Offer.label, sort=func.lower(Offer.label)),
        Column("previous", "From", value=lambda row: STATES[row.Settlement.previous_status], kind="badge"),
        Column("status", "To", value=lambda row: STATES[row.Settlement.new_status], sort=Settlement.new_status, kind="badge"),
        Column("outcome", "Won", value=lambda row: winner_of(row.Offer, row.Settlement.outcome)),
        Column("settled_by", "By", value=lambda row: WHO[row.Settlement.settled_by], sort=Settlement.settled_by),
        Column(
            "again",
            "Anew",
            value=lambda row: "Yes" if row.Settlement.is_resettlement else "",
            sort=Settlement.is_resettlement,
            shown=False,
        ),
        Column("reason", "Why", value=lambda row: row.Settlement.reason),
        Column("actor", "Who", value=lambda row: row.Settlement.actor, sort=Settlement.actor, shown=False),
        Column("offer", "Offer", value=lambda row: row.Offer.uid, kind="id", shown=False),
    ],
    filters=[
        Search([Offer.label, *_NAMES], label="Market or name"),
        Choice("status", "To", _CHOICES, column=Settlement.new_status),
    ],
    order="-number",
    noun=("settlement", "settlements"),
    unique=Settlement.id,
)


class WinnersForm(Form):
    a = StringField("Price of the first side", [Required("Write a price such as 1.90."), Length(12)], default="1.90")
    b = StringField("Price of the second side", [Required("Write a price such as 1.90."), Length(12)], default="1.90")
    draw = StringField("Price of a draw", [Optional(), Length(12)])

    def prices(self) -> dict[str, str]:
        return {name: self[name].data for name in ("a", "b", "draw") if name in self and self[name].data}


class OfferForm(Form):
    match = SelectField("Match", [Required("Choose a match.")])
    type = StringField("Type", [Required("Write a type such as match_winner."), Length(40)], default=MATCH_WINNER)
    label = StringField("Name", [Optional(), Length(MOST_LABEL)])
    outcomes = TextAreaField("Outcomes", [Required("Write an outcome on each line."), Length(4_000)], default="a 1.90\nb 1.90")

    def draft(self) -> Draft:
        """Raises Invalid naming the line."""
        outcomes = tuple(Outcome(key, price, label) for key, price, label in lines_of(self.outcomes.data))
        return Draft(self.type.data, outcomes, self.label.data or "")


class PricesForm(Form):
    outcomes = TextAreaField("Prices", [Required("Write a key and a price on each line."), Length(4_000)])

    def prices(self) -> dict[str, str]:
        """Raises Invalid naming the line."""
        found = lines_of(self.outcomes.data)
        check_once("outcomes", [key for key, _, _ in found])
        return {key: price for key, price, _ in found}


class SettleForm(Form):
    outcome = SelectField("What won", [Required("Choose an outcome.")])
    reason = StringField("Why", [Optional(), Length(MOST_REASON)])


class VoidForm(Form):
    reason = StringField("Why", [Optional(), Length(MOST_REASON)])


def lines_of(text: str) -> list[tuple[str, str, str]]:
    """Key, price and, where it is there, label of each line. Raises Invalid naming the line that is no such."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split(maxsplit=2)
        if not parts:
            continue
        if len(parts) == 1:
            raise Invalid("outcomes", f"Line {number} has no price. Write a key and a price, such as: a 1.85")
        found.append((parts[0], parts[1], parts[2] if len(parts) > 2 else ""))
    return found


def _with_sides(query: Any) -> Select[Any]:
    query = query.outerjoin(_A, _A.id == Match.a_id).outerjoin(_B, _B.id == Match.b_id)
    joined: Select[Any] = query.outerjoin(_TEAM_A, _TEAM_A.id == _A.team_id).outerjoin(_TEAM_B, _TEAM_B.id == _B.team_id)
    return joined

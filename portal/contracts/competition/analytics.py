"""Competition API, "Analytics" (competition-api.txt)."""

from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.analytics.figures import Figures, Top, figures
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Who, standing_by_uid
from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.web.describe import Query, Shape, describe, read_query


class AnalyticsQuery(Query):
    org_id: str = Field(description="Organization ID.", examples=["f47ac10b-58cc-4372-a567-0e02b2c3d479"])


class ByStatusShape(Shape):
    draft: int
    registration: int
    active: int
    completed: int
    canceled: int


class CompetitionsShape(Shape):
    total: int
    by_status: ByStatusShape
    by_type: dict[str, int]


class DayShape(Shape):
    date: str
    count: int


class RegistrationsShape(Shape):
    total: int
    unique_wallets: int
    trend: list[DayShape]


class MatchesShape(Shape):
    total: int
    completed: int
    pending: int
    avg_score_a: float
    avg_score_b: float


class TopParticipantShape(Shape):
    wallet: str
    wins: int
    losses: int
    winrate: float
    competitions_entered: int


class TopTeamShape(Shape):
    team_id: str
    team_name: str
    wins: int
    losses: int
    winrate: float
    competitions_entered: int


class AnalyticsShape(Shape):
    org_id: str
    period: Literal["all_time"]
    competitions: CompetitionsShape
    registrations: RegistrationsShape
    matches: MatchesShape
    top_participants: list[TopParticipantShape]
    top_teams: list[TopTeamShape]


@api.get("/api/v1/analytics")
@admit("analytics:read", signed=True)
@describe("Get an organization's figures", "Analytics", query=AnalyticsQuery, data=AnalyticsShape, errors=(404,))
def show_analytics(who: Who) -> Response:
    """Competitions, registrations, matches and the best, of all time."""
    session = db.session()
    org = standing_by_uid(session, who, parse_uid("org_id", read_query(AnalyticsQuery).org_id), "member").organization
    return answer({"org_id": org.uid, "period": "all_time"} | _shape(figures(session, org.id)))


def _shape(found: Figures) -> dict[str, Any]:
    trend = [{"date": day, "count": count} for day, count in found.trend]
    return {
        "competitions": {"total": found.competitions, "by_status": found.by_status, "by_type": found.by_type},
        "registrations": {"total": found.registrations, "unique_wallets": found.unique_wallets, "trend": trend},
        "matches": {name: getattr(found.matches, name) for name in MatchesShape.model_fields},
        "top_participants": [{"wallet": top.name} | _record(top) for top in found.top_wallets],
        "top_teams": [{"team_id": top.team_uid, "team_name": top.name} | _record(top) for top in found.top_teams],
    }


def _record(top: Top) -> dict[str, Any]:
    return {name: getattr(top, name) for name in ("wins", "losses", "winrate", "competitions_entered")}

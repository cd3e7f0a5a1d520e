"""The sections of the Competition API's page, in its order: importing one registers its routes."""

from portal.contracts.competition import (  # noqa: F401
    analytics,
    competitions,
    embed,
    keys,
    lifecycle,
    matches,
    members,
    offers,
    organizations,
    seasons,
    tables,
    teams,
    webhooks,
    whitelabel,
)
from portal.contracts.competition.blueprint import api

__all__ = ["api"]

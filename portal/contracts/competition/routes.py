"""The sections of the Competition API's page, in its order: importing one registers its routes."""

from portal.contracts.competition import (  # noqa: F401
    competitions,
    keys,
    lifecycle,
    matches,
    members,
    organizations,
    tables,
    teams,
)
from portal.contracts.competition.blueprint import api

__all__ = ["api"]

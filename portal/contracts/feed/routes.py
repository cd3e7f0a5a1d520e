"""The sections of the Feed API: importing one registers its routes."""

from portal.contracts.feed import catalogue, keys, matches, recovery, settlements  # noqa: F401
from portal.contracts.feed.blueprint import api

__all__ = ["api"]

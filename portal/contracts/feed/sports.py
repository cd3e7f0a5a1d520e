"""Where a sport's addresses begin: `/{sport}/v1/…`, for every name that no other room of the house has at that place."""

import re

from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

# First parts of other addresses. A test holds this list against all routes.
TAKEN = (
    ".well-known",
    "account",
    "api",
    "c",
    "docs",
    "domains",
    "embed",
    "join",
    "live",
    "o",
    "organizations",
    "p",
    "play",
    "reset",
    "static",
    "theme",
    "v1",
)
NAME = rf"(?!(?:{'|'.join(re.escape(name) for name in TAKEN)})(?![A-Za-z0-9-]))[A-Za-z0-9][A-Za-z0-9-]{{0,31}}"
PATHS = re.compile(rf"/{NAME}/v1(?:/|$)", re.ASCII)


class Sport(BaseConverter):
    """The name of a sport in an address."""

    regex = NAME


def register(state: BlueprintSetupState) -> None:
    """Make `<sport:…>` known to the application, before routes that use it."""
    state.app.url_map.converters["sport"] = Sport

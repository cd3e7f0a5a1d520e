"""What players see, with made-up content: the pages that the theme editor shows beside its form.

The pages belong to rooms above. `create_app` gathers them in `app.extensions["surfaces"]`, by the name in their address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from portal.branding.brand import Brand
from portal.branding.look import Look
from portal.orgs.model import Organization


@dataclass(frozen=True)
class Worn:
    """What a preview is dressed in: the draft as values and as a brand; `scheme` is light, dark or "" for the device's."""

    organization: Organization
    look: Look
    brand: Brand
    scheme: str = ""


@dataclass(frozen=True)
class Drawn:
    """A page, and what its content security policy needs besides the brand's pictures."""

    html: str
    policy: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Surface:
    """One kind of page: how the editor calls it, and what draws it through its real template."""

    label: str
    draw: Callable[[Worn], Drawn]


def surfaces() -> dict[str, Surface]:
    """Every surface there is, the first shown first."""
    return cast(dict[str, Surface], current_app.extensions["surfaces"])

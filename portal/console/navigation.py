"""The side navigation: one table. A page that does not exist, or that the person may not open, is not in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from portal.mail.service import can_send
from portal.orgs.access import Place


@dataclass(frozen=True)
class Page:
    """`also`: beginnings of endpoints that belong to this page, so that it is marked on them too."""

    label: str
    endpoint: str
    icon: str
    also: tuple[str, ...] = ()
    words: str = ""  # what else people look for it by
    role: str = "member"


GROUPS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    ("", (Page("Overview", "console.overview", "layout-dashboard", words="home dashboard first steps"),)),
    (
        "Compete",
        (
            Page(
                "Competitions",
                "competitions.index",
                "trophy",
                ("competitions.", "entrants.", "play.", "registering."),
                "tournaments cups leagues brackets matches results check-in",
            ),
            Page("Seasons", "seasons.index", "calendar", ("seasons.",), "weighted standings circuit"),
            Page("Teams", "teams.index", "users-group", ("teams.", "rosters.", "captains."), "rosters captains"),
            Page("Players", "players.index", "user", ("players.",), "wallets history people"),
            Page("Analytics", "analytics.index", "chart-bar", ("analytics.",), "charts figures trend top"),
        ),
    ),
    (
        "Play",
        (
            Page("Session links", "session_tokens.index", "link", ("session_tokens.",), "one-time tokens players qr"),
            Page("Games and streams", "catalog.games", "device-gamepad-2", ("catalog.",), "providers catalogue launch"),
        ),
    ),
    (
        "Connect",
        (
            Page("API keys", "keys.index", "key", ("keys.",), "tokens scopes rotate secret credentials"),
            Page("Webhooks", "webhooks.index", "webhook", ("webhooks.",), "events deliveries endpoints log signature doctor"),
            Page("Event feeds", "transports.index", "rss", ("transports.",), "amqp rabbitmq sqs aws queue broker transports"),
            Page("API reference", "reference.index", "api", (), "docs explorer openapi samples curl try changelog"),
        ),
    ),
    (
        "Brand",
        (
            Page("Theme", "branding.index", "photo", ("branding.",), "colours logo css white label", "admin"),
            Page("Embeds", "embeds.index", "code", ("embeds.",), "iframe widget script site wordpress"),
            Page("Domain", "domains.index", "world", ("domains.",), "dns cname txt host name certificate", "admin"),
        ),
    ),
    (
        "Organization",
        (
            Page("Settings", "orgs.settings", "settings", ("orgs.",), "allowlist ip address limits currency concurrency"),
            Page("Members", "members.index", "users", ("members.",), "people roles team invite"),
            Page("Agents", "agents.index", "sitemap", ("agents.",), "sub-agents operators tree"),
            Page("Mail", "mail.index", "mail", ("mail.",), "messages e-mail sent given up reminders", "admin"),
            Page("Audit log", "audit.index", "history", (), "history changes who", "admin"),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Action:
    """Something to do that has a page of its own, for the palette. `values` go into its address."""

    label: str
    endpoint: str
    group: str
    words: str = ""
    role: str = "admin"
    values: tuple[tuple[str, str], ...] = ()


ACTIONS = (
    Action("New competition", "competitions.create.new", "Competitions", "create add cup league ladder swiss tournament bracket"),
    Action("Create team", "teams.new", "Teams", "new add roster"),
    Action("Create season", "seasons.new", "Seasons", "new add"),
    Action("Create session link", "session_tokens.new", "Session links", "new add one-time"),
    Action("Create many session links", "session_tokens.batches.new", "Session links", "new add upload csv"),
    Action("Issue key", "keys.new", "API keys", "new create add secret token"),
    Action("Switch on event feed", "transports.new", "Event feeds", "new create amqp rabbitmq sqs aws queue"),
    Action("Add webhook", "webhooks.new", "Webhooks", "new create endpoint"),
    Action("Add game", "catalog.new", "Games and streams", "new create", values=(("shelf", "games"),)),
    Action("Add stream", "catalog.new", "Games and streams", "new create", values=(("shelf", "streams"),)),
    Action("Add member", "members.new", "Members", "new invite person colleague"),
    Action("Create agent", "agents.new", "Agents", "new add sub-agent"),
)


def actions_of(place: Place) -> Iterator[tuple[Action, str]]:
    """(action, its address) of those that exist and that the person may do here."""
    for action in ACTIONS:
        if action.endpoint in current_app.view_functions and place.may(action.role) and _has(place, action.endpoint):
            values: dict[str, Any] = dict(action.values)
            yield action, url_for(action.endpoint, org_slug=place.organization.slug, **values)


def pages_of(place: Place) -> Iterator[tuple[str, Page]]:
    """(group, page) of every page that exists and makes sense in this organization."""
    for group, pages in GROUPS:
        for page in pages:
            if page.endpoint in current_app.view_functions and _fits(place, page):
                yield group, page


def navigation(place: Place) -> list[dict[str, object]]:
    """The groups as the side bar draws them, the present page marked."""
    groups: dict[str, list[dict[str, object]]] = {}
    for group, page in pages_of(place):
        groups.setdefault(group, []).append(
            {"label": page.label, "url": url_of(place, page), "icon": page.icon, "current": _is_here(page)}
        )
    return [{"label": label, "items": items} for label, items in groups.items()]


def url_of(place: Place, page: Page) -> str:
    """In this organization; the API reference is the same for all of them."""
    if not current_app.url_map.is_endpoint_expecting(page.endpoint, "org_slug"):
        return url_for(page.endpoint)
    return url_for(page.endpoint, org_slug=place.organization.slug)


def _fits(place: Place, page: Page) -> bool:
    return place.may(page.role) and _has(place, page.endpoint)


def _has(place: Place, endpoint: str) -> bool:
    """An agent has no agents of its own, and without a server there is no mail."""
    if endpoint.startswith("mail."):
        return can_send()
    return not endpoint.startswith("agents.") or place.organization.level == "operator"


def _is_here(page: Page) -> bool:
    return request.endpoint == page.endpoint or bool(page.also and (request.endpoint or "").startswith(page.also))

"""Tiltyard, put together. `create_app` is a table of contents: what exists, and who is plugged into whom."""

import os

from flask import Flask
from sqlalchemy.engine import make_url

import portal.mail.model
import portal.markets.model
import portal.registration.model
import portal.webhooks.model
from portal import cli, preflight
from portal.admission import guard
from portal.analytics.pages import pages as analytics_pages
from portal.branding import hosts
from portal.branding.domain_pages import pages as domain_pages
from portal.branding.domain_pages import questions as domain_questions
from portal.branding.files import pages as branding_files_pages
from portal.branding.pages import pages as branding_pages
from portal.catalog.pages import pages as catalog_pages
from portal.competitions.entrants_map import pages as entrants_pages
from portal.competitions.pages import pages as competitions_pages
from portal.competitions.play_pages import pages as play_pages
from portal.competitions.team_entries import note_new_name
from portal.config import Settings
from portal.console import following_pages as following
from portal.console import shell
from portal.console.audit_pages import pages as console_audit_pages
from portal.console.captain_pages import pages as console_captain_pages
from portal.console.embed_pages import pages as embed_builder_pages
from portal.console.following_pages import pages as following_pages
from portal.console.pages import pages as console_pages
from portal.console.player_pages import pages as console_player_pages
from portal.console.roster_pages import pages as console_roster_pages
from portal.console.team_pages import pages as console_team_pages
from portal.contracts.agent.answers import ANSWERS as AGENT_ANSWERS
from portal.contracts.agent.routes import api as agent_api
from portal.contracts.competition.answers import ANSWERS as COMPETITION_ANSWERS
from portal.contracts.competition.routes import api as competition_api
from portal.contracts.feed.answers import ANSWERS as FEED_ANSWERS
from portal.contracts.feed.routes import api as feed_api
from portal.contracts.reference.pages import pages as reference_pages
from portal.contracts.session_tokens.answers import ANSWERS as SESSION_TOKENS_ANSWERS
from portal.contracts.session_tokens.routes import api as session_tokens_api
from portal.kernel import log
from portal.kernel.db import db, engine_options
from portal.keys.book import Book
from portal.keys.pages import pages as keys_pages
from portal.keys.usage import callers_of
from portal.mail.pages import pages as mail_pages
from portal.mail.previews import SURFACES as MAIL_SURFACES
from portal.mail.service import sent_too
from portal.markets import engine as market_engine
from portal.markets.pages import pages as offers_pages
from portal.orgs import signed_in, view_pages
from portal.orgs.account_pages import pages as orgs_account_pages
from portal.orgs.agent_pages import pages as orgs_agent_pages
from portal.orgs.member_pages import pages as orgs_member_pages
from portal.orgs.pages import pages as orgs_pages
from portal.orgs.reset_pages import pages as orgs_reset_pages
from portal.orgs.sign_in_pages import pages as orgs_sign_in_pages
from portal.orgs.view_pages import pages as orgs_view_pages
from portal.outbox.figures import figures as outbox_figures
from portal.paths import ROOT
from portal.public.answers import ANSWERS as PLAYER_ANSWERS
from portal.public.competition_answers import ANSWERS as COMPETITION_PAGE_ANSWERS
from portal.public.competition_pages import pages as public_competition_pages
from portal.public.embed_pages import pages as public_embed_pages
from portal.public.oembed import pages as public_oembed_pages
from portal.public.pages import pages as public_pages
from portal.public.player_pages import pages as public_player_pages
from portal.public.previews import SURFACES as PLAYER_SURFACES
from portal.public.registration_pages import pages as public_registration_pages
from portal.registration.messages import tell_promoted
from portal.registration.pages import pages as registration_pages
from portal.seasons import circuits
from portal.seasons.pages import pages as seasons_pages
from portal.seasons.service import note_standings
from portal.session_tokens.pages import pages as session_tokens_pages
from portal.session_tokens.service import revoke_by_key
from portal.transports.figures import figures as transport_figures
from portal.transports.pages import pages as transports_pages
from portal.web import csrf, errors, headers, render, request_id, throttle
from portal.web.health import pages as health_pages
from portal.web.metrics import pages as metrics_pages
from portal.web.transaction import PortalApp
from portal.webhooks.figures import figures as webhook_figures
from portal.webhooks.pages import pages as webhooks_pages

# Blueprints of JSON APIs and cookie-less pages exempt themselves from CSRF tokens.
BLUEPRINTS = (
    health_pages,
    metrics_pages,
    orgs_sign_in_pages,
    orgs_reset_pages,
    orgs_account_pages,
    orgs_pages,
    orgs_member_pages,
    mail_pages,
    orgs_agent_pages,
    orgs_view_pages,
    catalog_pages,
    branding_files_pages,
    branding_pages,
    domain_pages,
    domain_questions,
    keys_pages,
    webhooks_pages,
    session_tokens_pages,
    competitions_pages,
    play_pages,
    entrants_pages,
    offers_pages,
    analytics_pages,
    registration_pages,
    console_pages,
    console_audit_pages,
    following_pages,
    console_team_pages,
    console_roster_pages,
    console_captain_pages,
    console_player_pages,
    seasons_pages,
    transports_pages,
    embed_builder_pages,
    public_pages,
    reference_pages,
    public_competition_pages,
    public_embed_pages,
    public_registration_pages,
    public_player_pages,
    public_oembed_pages,
    competition_api,
    session_tokens_api,
    feed_api,
    agent_api,
)
CONTRACTS = (COMPETITION_ANSWERS, SESSION_TOKENS_ANSWERS, FEED_ANSWERS, AGENT_ANSWERS)


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, read from the environment when not given. Raises SettingError."""
    settings = settings or Settings.from_env(os.environ)
    log.configure(settings.log_level)
    app = PortalApp("portal", static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates"))
    app.config.update(_configuration(settings))
    app.debug = settings.debug
    app.json.sort_keys = False  # type: ignore[attr-defined]  # fields stand in the order of the contract's page
    if make_url(settings.database_url).drivername == "sqlite":
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    request_id.init_app(app)
    headers.init_app(app)
    hosts.init_app(app)
    guard.init_app(app, Book(app))
    throttle.init_app(app)
    csrf.init_app(app)
    render.init_app(app)
    errors.init_app(app, CONTRACTS, (PLAYER_ANSWERS, COMPETITION_PAGE_ANSWERS))
    signed_in.init_app(app)
    shell.init_app(app)
    following.init_app(app)
    view_pages.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _plug_in(app)
    cli.init_app(app)
    preflight.check(app)
    return app


def _plug_in(app: Flask) -> None:
    """What lower rooms ask of higher ones, by name."""
    app.extensions["unmigrated"] = preflight.unmigrated
    app.extensions["recent_callers"] = callers_of
    app.extensions["on_key_revoked"] = (revoke_by_key,)
    app.extensions["on_standings_updated"] = (note_standings,)
    app.extensions["on_matches_changed"] = (market_engine.follow,)
    app.extensions["on_canceled"] = (market_engine.void_undecided,)
    app.extensions["on_promoted"] = (tell_promoted,)
    app.extensions["on_team_renamed"] = (note_new_name,)
    app.extensions["circuit_scores"] = circuits.scores
    app.extensions["send_mail"] = sent_too
    app.extensions["figures"] = (outbox_figures, webhook_figures, transport_figures)
    app.extensions["surfaces"] = PLAYER_SURFACES | MAIL_SURFACES
    app.extensions["things_of_competition"] = {
        "request": portal.registration.model.Application,
        "invitation": portal.registration.model.Invitation,
    }


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": [settings.secret_key_before] if settings.secret_key_before else [],
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "SESSION_COOKIE_NAME": "__Host-tiltyard" if settings.https else "tiltyard",
        "SESSION_COOKIE_SECURE": settings.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": 8_000_000,  # uploads; JSON bodies end at 1 MB (web.body)
        "MAX_FORM_MEMORY_SIZE": 8_000_000,
        "RATELIMIT_HEADERS_ENABLED": True,
    }

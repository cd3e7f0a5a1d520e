"""Tiltyard, put together. `create_app` is a table of contents: what exists, and who is plugged into whom."""

import os
from importlib import import_module

from flask import Blueprint, Flask
from flask_migrate import Migrate
from sqlalchemy.engine import make_url

from portal import cli, preflight
from portal.admission import guard
from portal.config import Settings
from portal.kernel import log
from portal.kernel.db import db, engine_options
from portal.paths import MIGRATIONS, ROOT
from portal.web import csrf, errors, headers, render, request_id, throttle
from portal.web.transaction import PortalApp

# Every blueprint: module and name. Blueprints of JSON APIs and cookie-less pages exempt themselves from CSRF tokens.
BLUEPRINTS = (
    ("portal.web.health", "pages"),
    ("portal.web.metrics", "pages"),
    ("portal.orgs.sign_in_pages", "pages"),
    ("portal.orgs.account_pages", "pages"),
    ("portal.orgs.pages", "pages"),
    ("portal.orgs.member_pages", "pages"),
    ("portal.orgs.agent_pages", "pages"),
    ("portal.catalog.pages", "pages"),
    ("portal.keys.pages", "pages"),
    ("portal.session_tokens.pages", "pages"),
    ("portal.console.pages", "pages"),
    ("portal.console.audit_pages", "pages"),
    ("portal.public.pages", "pages"),
    ("portal.contracts.competition.routes", "api"),
    ("portal.contracts.session_tokens.routes", "api"),
    ("portal.contracts.feed.routes", "api"),
    ("portal.contracts.agent.routes", "api"),
)
CONTRACTS = ("competition", "session_tokens", "feed", "agent")


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, read from the environment when not given. Raises SettingError."""
    settings = settings or Settings.from_env(os.environ)
    log.configure(settings.log_level)
    app = PortalApp("portal", static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates"))
    app.config.update(_configuration(settings))
    if make_url(settings.database_url).drivername == "sqlite":
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=False)
    request_id.init_app(app)
    headers.init_app(app)
    _plug_admission(app)
    throttle.init_app(app)
    csrf.init_app(app)
    render.init_app(app)
    errors.init_app(
        app,
        tuple(
            import_module(f"portal.contracts.{name}.answers").ANSWERS
            for name in CONTRACTS
            if _stands(f"portal.contracts.{name}.answers")
        ),
    )
    for module in ("portal.orgs.signed_in", "portal.console.shell"):
        if _stands(module):
            import_module(module).init_app(app)
    for module, name in BLUEPRINTS:
        if not _stands(module):
            continue
        blueprint: Blueprint = getattr(import_module(module), name)
        app.register_blueprint(blueprint)
    app.extensions["unmigrated"] = preflight.unmigrated
    cli.init_app(app)
    preflight.check(app)
    return app


def _plug_admission(app: Flask) -> None:
    """The keys room stands above admission and orgs: what they ask it is plugged in here."""
    if not _stands("portal.keys.book"):
        return
    from portal.keys.book import Book

    guard.init_app(app, Book(app))
    app.extensions["recent_callers"] = import_module("portal.keys.usage").callers_of
    app.extensions["on_key_revoked"] = (import_module("portal.session_tokens.service").revoke_by_key,)


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
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


def _stands(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False

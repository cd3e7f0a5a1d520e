"""Flask-Limiter for what has no key: sign-in, public pages, one-time tokens. Keyed calls are limited by admission."""

from flask import Flask, g
from flask_limiter import Limiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.kernel.queue import REPLY_SECONDS


def address_key() -> str:
    """Whom a limit counts: the caller's address as admission sees it."""
    return str(g.get("address") or "unknown")


limiter = Limiter(key_func=address_key, headers_enabled=True, strategy="moving-window", key_prefix="tiltyard:throttle")


def init_app(app: Flask) -> None:
    """Count in Redis; when it does not answer within a quarter second, in this process."""
    settings = app.config["SETTINGS"]
    app.config["RATELIMIT_STORAGE_URI"] = _storage_uri(settings.redis_url)
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = not settings.limits_in_memory
    if not settings.limits_in_memory:
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {
            "socket_timeout": REPLY_SECONDS,
            "socket_connect_timeout": REPLY_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
    limiter.init_app(app)


def _storage_uri(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url

"""Flask-Limiter for what has no key: sign-in, public pages, one-time tokens. Keyed calls are limited by admission."""

import math
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g
from flask_limiter import Limiter
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.kernel.queue import REPLY_SECONDS


def address_key() -> str:
    """Whom a limit counts: the caller's address as admission sees it."""
    return str(g.get("address") or "unknown")


class RouteLimiter(Limiter):
    """Looks only at routes that carry a limit: the library otherwise resolves limits on every request (0.1 ms)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._limited: set[str] = set()

    def limit(self, *args: Any, **options: Any) -> Any:
        decorate = super().limit(*args, **options)

        def noted(view: Callable[..., Any]) -> Any:
            self._limited.add(f"{view.__module__}.{view.__name__}")
            return decorate(view)

        return noted

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware or self.identify_request() in self._limited:
            super()._check_request_limit(callable_name, in_middleware)


limiter = RouteLimiter(key_func=address_key, headers_enabled=True, strategy="moving-window", key_prefix="tiltyard:throttle")


def seconds_left() -> int:
    """Seconds until the limit that this request broke has room again; 60 where none says. The header then says the same."""
    broken = limiter.current_limit
    if broken is None:
        return 60
    try:
        wait = math.ceil(broken.window.reset_time - time.time())
    except RedisError:
        wait = broken.limit.get_expiry()
    g.wait = max(1, wait)
    return int(g.wait)


def init_app(app: Flask) -> None:
    """Count in Redis; when it does not answer within a quarter second, in this process."""
    app.after_request(_say_the_same)  # before the library's own, and so run after it
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


def _say_the_same(response: Response) -> Response:
    """The library works the wait out again, a moment later and rounded down: whoever comes back then is refused once more."""
    if "wait" in g:
        response.headers["Retry-After"] = str(g.wait)
    return response


def _storage_uri(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url

"""Settings: one frozen value, read once from TILTYARD_* variables. A strange value stops the start in one sentence."""

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ENVIRONMENTS = ("development", "test", "production")


class SettingError(SystemExit):
    """A setting that cannot be used; the text says which one and what to set instead.

    Left uncaught it ends the process, web, worker and clock alike, with that sentence and exit code 1."""


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides. Durations are seconds, addresses are URLs, paths are absolute."""

    env: str
    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: str
    secret_is_generated: bool
    debug: bool
    host: str
    port: int
    base_url: str
    proxy_hops: int
    web_processes: int
    web_threads: int
    metrics_token: str
    log_level: str
    lease_seconds: float
    dns_servers: tuple[tuple[str, int], ...]

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def limits_in_memory(self) -> bool:
        return self.redis_url.startswith("memory:")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting; raise SettingError with one sentence for the first that cannot be used."""
        env = _choice(environ, "TILTYARD_ENV", "development", ENVIRONMENTS)
        data_dir = Path(environ.get("TILTYARD_DATA") or "instance").resolve()
        host = environ.get("HOST") or "127.0.0.1"
        port = _integer(environ, "PORT", 8000, 0, 65535)
        secret = environ.get("TILTYARD_SECRET_KEY", "")
        generated = not secret
        if generated:
            secret = _kept_secret(data_dir, env)
        return cls(
            env=env,
            data_dir=data_dir,
            database_url=_database_url(environ.get("TILTYARD_DATABASE_URL", ""), data_dir),
            redis_url=environ.get("TILTYARD_REDIS_URL") or "memory://",
            secret_key=secret,
            secret_is_generated=generated,
            debug=_flag(environ, "TILTYARD_DEBUG") or _flag(environ, "FLASK_DEBUG"),
            host=host,
            port=port,
            base_url=_origin(environ.get("TILTYARD_BASE_URL") or f"http://{_printable(host)}:{port}"),
            proxy_hops=_integer(environ, "TILTYARD_PROXY_HOPS", 0, 0, 10),
            web_processes=_integer(environ, "TILTYARD_WEB_PROCESSES", 1, 1, 256),
            web_threads=_integer(environ, "TILTYARD_WEB_THREADS", 8, 1, 256),
            metrics_token=environ.get("TILTYARD_METRICS_TOKEN", ""),
            log_level=_choice(environ, "TILTYARD_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            lease_seconds=float(_integer(environ, "TILTYARD_LEASE_SECONDS", 35, 1, 3600)),
            dns_servers=_servers(environ.get("TILTYARD_DNS_SERVERS", "")),
        )


def _choice(environ: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or default
    if value not in allowed:
        raise SettingError(f"{name} is {value!r}. Set it to one of: {', '.join(allowed)}.")
    return value


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise SettingError(f"{name} is {text!r}. Set it to a whole number from {low} to {high}.")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = (environ.get(name) or "0").lower()
    if text not in ("0", "1", "true", "false", "yes", "no"):
        raise SettingError(f"{name} is {text!r}. Set it to 1 or 0.")
    return text in ("1", "true", "yes")


def _database_url(text: str, data_dir: Path) -> str:
    if not text:
        return f"sqlite:///{data_dir / 'tiltyard.sqlite'}"
    for plain in ("postgresql://", "postgres://"):
        if text.startswith(plain):
            text = "postgresql+psycopg://" + text.removeprefix(plain)
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingError("TILTYARD_DATABASE_URL must start with sqlite:/// or postgresql://.")
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingError(f"TILTYARD_BASE_URL is {text!r}. Set it to an address such as https://play.example.com.")
    return f"{parts.scheme}://{parts.netloc}"


def _servers(text: str) -> tuple[tuple[str, int], ...]:
    """Addresses of DNS servers, `10.0.0.2` or `10.0.0.2:5353`, with their ports; none for those of this machine."""
    found = []
    for part in text.replace(",", " ").split():
        parts = urlsplit(f"//{part}")
        try:
            found.append((str(ipaddress.ip_address(parts.hostname or "")), parts.port or 53))
        except ValueError:
            wrong = f"TILTYARD_DNS_SERVERS holds {part!r}. Write addresses such as 10.0.0.2 or 10.0.0.2:5353."
            raise SettingError(wrong) from None
    return tuple(found)


def _printable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _kept_secret(data_dir: Path, env: str) -> str:
    """Outside production a secret is made once and kept beside the data, readable by its owner only."""
    path = data_dir / "secret"
    if env == "production":
        return path.read_text().strip() if path.exists() else ""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked into place: two processes that start at once read the same, whole secret.
        handle, aside = tempfile.mkstemp(dir=data_dir)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(aside, path)
        Path(aside).unlink()
    return path.read_text().strip()

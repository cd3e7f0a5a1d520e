"""Settings: one frozen value, read once from TILTYARD_* variables. A strange value stops the start in one sentence."""

import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.kernel.crypto import Master

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
    secret_key_before: str
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
    doorbell: bool
    webhook_prefix: str
    webhook_ports: frozenset[int]
    webhook_local: bool
    webhook_hourly: int
    webhook_in_flight: int
    smtp_url: str
    mail_from: str
    stream_port: int
    stream_url: str
    stream_per_org: int
    rabbitmq_url: str
    rabbitmq_management_url: str
    rabbitmq_public_url: str

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def master(self) -> Master:
        """What seals and opens."""
        return Master(self.secret_key, self.secret_key_before)

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def limits_in_memory(self) -> bool:
        return self.redis_url.startswith("memory:")

    @property
    def queue_url(self) -> str:
        """Where RQ's jobs go; `memory:` without it, and then the sweeps do all the work."""
        return self.redis_url if self.doorbell else "memory://"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting; raise SettingError with one sentence for the first that cannot be used."""
        env = _choice(environ, "TILTYARD_ENV", "development", ENVIRONMENTS)
        data_dir = Path(environ.get("TILTYARD_DATA") or "instance").resolve()
        host = environ.get("HOST") or "127.0.0.1"
        port = _integer(environ, "PORT", 8000, 0, 65535)
        base_url = _origin(environ.get("TILTYARD_BASE_URL") or f"http://{_printable(host)}:{port}")
        given = environ.get("TILTYARD_SECRET_KEY", "")
        secret = given or _kept_secret(data_dir, env)
        return cls(
            env=env,
            data_dir=data_dir,
            database_url=_database_url(environ.get("TILTYARD_DATABASE_URL", ""), data_dir),
            redis_url=environ.get("TILTYARD_REDIS_URL") or "memory://",
            secret_key=secret,
            secret_key_before=environ.get("TILTYARD_SECRET_KEY_BEFORE", ""),
            secret_is_generated=not given,
            debug=_flag(environ, "TILTYARD_DEBUG") or _flag(environ, "FLASK_DEBUG"),
            host=host,
            port=port,
            base_url=base_url,
            proxy_hops=_integer(environ, "TILTYARD_PROXY_HOPS", 0, 0, 10),
            web_processes=_integer(environ, "TILTYARD_WEB_PROCESSES", 1, 1, 256),
            web_threads=_integer(environ, "TILTYARD_WEB_THREADS", 8, 1, 256),
            metrics_token=environ.get("TILTYARD_METRICS_TOKEN", ""),
            log_level=_choice(environ, "TILTYARD_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            lease_seconds=float(_integer(environ, "TILTYARD_LEASE_SECONDS", 35, 1, 3600)),
            dns_servers=_servers(environ.get("TILTYARD_DNS_SERVERS", "")),
            doorbell=_flag(environ, "TILTYARD_DOORBELL", "1"),
            webhook_prefix=_header_prefix(environ.get("TILTYARD_WEBHOOK_HEADER_PREFIX") or "X-LightChallenge"),
            webhook_ports=_ports(environ.get("TILTYARD_WEBHOOK_PORTS") or "443, 8443"),
            webhook_local=_flag(environ, "TILTYARD_WEBHOOK_ALLOW_LOCAL"),
            webhook_hourly=_integer(environ, "TILTYARD_WEBHOOK_HOURLY", 1000, 1, 1_000_000_000),
            webhook_in_flight=_integer(environ, "TILTYARD_WEBHOOK_IN_FLIGHT", 256, 1, 1024),
            smtp_url=_smtp_url(environ.get("TILTYARD_SMTP_URL", ""), environ.get("TILTYARD_MAIL_FROM", "")),
            mail_from=environ.get("TILTYARD_MAIL_FROM", "").strip(),
            **_stream(environ, base_url, port),
            **_rabbitmq(environ),
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


def _flag(environ: Mapping[str, str], name: str, default: str = "0") -> bool:
    text = (environ.get(name) or default).lower()
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


def _origin(text: str, name: str = "TILTYARD_BASE_URL") -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingError(f"{name} is {text!r}. Set it to an address such as https://play.example.com.")
    return f"{parts.scheme}://{parts.netloc}"


def _stream(environ: Mapping[str, str], base_url: str, port: int) -> dict[str, Any]:
    """Where the live stream listens, where it is found, and how many may listen to it."""
    own = _integer(environ, "TILTYARD_STREAM_PORT", min(port + 1, 65535), 0, 65535)
    most = _integer(environ, "TILTYARD_STREAM_PER_ORG", 500, 1, 1_000_000)
    url = _stream_url(environ.get("TILTYARD_STREAM_URL", ""), base_url, own)
    return {"stream_port": own, "stream_url": url, "stream_per_org": most}


def _stream_url(text: str, base_url: str, port: int) -> str:
    """Where browsers find the live stream, "" for nowhere: behind https a proxy joins it with web, else it is the port beside."""
    if text == "none":
        return ""
    if text or base_url.startswith("https://"):
        return _origin(text or base_url, "TILTYARD_STREAM_URL")
    return f"http://{_printable(urlsplit(base_url).hostname or '')}:{port}"


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


def _smtp_url(text: str, sender: str) -> str:
    """The server for outgoing mail, "" for none. Its password is never printed."""
    if not text:
        return ""
    parts = urlsplit(text)
    try:
        good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0 and not parts.path.strip("/")
    except ValueError:
        good = False
    if not good or parts.query not in ("", "tls=none"):
        raise SettingError("TILTYARD_SMTP_URL must look like smtps://user:password@mail.example.com (or smtp:// for STARTTLS).")
    if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", sender.strip()) or not sender.isascii():
        raise SettingError("TILTYARD_MAIL_FROM must be one plain address such as play@example.com; TILTYARD_SMTP_URL needs it.")
    return text


def _rabbitmq(environ: Mapping[str, str]) -> dict[str, Any]:
    """Where the broker is for us, where it is set up, and where tenants find it."""
    own, management = "TILTYARD_RABBITMQ_URL", "TILTYARD_RABBITMQ_MANAGEMENT_URL"
    return {
        "rabbitmq_url": _broker_url(environ, own, ("amqp", "amqps"), management),
        "rabbitmq_management_url": _broker_url(environ, management, ("http", "https"), own),
        "rabbitmq_public_url": _broker_url(environ, "TILTYARD_RABBITMQ_PUBLIC_URL", ("amqp", "amqps")),
    }


def _broker_url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...], needs: str = "") -> str:
    """An address of the RabbitMQ broker, "" for none; it comes together with `needs`. Its password is never printed."""
    text = environ.get(name, "")
    if not text:
        return ""
    parts = urlsplit(text)
    try:
        good = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingError(f"{name} must look like {schemes[0]}://user:password@mq.example.com.")
    if needs and not environ.get(needs):
        raise SettingError(f"{name} needs {needs}: tenants are set up through the broker's management API.")
    return text


def _header_prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*", text) or len(text) > 40:
        raise SettingError(f"TILTYARD_WEBHOOK_HEADER_PREFIX is {text[:60]!r}. Set it to letters, digits and hyphens: X-Acme.")
    return text


def _ports(text: str) -> frozenset[int]:
    parts = text.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 65535 for part in parts):
        raise SettingError(f"TILTYARD_WEBHOOK_PORTS is {text[:60]!r}. Write port numbers separated by commas: 443, 8443.")
    return frozenset(map(int, parts))


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

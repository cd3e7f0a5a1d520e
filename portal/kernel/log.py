"""Structured logs: one JSON object a line on standard error, with every credential blacked out before it is written."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

# What a leaked log must not contain: our keys, webhook secrets, one-time tokens, signatures, credentials in headers and queries.
SECRETS = re.compile(
    r"(?i)(?:\b(?:lc|sk_live|sk_test|internal|vbk|dpk)_[0-9a-z_]{8,}|whsec_[0-9A-Za-z+/=_-]+|0x[0-9a-f]{130}"
    r"|(?<=bearer )[^\s\"',]+|(?<=authorization: )[^\"\n]+"
    r"|(?<=api_key=)[^\s&\"']+|(?<=token=)[^\s&\"']+|(?<=jwt=)[^\s&\"']+"
    r"|(?<=/p/)[0-9A-Za-z_-]{43}|(?<=/register/)[0-9A-Za-z_-]{43}"
    r"|(?<=/play/)[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\W*session_token))"
)
SECRET_NAMES = re.compile(r"(?i)^(authorization|x-api-key|x-internal-api-key|password|secret|token|api_key|key|cookie)$")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: black out values of secret-looking names and secret-looking parts of every text."""
    for name, value in event.items():
        event[name] = "[redacted]" if SECRET_NAMES.match(name) and value else _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return SECRETS.sub("[redacted]", value)
    if isinstance(value, dict):
        return {k: "[redacted]" if SECRET_NAMES.match(str(k)) else _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send our events and those of every library through the same processors to `stream`, standard error if not given."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(getattr(logging, level.upper()))


log = structlog.get_logger()

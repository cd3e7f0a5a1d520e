"""Which transports this installation offers, and where tenants find its broker."""

from urllib.parse import quote, unquote, urlsplit

from portal.config import Settings
from portal.transports import amqp, sqs
from portal.transports.broker import Broker, user_of


def broker_of(settings: Settings) -> Broker | None:
    """None where no broker is set up."""
    if not settings.rabbitmq_url:
        return None
    return Broker(settings.rabbitmq_management_url, unquote(urlsplit(settings.rabbitmq_url).username or "guest"))


def offered(settings: Settings) -> tuple[str, ...]:
    """The kinds that can be switched on here."""
    kinds = {"amqp": bool(settings.rabbitmq_url) and amqp.installed(), "sqs": sqs.installed()}
    return tuple(kind for kind, there in kinds.items() if there)


def address_of(settings: Settings, vhost: str, password: str | None = None) -> str:
    """`amqp://op-<slug>:<password>@<host>:<port>/<slug>` as tenant-api-key.txt prints it; without a password nobody sees one."""
    parts = urlsplit(settings.rabbitmq_public_url or settings.rabbitmq_url)
    host = parts.netloc.rpartition("@")[2]
    who = user_of(vhost) if password is None else f"{user_of(vhost)}:{quote(password, safe='')}"
    return f"{parts.scheme}://{who}@{host}/{quote(vhost, safe='')}"

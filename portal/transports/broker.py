"""RabbitMQ's management API: a virtual host, a user and limits for each tenant. Every call may be made again."""

import base64
import http.client
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from portal.transports.trouble import TroubleError
from portal.transports.xml_messages import EXCHANGE

SECONDS = 10.0
# FACTS 2: per tenant.
CONNECTIONS, CHANNELS, QUEUES = 10, 200, 10
# What nobody fetches must not fill the broker: queues keep three days, as far as a recovery reaches, and 256 MB.
BOUNDS = {"message-ttl": 259_200_000, "max-length-bytes": 268_435_456}


@dataclass(frozen=True)
class Broker:
    """`management` is the API's address with an administrator's credentials; `publisher` the user that we publish as."""

    management: str
    publisher: str

    def provision(self, vhost: str, owner: str, password: str) -> None:
        """Make or renew everything that a tenant needs; `owner` marks the virtual host as ours. Raises TroubleError."""
        user, where = user_of(vhost), quote(vhost, safe="")
        if self._check_ours(where, owner):
            # Only a user that goes takes its connections along: a password that leaked ends with those who used it.
            self._ask("DELETE", f"/users/{user}")
        self._ask("PUT", f"/vhosts/{where}", {"description": owner})
        self._ask("PUT", f"/users/{user}", {"password": password, "tags": ""})
        self._ask("PUT", f"/permissions/{where}/{user}", permissions(user))
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._ask("PUT", f"/permissions/{where}/{quote(self.publisher, safe='')}", everything)
        self._ask("PUT", f"/user-limits/{user}/max-connections", {"value": CONNECTIONS})
        self._ask("PUT", f"/user-limits/{user}/max-channels", {"value": CHANNELS})
        self._ask("PUT", f"/vhost-limits/{where}/max-queues", {"value": QUEUES})
        policy = {"pattern": ".*", "apply-to": "queues", "definition": BOUNDS, "priority": 0}
        self._ask("PUT", f"/operator-policies/{where}/bounds", policy)

    def remove(self, vhost: str, owner: str) -> None:
        """Take everything away, messages that nobody fetched too. Raises TroubleError."""
        where = quote(vhost, safe="")
        if self._check_ours(where, owner):
            self._ask("DELETE", f"/users/{user_of(vhost)}")
            self._ask("DELETE", f"/vhosts/{where}")  # the last one: until then another try finds what is left

    def _check_ours(self, where: str, owner: str) -> bool:
        """Is it there? One that somebody else made is never touched: its owner may be another program altogether."""
        found = self._ask("GET", f"/vhosts/{where}")
        if found is not None and found.get("description") != owner:
            raise TroubleError("The broker has a virtual host of this name that Tiltyard did not make. Ask its administrator.")
        return found is not None

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The answer's JSON; None where it has none, or where what is asked for or deleted is not there."""
        parts = urlsplit(self.management)
        host, port = parts.hostname or "", parts.port
        secure = parts.scheme == "https"
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, port, timeout=SECONDS)
        token = base64.b64encode(f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"{parts.path.rstrip('/')}/api{path}", json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read(100_000)
        except (OSError, http.client.HTTPException) as error:
            raise TroubleError(f"The broker's management API could not be reached ({type(error).__name__}).") from None
        finally:
            connection.close()
        if answer.status == 404 and method != "PUT":
            return None
        if not 200 <= answer.status < 300:  # a redirect has done nothing
            raise TroubleError(f"The broker's management API answered {answer.status} to {method} {path.split('/')[1]}.")
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


def user_of(vhost: str) -> str:
    """The tenant's user name (tenant-api-key.txt): slugs are small letters, digits and hyphens."""
    return f"op-{vhost}"


def permissions(user: str) -> dict[str, str]:
    """Declare queues of one's own (`op-<slug>…`, or names that the broker makes up) and read from the exchange; publish nowhere
    but, for bindings, into those queues."""
    own = f"(amq\\.gen-|{re.escape(user)}(\\.|-|_|$)).*"
    return {"configure": f"^{own}", "write": f"^{own}", "read": f"^({EXCHANGE}$|{own})"}

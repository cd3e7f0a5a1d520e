"""The key pages as a browser meets them."""

import re

from sqlalchemy import select

from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.keys.model import ApiKey, KeySecret
from tests.make import csrf_of

HTMX = {"HX-Request": "true"}
SECRET = re.compile(r'id="secret-value"[^>]*>([^<]+)<')


def url(org, *parts):
    return "/".join([f"/o/{org.slug}/keys", *parts])


def post(client, path, **data):
    """What a browser sends: the token that is on the page of the form, or on the list where the act is a button."""
    page = path if client.get(path).status_code == 200 else path.rsplit("/", 1)[0]
    return client.post(path, data={**csrf_of(client, page), **data})


def row_of(secret):
    query = select(ApiKey).join(KeySecret, KeySecret.key_id == ApiKey.id).where(KeySecret.digest == digest(secret))
    with unit_of_work() as session:
        key = session.scalar(query)
        session.expunge_all()
    return key


SESSION_FORM = {"name": "CRM", "bundles": "session.create", "per_minute": "60", "per_day": "10000"}

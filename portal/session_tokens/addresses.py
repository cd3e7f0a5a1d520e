"""The address that a player opens."""

from flask import current_app, url_for


def address_of(token: str) -> str:
    """The short form, with the host of the installation."""
    return f"{current_app.config['SETTINGS'].base_url}{url_for('public.short', token=token)}"

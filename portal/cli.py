"""`flask --app app …`: what an installation needs besides the back office."""

import os

import click
from flask import Flask

from portal.audit.service import SYSTEM
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from portal.orgs import service


def init_app(app: Flask) -> None:
    app.cli.add_command(create_owner)
    if "FLASK_RUN_FROM_CLI" in os.environ:
        from portal.migrating import attach  # here, because only a `flask` command migrates

        attach(app)


@click.command("create-owner")
@click.option("--email", prompt=True, help="Their e-mail address.")
@click.option("--name", prompt=True, help="Their name.")
@click.option("--organization", prompt=True, help="The organization they will own.")
@click.option("--currency", default="EUR", show_default=True, help="Its one currency.")
@click.password_option(help="12 to 200 characters.")
def create_owner(email: str, name: str, organization: str, currency: str, password: str) -> None:
    """Create a person and the organization that they own."""
    try:
        with unit_of_work() as session:
            owned = {"organization": organization, "currency": currency, "email": email, "name": name, "password": password}
            slug = service.create_owner(session, SYSTEM, **owned)[0].slug
    except PortalError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"{email} owns {organization} (/o/{slug}/). Sign in at /sign-in.")

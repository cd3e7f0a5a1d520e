"""`flask --app app …`: what an installation needs besides the back office."""

import os

import click
from flask import Flask, current_app

from portal.audit.service import SYSTEM, record
from portal.kernel.db import unit_of_work
from portal.kernel.errors import PortalError
from portal.orgs import resets, service
from portal.orgs.password_links import LIFE
from portal.resealing import seal_everything_anew
from portal.session_tokens import player_jwt


def init_app(app: Flask) -> None:
    for command in (create_owner, reset_password, rotate_signing_key, reseal):
        app.cli.add_command(command)
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


@click.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Print a one-time link with which somebody who forgot their password sets a new one."""
    try:
        with unit_of_work() as session:
            token = resets.reset_for_anybody(session, email)
    except PortalError as error:
        raise click.ClickException(error.message) from None
    hours = int(LIFE["reset"].total_seconds() // 3600)
    click.echo(f"Hand this link to {email}, and to nobody else. It works once, within {hours} hours:")
    click.echo(f"{current_app.config['SETTINGS'].base_url}/reset/{token}")


@click.command("rotate-signing-key")
def rotate_signing_key() -> None:
    """Sign player tokens with a new key from now on."""
    with unit_of_work() as session:
        kid = player_jwt.retire_signing_key(session, current_app.config["SETTINGS"].master)
        record(session, None, SYSTEM, "signing_key.rotated", ("signing_key", kid, kid))
    minutes = int(player_jwt.PUBLISHED_AFTER_RETIREMENT.total_seconds() // 60)
    click.echo(f"Player tokens are signed with {kid} from now on.")
    click.echo(f"The key before stays published for {minutes} minutes, longer than any token that it signed.")


@click.command("reseal")
def reseal() -> None:
    """Seal everything with the present TILTYARD_SECRET_KEY that the one before (TILTYARD_SECRET_KEY_BEFORE) sealed."""
    lost = anew = 0
    for name, count in seal_everything_anew(current_app.config["SETTINGS"].master):
        click.echo(f"{name:32}{count.anew:>8,} sealed anew{count.present:>8,} were{count.lost:>8,} open with neither key")
        lost, anew = lost + count.lost, anew + count.anew
    with unit_of_work() as session:
        record(session, None, SYSTEM, "secret_key.resealed", ("secret_key", "", ""), after={"anew": anew, "lost": lost})
    if lost:
        raise click.ClickException(f"{lost:,} open with neither key. Set TILTYARD_SECRET_KEY_BEFORE to the one that sealed them.")
    click.echo("Everything opens with TILTYARD_SECRET_KEY alone. Unset TILTYARD_SECRET_KEY_BEFORE and restart every process.")

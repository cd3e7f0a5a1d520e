"""The one blueprint of the Competition API; every section of its page adds its routes."""

from flask import Blueprint

from portal.web import csrf

api = Blueprint("competition_api", __name__)
csrf.exempt(api)

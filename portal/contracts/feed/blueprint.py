"""The one blueprint of the Feed API; every section adds its routes."""

from flask import Blueprint

from portal.contracts.feed import sports
from portal.web import csrf

api = Blueprint("feed_api", __name__)
api.record(sports.register)
csrf.exempt(api)

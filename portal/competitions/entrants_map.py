"""Every address about the entrants of one competition, and the view behind it."""

from flask import Blueprint

from portal.competitions import add_pages, desk_pages, entrant_pages, seeding_pages, start_pages

pages = Blueprint("entrants", __name__, url_prefix="/o/<org_slug>/competitions/<uuid:uid>")

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
ROUTES = (
    ("/entrants", GET, entrant_pages.index),
    ("/entrants/waiting", GET, entrant_pages.waiting),
    ("/entrants/places", POST, entrant_pages.raise_places),
    ("/entrants/check-in", POST, entrant_pages.check_in_selected),
    ("/entrants/undo", POST, entrant_pages.undo_selected),
    ("/entrants/remove", POST, entrant_pages.remove_selected),
    ("/entrants/undo-all", POST, entrant_pages.undo_all),
    ("/entrants/restore-all", POST, entrant_pages.restore_all),
    ("/entrants/<uuid:entry>/check-in", POST, entrant_pages.check_in),
    ("/entrants/<uuid:entry>/undo", POST, entrant_pages.undo),
    ("/entrants/<uuid:entry>/remove", POST, entrant_pages.remove),
    ("/entrants/<uuid:entry>/restore", POST, entrant_pages.restore),
    ("/entrants/<uuid:entry>/promote", POST, entrant_pages.promote),
    ("/entrants/add", BOTH, add_pages.add),
    ("/entrants/add/team", POST, add_pages.add_team),
    ("/entrants/add/list", POST, add_pages.add_list),
    ("/entrants/seeding", GET, seeding_pages.seeding),
    ("/entrants/seeding", POST, seeding_pages.save_seeds),
    ("/entrants/seeding/file", POST, seeding_pages.seeds_file),
    ("/entrants/seeding/undo", POST, seeding_pages.undo_seeds),
    ("/entrants/start", GET, start_pages.start),
    ("/entrants/start", POST, start_pages.start_now),
    ("/check-in", GET, desk_pages.desk),
    ("/check-in", POST, desk_pages.desk_in),
    ("/check-in/undo", POST, desk_pages.desk_out),
    ("/check-in/cards", GET, desk_pages.cards),
    ("/check-in/poster", GET, desk_pages.poster),
)
for rule, methods, view in ROUTES:
    pages.add_url_rule(rule, view.__name__, view, methods=methods)

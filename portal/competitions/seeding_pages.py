"""Seeding in the back office: an order that is a draft on the page until it is saved as one change."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_wtf.file import FileField

from portal.competitions import seed_orders
from portal.competitions.entrant_pages import around
from portal.competitions.frame import competition_here, url_of
from portal.competitions.model import Competition
from portal.competitions.rules import rules_of
from portal.competitions.seed_orders import COLUMNS, Row
from portal.formats.round_robin import group_name
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import Form, Required
from portal.web.render import as_csv, redirect_to, render, toast, wants_fragment

# (order in the address, what the button says, what the draft is then called)
BEGINNINGS = (
    ("lot", "By lot", "drawn by lot"),
    ("rating", "By rating", "by rating"),
    ("registered", "By registration", "by registration"),
    ("name", "By name", "by name"),
)
MOST_TROUBLES = 10


class SeedFileForm(Form):
    file = FileField("CSV file", [Required("Choose a CSV file.")])


@inside("member")
def seeding(place: Place, uid: UUID) -> Response:
    """The order as it is saved, or a draft by `order`, with groups spread or cleared by `groups`."""
    competition = competition_here(db.session(), place, uid)
    everybody = seed_orders.field_of(db.session(), competition)
    order = request.args.get("order", "")
    rows = seed_orders.in_order(competition, everybody, order)
    if request.args.get("format") == "csv":
        lines = [(seed, row.name, row.wallet, row.group, row.uid) for seed, row in enumerate(rows, 1)]
        return as_csv("seeds.csv", COLUMNS, lines)
    drafted = {name: said for name, _, said in BEGINNINGS}.get(order, "")
    if request.args.get("groups") == "spread":
        rows = seed_orders.spread(rows, rules_of(competition.type, competition.rules).groups)
        drafted = f"{drafted}, groups spread by seed".lstrip(", ")
    saved = [replace(row, seed=seed) for seed, row in enumerate(rows, 1)]
    is_saved = sorted(saved, key=lambda row: row.id) == everybody
    return _shown(place, competition, rows, "" if is_saved else drafted)


@inside("admin")
def save_seeds(place: Place, uid: UUID) -> Response:
    """Number everybody 1 to n in the order of the form, numbers that were typed first."""
    competition = competition_here(db.session(), place, uid)
    known = {row.uid: row for row in seed_orders.field_of(db.session(), competition)}
    rows, typed, troubles = _sent(known)
    if not troubles:
        rows = moved(rows, typed)
        try:
            order = [(row.uid, row.group) for row in rows]
            change = seed_orders.save_order(db.session(), competition, place.actor, order)
            undo = url_of(place, competition, "entrants.undo_seeds", change=change) if change else None
            said = f"Seeds 1 to {len(rows):,} are saved." if change else "Nothing was different."
            toast(said, "success" if change else "info", undo)
            return _saved(place, competition, rows, as_shown=not typed)
        except PortalError as error:
            troubles, typed = [error.message], {}
            rows += [row for row in known.values() if row not in rows]
    return _shown(place, competition, rows, "not saved", 422, troubles=troubles, typed=typed)


@inside("admin")
def undo_seeds(place: Place, uid: UUID) -> Response:
    """Put the seeds back as they were before the change that the address names."""
    competition = competition_here(db.session(), place, uid)
    change = request.args.get("change", 0, type=int)
    seed_orders.undo_order(db.session(), competition, place.actor, change)
    toast("The seeds are as they were before.")
    return redirect_to(url_of(place, competition, "entrants.seeding"))


@inside("admin")
def seeds_file(place: Place, uid: UUID) -> Response:
    """A draft in the order of a file; nothing is saved yet."""
    competition = competition_here(db.session(), place, uid)
    rows = seed_orders.in_order(competition, seed_orders.field_of(db.session(), competition), "")
    form = SeedFileForm()
    if form.validate_on_submit():
        try:
            rows = seed_orders.from_csv("file", rows, form.file.data.read())
            return _shown(place, competition, rows, "from your file")
        except PortalError as error:
            form.refuse(error)
    return _shown(place, competition, rows, "", 422, troubles=[str(error) for error in form.file.errors])


def _saved(place: Place, competition: Competition, rows: list[Row], as_shown: bool) -> Response:
    """htmx: nothing but the news where the page shows this order already, since drawing a thousand rows again would take a
    browser seconds; else the list anew."""
    here = url_of(place, competition, "entrants.seeding")
    if not wants_fragment():
        return redirect_to(here)
    if as_shown:
        return Response(status=204, headers={"HX-Trigger": json.dumps({"seeds:saved": {"url": here}})})
    answer = _shown(place, competition, [replace(row, seed=seed) for seed, row in enumerate(rows, 1)], "")
    answer.headers["HX-Replace-Url"] = here
    return answer


def moved(rows: list[Row], typed: dict[str, int]) -> list[Row]:
    """The rows with those that were given a number put there, best number first; the others keep their order."""
    order = [row for row in rows if row.uid not in typed]
    for row in sorted((row for row in rows if row.uid in typed), key=lambda row: typed[row.uid]):
        order.insert(typed[row.uid] - 1, row)
    return order


def _sent(known: dict[str, Row]) -> tuple[list[Row], dict[str, int], list[str]]:
    """The rows in the order of the form with their groups, numbers that differ from the place they stand at, and what is
    wrong with these. Rows of somebody who left meanwhile are passed over: saving says so."""
    form = request.form
    uids, seeds, groups = form.getlist("registration"), form.getlist("seed"), form.getlist("group")
    rows: list[Row] = []
    typed: dict[str, int] = {}
    seen: set[str] = set()
    troubles: list[str] = []
    for place, uid in enumerate(uids, 1):
        if uid not in known or uid in seen:
            troubles.append("Somebody on this page left or came since it was opened. Look it over and save again.")
            continue
        row = known[uid]
        seen.add(uid)
        group = groups[place - 1][:2] if place <= len(groups) else row.group
        rows.append(replace(row, group=group))
        text = seeds[place - 1].strip() if place <= len(seeds) else str(place)
        if text == str(place):
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= len(uids)):
            troubles.append(f"{row.name}: “{text[:20]}” is no seed. Write a whole number from 1 to {len(uids):,}.")
        elif int(text) in typed.values():
            troubles.append(f"{row.name}: seed {text} was written twice. Give each entrant a number of its own.")
        else:
            typed[uid] = int(text)
    return rows, typed, list(dict.fromkeys(troubles))[:MOST_TROUBLES]


def _shown(place: Place, competition: Competition, rows: list[Row], drafted: str, status: int = 200, **more: Any) -> Response:
    """`drafted` says what the order is, when it is not the saved one."""
    groups = rules_of(competition.type, competition.rules).groups
    context: dict[str, Any] = {"rows": rows, "drafted": drafted, "beginnings": BEGINNINGS, "troubles": [], "typed": {}}
    context |= {"groups": [group_name(number) for number in range(groups)] if groups > 1 else []}
    context |= {"seeded": sum(row.seed is not None for row in rows), "open": competition.status in ("draft", "registration")}
    return render("entrants/seeding.html", "entrants/_seeding.html", status, **around(place, competition) | context | more)

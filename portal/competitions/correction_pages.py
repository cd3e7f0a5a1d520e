"""Correcting a result: what it would change is shown first, and then exactly that is done."""

import hashlib
import json
from typing import Any
from uuid import UUID

from flask import Response, request

from portal.competitions.corrections import Correction, Wanted, correct_result
from portal.competitions.match_forms import CorrectForm
from portal.competitions.match_pages import result_of
from portal.competitions.match_table import match_shown
from portal.competitions.model import Competition
from portal.competitions.play import drawer, match_here, pages, rules_here, url
from portal.competitions.shown import Shown
from portal.formats.rules import ELIMINATION, Rules
from portal.kernel.db import db
from portal.kernel.errors import Conflict, Invalid, PortalError
from portal.orgs.access import Place, inside
from portal.web.render import finish, redirect_to

RESULT = ("score_a", "score_b", "winner", "outcome")


@pages.route("/matches/<uuid:mid>/correct", methods=["GET", "POST"])
@inside("admin")
def match_correct(place: Place, uid: UUID, mid: UUID) -> Response:
    competition, match = match_here(place, uid, mid)
    rules = rules_here(competition)
    asked = {name: request.args[name] for name in RESULT if request.args.get(name)}
    form = CorrectForm(data=_present(match) | _typed(asked))
    form.about(match, rules)
    preview = None
    if (form.is_submitted() and form.validate()) or (asked and not form.is_submitted()):
        try:
            preview = _foreseen(place, competition, match, form, rules)
            if form.step.data == "apply" and _agreed(form, preview, rules):
                return _apply(place, competition, match, form, rules)
        except PortalError as error:
            form.refuse(error)
    here = url(competition, "match_correct", mid=mid)
    facts = {"alone": rules.format == "challenge" and rules.challenge == "pass_fail", "swiss": rules.format == "swiss"}
    return drawer(competition, "correct", form, match=match, here=here, preview=preview, rules=rules, **facts)


@pages.post("/matches/<uuid:mid>/reverse")
@inside("admin")
def match_reverse(place: Place, uid: UUID, mid: UUID) -> Response:
    """What "Undo" leads to: after a correction the preview of the one back; after a first result the form to correct it, since
    no format takes a match back to not played."""
    competition, _ = match_here(place, uid, mid)
    back = {name: request.args[name] for name in RESULT if request.args.get(name)}
    return redirect_to(url(competition, "match_correct", mid=mid, **back))


def _present(match: Shown) -> dict[str, Any]:
    """The result that stands, as the form begins with it."""
    now = match.match
    by_score = now.score_a is not None and now.score_b is not None and now.score_a != now.score_b
    outcome = now.outcome.value if now.outcome else "played"
    return {"score_a": now.score_a, "score_b": now.score_b, "winner": "" if by_score else now.winner or "", "outcome": outcome}


def _typed(asked: dict[str, str]) -> dict[str, Any]:
    """Scores are numbers; what is none is left out."""
    scores = {name: int(asked[name]) for name in ("score_a", "score_b") if asked.get(name, "").isdigit() and len(asked[name]) < 8}
    words = {name: asked[name] for name in ("winner", "outcome") if name in asked}
    return ({"score_a": None, "score_b": None, "winner": ""} | scores | words) if asked else {}


def _foreseen(place: Place, competition: Competition, match: Shown, form: CorrectForm, rules: Rules) -> Correction:
    """What the correction would do, later results cleared where it stands in their way."""
    cascade = rules.format in ELIMINATION or bool(form.cascade.data)
    wanted = Wanted(form.reason.data or None, cascade=cascade, dry_run=True)
    return correct_result(db.session(), competition, place.actor, match.uid, form.report(rules), wanted)


def _agreed(form: CorrectForm, preview: Correction, rules: Rules) -> bool:
    """Was this very preview seen, and the clearing of later results ticked? Raises Conflict or Invalid where not."""
    if form.seen.data != digest_of(preview):
        raise Conflict("Something changed since you looked: this is what the correction does now. Look again, then apply it.")
    if preview.cleared and rules.format in ELIMINATION and not form.cascade.data:
        raise Invalid("cascade", "Tick that these results are cleared, or leave the result as it is.")
    return True


def _apply(place: Place, competition: Competition, match: Shown, form: CorrectForm, rules: Rules) -> Response:
    wanted = Wanted(form.reason.data or None, cascade=bool(form.cascade.data))
    done = correct_result(db.session(), competition, place.actor, match.uid, form.report(rules), wanted)
    now = match_shown(db.session(), competition, match.uid)
    said = f"Match {now.match.number} is corrected: {result_of(now)}."
    if done.cleared:
        said += f" {len(done.cleared)} later {'result was' if len(done.cleared) == 1 else 'results were'} cleared."
    old = {name: value for name, value in _present(match).items() if value not in (None, "")}
    return finish(url(competition, "matches"), said, undo_url=url(competition, "match_reverse", mid=match.uid, **old))


def digest_of(preview: Correction) -> str:
    """What a preview comes to: the same as long as the same would be done."""
    parts = (preview.matches, preview.cleared, preview.removed, preview.prizes, preview.status)
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


@pages.context_processor
def _says() -> dict[str, Any]:
    return {"digest_of": digest_of, "result_of": result_of}

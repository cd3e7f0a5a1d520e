"""The forms about matches: a result, its correction, times, a list of results."""

from datetime import UTC, datetime, timedelta
from typing import Any

from wtforms import BooleanField, DateTimeLocalField, FileField, HiddenField, IntegerField, SelectField, TextAreaField

from portal.competitions.match_table import OUTCOMES
from portal.competitions.result_lines import MOST_CHARACTERS
from portal.competitions.results import MOST_NOTES, Report, has_draws, winner_by
from portal.competitions.scheduling import MOST_AT_ONCE, Hours
from portal.competitions.shown import Named, Shown
from portal.formats.plan import Outcome, Winner
from portal.formats.rules import Rules
from portal.kernel.errors import Invalid
from portal.web.forms import Between, Form, Length, Optional, Required, choices_of

MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
REPORTED = {
    Outcome.PLAYED: "Played",
    Outcome.WALKOVER: "Walkover: one side was out before the match",
    Outcome.NO_SHOW: "No-show: one side did not come",
    Outcome.DOUBLE_NO_SHOW: "Neither side came",
    Outcome.NOT_PLAYED: "Called off: it counts for nobody",
}


class ReportForm(Form):
    """A result. `side_a` and `side_b` are the registrations that the form was drawn for; `view` and `state` say in which
    list it stands, if in one."""

    score_a = IntegerField("Score A", [Optional()])
    score_b = IntegerField("Score B", [Optional()])
    winner = SelectField("Winner", choices=[("", "By the score")], default="")
    outcome = SelectField("How it ended", choices=[(each.value, word) for each, word in REPORTED.items()], default="played")
    notes = TextAreaField("Notes for organizers", [Optional(), Length(MOST_NOTES)])
    side_a = HiddenField()
    side_b = HiddenField()
    view = HiddenField()
    state = HiddenField()

    def about(self, match: Shown, rules: Rules) -> "ReportForm":
        """Name the sides, and offer what the format knows."""
        alone = rules.format == "challenge" and rules.challenge == "pass_fail"
        names = [_called(match.a), _called(match.b)]
        self.score_a.label.text, self.score_b.label.text = (f"Score of {name}" for name in names)
        sides = [("a", "Passed"), ("b", "Failed")] if alone else [("a", names[0]), ("b", names[1])]
        level = [("draw", "A draw")] if has_draws(rules) and not alone else []
        self.winner.label.text = "Verdict" if alone else "Winner"
        self.winner.choices = choices_of([("", "Choose" if alone else "By the score"), *sides, *level])
        if alone:
            kept = (Outcome.PLAYED, Outcome.NOT_PLAYED)
            self.outcome.choices = choices_of([(each.value, OUTCOMES[each]) for each in kept])
        return self

    def report(self, rules: Rules) -> Report:
        """What was written. Raises Invalid naming the field where something is missing."""
        outcome = Outcome(self.outcome.data)
        a, b = self.score_a.data, self.score_b.data
        winner: Winner | None = self.winner.data or winner_by(rules, a, b, outcome)
        if winner is None and outcome not in (Outcome.DOUBLE_NO_SHOW, Outcome.NOT_PLAYED):
            raise _missing(rules, outcome, a, b)
        sides = (self.side_a.data, self.side_b.data) if self.side_a.data or self.side_b.data else None
        return Report(winner, a, b, outcome, self.notes.data or None, sides)


class CorrectForm(ReportForm):
    """A result in the place of another. `seen` is what the preview showed, so that nothing else is done."""

    reason = TextAreaField("Why it is corrected", [Optional(), Length(MOST_NOTES)])
    cascade = BooleanField("Clear these results; the matches are played again")
    seen = HiddenField()
    step = HiddenField()


class TimeForm(Form):
    at = DateTimeLocalField("Time (UTC)", [Optional()], format=MOMENT)

    def moment(self) -> datetime | None:
        """None takes the time away."""
        return aware(self.at.data)


class TimesForm(Form):
    """Times for many."""

    first = DateTimeLocalField("First match (UTC)", [Required("Say when the first match begins.")], format=MOMENT)
    every = IntegerField("Then every", [Between(1, 44_640, "minutes")], default=60)
    courts = IntegerField("Played at once", [Between(1, MOST_AT_ONCE, "courts or stations")], default=1)
    which = SelectField(
        "Which matches", choices=[("without", "Open ones without a time"), ("all", "All open ones")], default="without"
    )
    group = SelectField("Group", choices=[("", "All groups")], default="")
    step = HiddenField()

    def hours(self) -> Hours:
        first = aware(self.first.data)
        assert first is not None
        return Hours(first, timedelta(minutes=self.every.data or 1), self.courts.data or 1)


class ImportForm(Form):
    file = FileField("CSV file")
    text = TextAreaField("Or paste the list", [Optional()])
    step = HiddenField()

    def list(self) -> str:
        """The list that was sent; a file goes before what is pasted. Raises Invalid."""
        upload: Any = self.file.data
        sent = upload.read(4 * MOST_CHARACTERS + 1) if upload and hasattr(upload, "read") else b""
        if not sent:
            return self.text.data or ""
        try:
            return str(sent.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise Invalid("file", "The file is not UTF-8 text. Save it as “CSV UTF-8” and send it again.") from None


def aware(moment: datetime | None) -> datetime | None:
    """What was typed, which is UTC."""
    return moment.replace(tzinfo=UTC) if moment else None


def _called(side: Named | None) -> str:
    return side.name if side else "nobody"


def _missing(rules: Rules, outcome: Outcome, a: int | None, b: int | None) -> Invalid:
    """What keeps a result from being complete, in words."""
    if rules.format == "challenge" and rules.challenge == "pass_fail":
        return Invalid("winner", "Choose whether it was passed or failed.")
    if outcome is not Outcome.PLAYED:
        return Invalid("winner", "Choose which side came and goes on.")
    if a is None or b is None:
        return Invalid("score_a" if a is None else "score_b", "Write both scores, or choose how else the match ended.")
    if rules.best_of > 1:
        return Invalid("winner", f"A best of {rules.best_of} cannot end level. Correct a score.")
    return Invalid("winner", f"{a} to {b} is level, and somebody has to go on. Choose the winner.")

"""The forms of the key pages, and how what is typed becomes the terms of a key."""

import re
from datetime import UTC
from typing import Any

from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)

from portal.catalog.model import Game, Stream
from portal.kernel.ids import new_uid
from portal.keys.kinds import KINDS, LIMIT_NAMES, Limits
from portal.keys.model import ApiKey
from portal.keys.scopes import BUNDLES, FAMILIES, FAMILY_LABELS, Bundle, describe, expand, families_of, general, lacking, sport_of
from portal.keys.terms import DESCRIPTION_LENGTH, MOST, NAME_LENGTH, Wish
from portal.web.forms import Between, Form, Length, Optional, Required, Typed

OVERLAP_LABELS = [("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days")]
LIMIT_FIELDS = (
    ("per_minute", "Calls a minute"),
    ("writes_per_minute", "Writes a minute"),
    ("per_hour", "Calls an hour"),
    ("per_day", "Calls a day"),
    ("burst_10s", "Calls in 10 seconds"),
)


def _limit(name: str, label: str) -> IntegerField:
    first = Required("Write how many calls a minute the key may make.") if name == "per_minute" else Optional()
    return IntegerField(label, [first, Between(1, MOST[name], "calls")])


class TermsForm(Form):
    """The terms of a key. `offer` fills its choices; `wish` gives what the service takes."""

    name = StringField("Name", [Required("Write a name for the key, such as the program that will use it."), Length(NAME_LENGTH)])
    description = StringField("Description", [Optional(), Length(DESCRIPTION_LENGTH)])
    bundles = SelectMultipleField("What it may do", choices=[])
    scopes = SelectMultipleField("Single scopes", choices=[])
    more_scopes = SelectMultipleField("Scopes of the other APIs", choices=[])
    sports = StringField("Sports", [Optional(), Length(500)])
    games = SelectMultipleField("Games", choices=[], coerce=int)
    streams = SelectMultipleField("Streams", choices=[], coerce=int)
    per_minute, writes_per_minute, per_hour, per_day, burst_10s = (_limit(*field) for field in LIMIT_FIELDS)
    expires_at = DateTimeLocalField("Expires (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    allowed_addresses = TextAreaField("Addresses that may use it", [Optional(), Length(20_000)])

    def offer(self, kind: str, grantable: frozenset[str], games: list[Game], streams: list[Stream], held: frozenset[str]) -> None:
        """The choices of somebody who may grant `grantable`, for a key of `kind` that holds `held` already."""
        held = frozenset(map(general, held))
        allowed = grantable | held
        first = [name for name in FAMILIES if name in families_of(kind) or held & FAMILIES[name].keys()]
        self.scope_groups = _groups(first, allowed)
        self.more_groups = _groups([name for name in FAMILIES if name not in first], allowed)
        for field, groups in ((self.scopes, self.scope_groups), (self.more_scopes, self.more_groups)):
            field.choices = [(scope, scope.removeprefix("*:")) for _, scopes in groups for scope in scopes]
        self.scope_words = {scope: describe(scope) for scope in allowed}
        self.bundles.choices = [(bundle.name, bundle.label) for bundle in BUNDLES[kind]]
        self.bundle_words = {bundle.name: _words(bundle, allowed) for bundle in BUNDLES[kind]}
        self.allowed_bundles = {bundle.name: bundle.scopes & allowed for bundle in BUNDLES[kind]}
        self.games.choices = [(game.id, f"{game.name}, number {game.id}") for game in games]
        self.streams.choices = [(stream.id, f"{stream.name}, number {stream.id}") for stream in streams]

    def chosen_scopes(self) -> frozenset[str]:
        """The scopes of all chosen bundles and the single ones, those of the feed without a sport yet."""
        names = self.bundles.data or []
        single = [*(self.scopes.data or []), *(self.more_scopes.data or [])]
        return frozenset().union(single, *(self.allowed_bundles[name] for name in names))

    def chosen_sports(self) -> list[str]:
        """The sports named, in small letters."""
        return [sport.lower() for sport in re.split(r"[,\s]+", self.sports.data or "") if sport]

    def validate(self, extra_validators: Any = None) -> bool:
        """Feed scopes are given sport by sport, so they need one."""
        valid = super().validate(extra_validators)
        if not self.bundles.errors and not self.chosen_sports() and any(sport_of(scope) for scope in self.chosen_scopes()):
            self.sports.errors = [*self.sports.errors, "Name at least one sport, such as cs2: feed scopes are given per sport."]
            return False
        return valid

    def wish(self, key: ApiKey | None = None) -> Wish:
        """What was asked for. A key whose scopes and sports were left as they stood keeps them to the letter."""
        sports = self.chosen_sports()
        scopes = expand(self.chosen_scopes(), sports)
        if key is not None and (self.chosen_scopes(), set(sports)) == (generals(key), set(sports_of(key))):
            scopes = frozenset(key.scopes)
        expires_at = self.expires_at.data
        return Wish(
            name=self.name.data or "",
            description=self.description.data or "",
            scopes=scopes,
            sports=sports or None,
            games=self.games.data or None,
            streams=self.streams.data or None,
            limits=Limits(**{name: self[name].data for name in LIMIT_NAMES}),
            expires_at=expires_at.replace(tzinfo=UTC) if expires_at else None,
            allowed_addresses=self.allowed_addresses.data or "",
        )


class IssueForm(TermsForm):
    """Terms of a new key. `attempt` names this very form, so that sending it twice issues one key."""

    attempt = HiddenField(default=new_uid)


class RollForm(Form):
    overlap = RadioField("The old secret works on for", choices=OVERLAP_LABELS, default="24h")


class RotateForm(Form):
    """Nothing to fill in: the act itself is the answer."""


class RevokeForm(Form):
    """`expected` is the key's name. `links` also revokes its session links that nobody has used."""

    confirm = StringField("Name of the key", [Typed(lambda form: form.expected)])
    links = BooleanField("Also revoke its session links that are not used yet")
    expected = ""


def first_values(kind: str) -> dict[str, Any]:
    """What the form of a new key begins with."""
    return {name: getattr(KINDS[kind].limits, name) for name in LIMIT_NAMES}


def values_of(key: ApiKey) -> dict[str, Any]:
    """What the form of a key that stands begins with."""
    plain = ("name", "description", "allowed_addresses", *LIMIT_NAMES)
    found: dict[str, Any] = {name: getattr(key, name) for name in plain}
    lists = {"scopes": sorted(generals(key)), "sports": ", ".join(sports_of(key)), "games": key.games, "streams": key.streams}
    return found | lists | {"expires_at": key.expires_at.replace(tzinfo=None) if key.expires_at else None}


def generals(key: ApiKey) -> frozenset[str]:
    """The key's scopes, those of the feed without their sport."""
    return frozenset(map(general, key.scopes))


def sports_of(key: ApiKey) -> list[str]:
    """The sports that the key is narrowed to, or else those that its scopes name."""
    named = {sport for scope in key.scopes if (sport := sport_of(scope))}
    return sorted(named) if key.sports is None else list(key.sports)


def _groups(families: list[str], allowed: frozenset[str]) -> list[tuple[str, list[str]]]:
    found = [(FAMILY_LABELS[name], [scope for scope in FAMILIES[name] if scope in allowed]) for name in families]
    return [group for group in found if group[1]]


def _words(bundle: Bundle, allowed: frozenset[str]) -> str:
    missing = lacking(bundle.scopes, allowed)
    return f"{bundle.sentence} Without {', '.join(missing)}, which only an owner can grant." if missing else bundle.sentence

"""The only builders. alice owns, bob is a member, charlie is a stranger.

Every name is unique, so that tests share a database without meeting.
"""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.audit.service import SYSTEM
from portal.branding import service as themes
from portal.branding.domain_model import CustomDomain
from portal.catalog import service as catalog
from portal.competitions import entries, starting
from portal.competitions import service as competitions
from portal.competitions.entries import By
from portal.competitions.model import Match, competition_by_uid, entries_of, matches_of
from portal.competitions.results import Report, record_result
from portal.kernel.clock import utc_now
from portal.kernel.crypto import digest
from portal.kernel.db import unit_of_work
from portal.kernel.ids import new_uid
from portal.keys.model import ApiKey, KeySecret
from portal.keys.scopes import all_scopes
from portal.keys.service import issue_key
from portal.markets.service import post_offer
from portal.markets.terms import Draft, Outcome
from portal.orgs import service as orgs
from portal.orgs.model import Membership, Organization, User
from portal.orgs.saved_views import save_view
from portal.orgs.wallet_service import put_wallet
from portal.orgs.wallets import WalletMember
from portal.outbox.emit import emit
from portal.outbox.model import Event
from portal.players.model import RosterEntry, Team
from portal.registration.invitations import make as invite
from portal.registration.service import change_page
from portal.registration.tokens import new_attempt
from portal.seasons import service as seasons
from portal.session_tokens.batches import start_batch
from portal.session_tokens.service import Created, create_session
from portal.transports import service as transports
from portal.webhooks import deliveries, recoveries
from portal.webhooks import service as webhooks
from tests.things import Things
from tests.wallets import Wallet

__all__ = ["Make", "Wallet"]
_numbers = itertools.count(1)
PASSWORD = "correct horse battery"
_hashes: dict[str, str] = {}


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: int
    uid: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Org:
    """An organization with alice as owner and bob as member; charlie has nothing there."""

    id: int
    uid: str
    slug: str
    name: str
    alice: Person
    bob: Person
    charlie: Person


def address(number: int) -> str:
    """The wallet address with that number, in lower case."""
    return f"0x{number:040x}"


def unique(stem: str) -> str:
    """`stem` with something no other test has."""
    return f"{stem}-{os.getpid()}-{next(_numbers)}"


class Make:
    """What tests build. Each method commits its own unit of work."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def person(self, name: str) -> Person:
        with unit_of_work() as session:
            user = self._user(session, unique(name), name.capitalize())
            return Person(user.id, user.uid, user.email)

    def org(self, name: str = "Acme", *, parent: Org | None = None, sandbox: bool = False, **settings: object) -> Org:
        """An organization; below `parent` when given (then as its agent, unless `level` says otherwise)."""
        with unit_of_work() as session:
            above = session.get(Organization, parent.id) if parent else None
            level = str(settings.pop("level", "agent" if above else "operator"))
            label = unique(name)
            made = orgs.create_organization(session, label, SYSTEM, parent=above, level=level, sandbox=sandbox)
            for field, value in settings.items():
                setattr(made, field, value)
            people = {who: self._user(session, unique(who), who.capitalize()) for who in ("alice", "bob", "charlie")}
            orgs.add_member(session, made, people["alice"], "owner", SYSTEM, granting="owner")
            orgs.add_member(session, made, people["bob"], "member", SYSTEM, granting="owner")
            persons = {who: Person(user.id, user.uid, user.email) for who, user in people.items()}
            return Org(made.id, made.uid, made.slug, made.name, **persons)

    def key(
        self, org: Org, kind: str, *, scopes: Sequence[str] | None = None, sports: Sequence[str] | None = ("cs2",), **terms: Any
    ) -> str:
        """The secret of a new key; every scope of its kind unless `scopes` are given."""
        with unit_of_work() as session:
            owner = session.get(Organization, org.id)
            granted = all_scopes(kind, sports or ()) if scopes is None else scopes
            fields = {"name": unique("key"), "sports": sports if kind == "feed" else None, "grantable": None} | terms
            return issue_key(session, owner, SYSTEM, kind=kind, scopes=granted, **fields).secret

    def game(self, org: Org, **settings: Any) -> int:
        """The number of a new game of the organization."""
        with unit_of_work() as session:
            slug = unique("game")
            fields = {"name": "Crash", "slug": slug, "launch_url": f"https://games.example/{slug}", "category": "cs2"} | settings
            return catalog.create_game(session, session.get(Organization, org.id), SYSTEM, **fields).id

    def stream(self, org: Org, **values: Any) -> int:
        """A stream of `org`, its number."""
        with unit_of_work() as session:
            values = {"name": "Derby night", "slug": unique("stream"), "launch_url": "https://live.example.com/"} | values
            return catalog.create_stream(session, session.get_one(Organization, org.id), SYSTEM, **values).id

    def link(self, org: Org, **values: Any) -> Created:
        """A session link of `org` with its token; to a game of its own unless `game_id` or `stream_id` is given."""
        if not {"game_id", "stream_id"} & values.keys():
            values["game_id"] = self.game(org)
        with unit_of_work() as session:
            return create_session(session, org.id, SYSTEM, **values)

    def member(self, org: Org, role: str) -> Person:
        """Somebody new with `role` in the organization."""
        with unit_of_work() as session:
            user = self._user(session, unique(role), role.capitalize())
            orgs.add_member(session, session.get(Organization, org.id), user, role, SYSTEM, granting="owner")
            return Person(user.id, user.uid, user.email)

    def things(self, org: Org) -> Things:
        """One of everything that an address can name, by the names of `tests.routes`; each is made when it is asked for."""
        return Things(self, org)

    def membership(self, org: Org) -> str:
        """The uid of a new person's membership."""
        person = self.member(org, "member")
        with unit_of_work() as session:
            query = select(Membership.uid).where(Membership.org_id == org.id, Membership.user_id == person.id)
            return session.scalars(query).one()

    def wallet_member(self, org: Org) -> str:
        """The uid of a new wallet's membership."""
        with unit_of_work() as session:
            place = session.get_one(Organization, org.id)
            return put_wallet(session, place, Wallet().address, "member", None, SYSTEM, granting="owner").uid

    def uid_of_key(self, secret: str) -> str:
        """The uid of the key with this secret."""
        with unit_of_work() as session:
            query = select(ApiKey.uid).join(KeySecret, KeySecret.key_id == ApiKey.id)
            return session.scalars(query.where(KeySecret.digest == digest(secret))).one()

    def theme(self, org: Org) -> int:
        """The number of a published theme that another has followed."""
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            first = themes.publish_changes(session, owner, SYSTEM, {"footer": unique("first")}).number
            themes.publish_changes(session, owner, SYSTEM, {"footer": unique("second")})
            return first

    def domain(self, org: Org) -> str:
        """A host name of the organization's own that the DNS has proved."""
        host = f"{unique('play')}.example"
        with unit_of_work() as session:
            session.add(CustomDomain(org_id=org.id, host=host, token=new_uid(), verified_at=utc_now()))
        return host

    def batch(self, org: Org, names: Sequence[str] = ("a", "b")) -> str:
        """The uid of an order for one link per name, not yet worked on."""
        game, master = self.game(org), self.app.config["SETTINGS"].master
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            rows = [(name, None) for name in names]
            return start_batch(session, owner, SYSTEM, master, rows, game_id=game, minutes=60).uid

    def saved_view(self, org: Org, **values: Any) -> str:
        """The uid of a new view of the competitions that bob saved for everybody."""
        with unit_of_work() as session:
            said = {"list": "competitions", "name": unique("Live ones"), "query": "status=active", "shared": True} | values
            return save_view(session, org.id, org.bob.id, SYSTEM, **said).uid

    def wallet(self, org: Org | None = None, role: str = "member") -> Wallet:
        """A new wallet; a member of `org` with `role` when given."""
        wallet = Wallet()
        if org is not None:
            with unit_of_work() as session:
                member = {"org_id": org.id, "wallet": wallet.address, "wallet_key": wallet.address.lower(), "role": role}
                session.add(WalletMember(**member))
        return wallet

    def team(self, org: Org, captain: str | None = None, players: int = 0) -> str:
        """The uid of a new team with a roster: a captain when given, and so many players."""
        with unit_of_work() as session:
            team = Team(org_id=org.id, name=unique("Team"))
            session.add(team)
            session.flush()
            roster = [(address(number), "player") for number in range(1, players + 1)] + (
                [(captain, "captain")] if captain else []
            )
            session.add_all(RosterEntry(team_id=team.id, wallet=w, wallet_key=w.lower(), role=role) for w, role in roster)
            return team.uid

    def competition(self, org: Org, kind: str = "bracket", *, status: str = "draft", entrants: int = 0, **terms: Any) -> str:
        """The uid of a new competition: draft, registration or active, with the wallets `address(1)` to `address(entrants)`
        registered and checked in."""
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            made = competitions.create_competition(session, owner, SYSTEM, kind, {"title": unique("Cup")} | terms)
            if status != "draft":
                competitions.open_registration(session, made, SYSTEM)
            uid = made.uid
        self.enter(org, uid, range(1, entrants + 1))
        if status == "active":
            self.start(org, uid)
        return uid

    def enter(self, org: Org, competition: str, who: Sequence[int | str], *, checked_in: bool = True) -> list[str]:
        """Register wallets or those with these numbers, and check them in; the uids of their registrations."""
        with unit_of_work() as session:
            found, made = competition_by_uid(session, org.id, competition), []
            for each in who:
                person = entries.participant(session, found, address(each) if isinstance(each, int) else each, None)
                made.append(entries.register(session, found, By(SYSTEM), person).uid)
                if checked_in:
                    entries.check_in(session, found, By(SYSTEM), person)
            return made

    def enter_teams(self, org: Org, competition: str, teams: Sequence[str]) -> None:
        """Register the teams with these uids, and check them in."""
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, competition)
            for uid in teams:
                who = entries.participant(session, found, None, uid)
                entries.register(session, found, By(SYSTEM), who)
                entries.check_in(session, found, By(SYSTEM), who)

    def registration_page(self, org: Org, competition: str, **settings: Any) -> str:
        """Set up the registration page of a competition, open to everybody unless `access` is given; its address."""
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, competition)
            change_page(session, found, SYSTEM, {"access": "open"} | settings)
        return f"/c/{org.slug}/{competition}/register"

    def invitations(self, org: Org, competition: str, *labels: str | None, expires_at: datetime | None = None) -> list[str]:
        """The tokens of new invitations, one for each label."""
        with unit_of_work() as session:
            found = competition_by_uid(session, org.id, competition)
            master, attempt = self.app.config["SETTINGS"].secret_key, new_attempt()
            wanted = labels or (None,)
            return [token for _, token in invite(session, found, SYSTEM, wanted, expires_at, master=master, attempt=attempt)]

    def start(self, org: Org, competition: str) -> None:
        """Start a competition that is in registration."""
        with unit_of_work() as session:
            starting.start(session, competition_by_uid(session, org.id, competition), SYSTEM)

    def season(self, org: Org, *counted: str | tuple[str, float], **terms: Any) -> str:
        """The uid of a new season with these competitions, each by itself or with its weight."""
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            made = seasons.create_season(session, owner, SYSTEM, {"name": unique("Season")} | terms)
            for each in counted:
                uid, weight = (each, 1.0) if isinstance(each, str) else each
                seasons.add_competition(session, made, competition_by_uid(session, org.id, uid), SYSTEM, weight)
            return made.uid

    def play(self, org: Org, competition: str, report: Callable[[str, str], Report | tuple[int, int]]) -> None:
        """Report every open match until none is left; `report` is asked for each pair of wallets."""
        while True:
            with unit_of_work() as session:
                found = competition_by_uid(session, org.id, competition)
                sides = {entry.id: str(entry.wallet) for entry in session.scalars(entries_of(found))}
                ready = Match.a_id.is_not(None), Match.b_id.is_not(None), Match.status == "pending"
                match = session.scalars(matches_of(found).where(*ready).limit(1)).first()
                if match is None:
                    return
                said = report(sides[match.a_id], sides[match.b_id])
                record_result(session, found, SYSTEM, match.uid, said if isinstance(said, Report) else _played(*said))

    def offer(self, org: Org, competition: str, match: str, kind: str = "match_winner", keys: Sequence[str] = ("a", "b")) -> str:
        """The uid of a new offer on a match, every outcome at 1.90."""
        with unit_of_work() as session:
            draft = Draft(kind, tuple(Outcome(key, "1.90") for key in keys))
            return post_offer(session, competition_by_uid(session, org.id, competition), SYSTEM, match, draft).uid

    def transport(self, org: Org, types: Sequence[str] = ("*",)) -> str:
        """The uid of a new event feed into a queue at AWS, paused."""
        queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo"
        keys = {"access_key_id": "AKIATESTTESTTESTTEST", "secret_access_key": "c2VjcmV0c2VjcmV0c2VjcmV0"}
        with unit_of_work() as session:
            owner, settings = session.get_one(Organization, org.id), self.app.config["SETTINGS"]
            terms = {"name": unique("Feed"), "types": list(types), "queue_url": queue} | keys
            uid = transports.switch_on(session, owner, SYSTEM, settings, "sqs", terms).transport.uid
            transports.pause(session, owner, uid, SYSTEM)
            return uid

    def transport_message(self, org: Org, transport: str) -> str:
        """The uid of a new message in a feed's log, not sent yet."""
        with unit_of_work() as session:
            owner = session.get_one(Organization, org.id)
            transports.resume(session, owner, transport, SYSTEM)
            message = transports.send_test(session, owner, transport, SYSTEM)
            transports.pause(session, owner, transport, SYSTEM)
            return message.uid

    def webhook(self, org: Org, url: str = "https://hooks.example.com/in", types: Sequence[str] = ("*",), **terms: Any) -> str:
        """The uid of a new webhook endpoint."""
        return self.webhook_with_secret(org, url, types, **terms)[0]

    def webhook_with_secret(self, org: Org, url: str, types: Sequence[str] = ("*",), **terms: Any) -> tuple[str, str]:
        """The uid of a new webhook endpoint, and its secret."""
        with unit_of_work() as session:
            owner, settings = session.get_one(Organization, org.id), self.app.config["SETTINGS"]
            made = webhooks.create_endpoint(session, owner, SYSTEM, settings, {"url": url, "types": list(types)} | terms)
            return made.endpoint.uid, made.secret

    def delivery(self, org: Org, webhook: str = "", **data: Any) -> str:
        """The uid of a new delivery, a test event that nobody has sent yet; to a webhook of its own where none is named."""
        uid = webhook or self.webhook(org)
        with unit_of_work() as session:
            return deliveries.send_test(session, session.get_one(Organization, org.id), uid, SYSTEM, "match.completed", data).uid

    def recovery(self, org: Org) -> str:
        """The uid of an order to send a webhook what it was never given, which no worker has taken up."""
        uid, since = self.webhook(org), utc_now() - timedelta(days=1)
        with unit_of_work() as session:
            return recoveries.start_recovery(session, session.get_one(Organization, org.id), uid, SYSTEM, since).uid

    def event(self, org: Org, name: str = "match.completed", data: Mapping[str, Any] | None = None) -> str:
        """The uid of a new event of the organization, not handed on yet."""
        with unit_of_work() as session:
            emit(session, org.id, name, new_uid(), dict(data or {}))
            return session.scalars(select(Event.uid).where(Event.org_id == org.id).order_by(Event.id.desc()).limit(1)).one()

    def signed_in(self, person: Person) -> FlaskClient:
        """A browser in which `person` has signed in."""
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"email": person.email, "password": person.password, **csrf_of(client, "/sign-in")})
        assert answer.status_code == 303, answer.text[:500]
        return client

    def _user(self, session: object, email: str, name: str) -> User:
        """A user; argon2 is slow by design, so the tests hash their one password once."""
        user = User(email=f"{email}@example.com", name=name, password_hash=_hash())
        session.add(user)  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        return user


def _played(score_a: int, score_b: int) -> Report:
    return Report("a" if score_a > score_b else "b" if score_b > score_a else "draw", score_a, score_b)


def csrf_of(client: FlaskClient, url: str) -> dict[str, str]:
    """The CSRF token that the page at `url` carries, as a form field."""
    import re

    page = client.get(url).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    return {"csrf_token": found[1]} if found else {}


def post(client: FlaskClient, url: str, data: Mapping[str, object] | None = None, page: str = "/account", **more: Any) -> Any:
    """Send a form as a browser does, with the CSRF token of `page` (`/account` for somebody signed in)."""
    return client.post(url, data={**csrf_of(client, page), **(data or {})}, **more)


def _hash() -> str:
    from portal.orgs.sign_in import hash_password

    if PASSWORD not in _hashes:
        _hashes[PASSWORD] = hash_password(PASSWORD)
    return _hashes[PASSWORD]

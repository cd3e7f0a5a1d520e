"""Every route there is, and who may use it. A route without a row here fails `test_routes.py`.

ROLES: back-office pages, with the lowest role. KEYS: API calls, with the scope (None: any valid key).
OPEN: everything else, with the reason why it asks for no role and no key.
"""

MEMBER, ADMIN, OWNER = "member", "admin", "owner"

ROLES: dict[str, str] = {
    "agents.index": MEMBER,
    "agents.new": ADMIN,
    "audit.index": ADMIN,
    "catalog.archive": ADMIN,
    "catalog.edit": ADMIN,
    "catalog.games": MEMBER,
    "catalog.new": ADMIN,
    "catalog.providers": MEMBER,
    "catalog.restore": ADMIN,
    "catalog.streams": MEMBER,
    "console.overview": MEMBER,
    "console.search": MEMBER,
    "keys.cancel_roll": ADMIN,
    "keys.disable": ADMIN,
    "keys.edit": ADMIN,
    "keys.enable": ADMIN,
    "keys.end_overlap": ADMIN,
    "keys.index": MEMBER,
    "keys.new": ADMIN,
    "keys.revoke": ADMIN,
    "keys.roll": ADMIN,
    "keys.rotate": ADMIN,
    "keys.show": MEMBER,
    "members.index": MEMBER,
    "members.link": ADMIN,
    "members.new": ADMIN,
    "members.remove": ADMIN,
    "members.reset": ADMIN,
    "members.role": ADMIN,
    "orgs.sandbox": OWNER,
    "orgs.save_allowlist": ADMIN,
    "orgs.save_general": ADMIN,
    "orgs.settings": MEMBER,
    "session_tokens.batches.links": ADMIN,
    "session_tokens.batches.new": ADMIN,
    "session_tokens.batches.show": MEMBER,
    "session_tokens.index": MEMBER,
    "session_tokens.new": ADMIN,
    "session_tokens.revoke": ADMIN,
    "session_tokens.revoke_selected": ADMIN,
    "session_tokens.show": MEMBER,
}

KEYS: dict[str, str | None] = {
    "agent_api.provider_list": "providers:read",
    "competition_api.create_key": "keys:manage",
    "competition_api.delete_key": None,  # a key may revoke itself; any other needs keys:manage, asked inside
    "competition_api.list_keys": "keys:manage",
    "feed_api.alive": None,
    "feed_api.whoami": None,
}

OPEN: dict[str, str] = {
    "account.change_password": "signed in: one's own account",
    "account.end": "signed in: one's own account",
    "account.rename": "signed in: one's own account",
    "account.show": "signed in: one's own account",
    "console.home": "sends everybody where they belong",
    "console.organizations": "signed in: one's own organizations",
    "health.healthz": "for the machine that watches",
    "health.readyz": "for the machine that watches",
    "metrics.metrics": "token or loopback, see tests/web",
    "public.demo_game": "player page",
    "public.jwks": "public keys",
    "public.numbered": "player page: the token is the credential",
    "public.short": "player page: the token is the credential",
    "resets.save": "the link is the credential",
    "resets.show": "the link is the credential",
    "session_api.call": "one address for keyed and open actions, see tests/contracts/test_session_api.py",
    "sign_in.accept": "the link is the credential",
    "sign_in.check": "signing in",
    "sign_in.join": "the link is the credential",
    "sign_in.set_up": "only while there is no user",
    "sign_in.setup": "only while there is no user",
    "sign_in.sign_in": "signing in",
    "sign_in.sign_out": "signing out",
    "sign_in.sign_out_everywhere": "signing out",
    "static": "files that everybody may have",
}

# What stands for a parameter of a route: the name of a thing that `test_routes.things` makes, by room and parameter.
PARAMETERS: dict[tuple[str, str], str] = {
    ("catalog", "number"): "game",
    ("keys", "uid"): "key",
    ("members", "uid"): "member",
    ("session_tokens", "number"): "link",
    ("session_tokens", "uid"): "batch",
}
FIXED: dict[str, object] = {"shelf": "games"}

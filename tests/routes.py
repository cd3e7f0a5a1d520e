"""Every route there is, and who may use it. A route without a row here fails `test_routes.py`.

ROLES: back-office pages, with the lowest role. KEYS: API calls, with the scope (None: any valid key). Some of those also
let others in: WALLETS with the lowest role of the wallet that signs, PUBLIC everybody.
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
    "members.remove_wallet": ADMIN,
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
    "competition_api.add_season_competition": "seasons:write",
    "competition_api.cancel_competition": "competitions:write",
    "competition_api.change_competition": "competitions:write",
    "competition_api.change_organization": "organizations:write",
    "competition_api.change_season": "seasons:write",
    "competition_api.check_in": "competitions:write",
    "competition_api.correct": "matches:write",
    "competition_api.create_challenge": "competitions:write",
    "competition_api.create_competition": "competitions:write",
    "competition_api.create_decision": "competitions:write",
    "competition_api.create_key": "keys:manage",
    "competition_api.create_organization": "organizations:write",
    "competition_api.create_season": "seasons:write",
    "competition_api.create_team": "teams:write",
    "competition_api.delete_competition": "competitions:write",
    "competition_api.delete_decision": "competitions:write",
    "competition_api.delete_key": None,  # a key may revoke itself; any other needs keys:manage, asked inside
    "competition_api.delete_team": "teams:write",
    "competition_api.disqualify_participant": "competitions:write",
    "competition_api.finalize_competition": "competitions:write",
    "competition_api.list_competitions": None,
    "competition_api.list_decisions": None,
    "competition_api.list_keys": "keys:manage",
    "competition_api.list_matches": None,
    "competition_api.list_members": "members:read",
    "competition_api.list_organizations": None,
    "competition_api.list_registrations": None,
    "competition_api.list_roster": None,
    "competition_api.list_season_competitions": None,
    "competition_api.list_seasons": None,
    "competition_api.list_teams": None,
    "competition_api.open_competition": "competitions:write",
    "competition_api.put_member": "members:write",
    "competition_api.put_player": "teams:write",
    "competition_api.register_participant": "competitions:write",
    "competition_api.remove_member": "members:write",
    "competition_api.remove_player": "teams:write",
    "competition_api.remove_season_competition": "seasons:write",
    "competition_api.report_result": "matches:write",
    "competition_api.schedule_match": "matches:write",
    "competition_api.set_seeds": "competitions:write",
    "competition_api.show_analytics": "analytics:read",
    "competition_api.show_bracket": None,
    "competition_api.show_competition": None,
    "competition_api.show_organization": None,
    "competition_api.show_results": None,
    "competition_api.show_season": None,
    "competition_api.show_season_standings": None,
    "competition_api.show_standings": None,
    "competition_api.show_team": None,
    "competition_api.start_competition": "competitions:write",
    "competition_api.undo_check_in": "competitions:write",
    "competition_api.unregister": "competitions:write",
    "feed_api.alive": None,
    "feed_api.whoami": None,
}

# A wallet without any role acts for itself: it makes an organization, it registers.
ITSELF = ""

WALLETS: dict[str, str] = {
    "competition_api.add_season_competition": ADMIN,
    "competition_api.cancel_competition": ADMIN,
    "competition_api.change_competition": ADMIN,
    "competition_api.change_organization": ADMIN,
    "competition_api.change_season": ADMIN,
    "competition_api.check_in": ITSELF,
    "competition_api.correct": ADMIN,
    "competition_api.create_challenge": ADMIN,
    "competition_api.create_competition": MEMBER,
    "competition_api.create_decision": ADMIN,
    "competition_api.create_key": ADMIN,
    "competition_api.create_organization": ITSELF,
    "competition_api.create_season": ADMIN,
    "competition_api.create_team": MEMBER,
    "competition_api.delete_competition": ADMIN,
    "competition_api.delete_decision": ADMIN,
    "competition_api.delete_key": ADMIN,
    "competition_api.delete_team": ADMIN,
    "competition_api.disqualify_participant": ADMIN,
    "competition_api.finalize_competition": ADMIN,
    "competition_api.list_keys": MEMBER,
    "competition_api.list_members": MEMBER,
    "competition_api.open_competition": ADMIN,
    "competition_api.put_member": ADMIN,
    "competition_api.put_player": MEMBER,
    "competition_api.register_participant": ITSELF,
    "competition_api.remove_member": ADMIN,
    "competition_api.remove_player": MEMBER,
    "competition_api.remove_season_competition": ADMIN,
    "competition_api.report_result": ADMIN,
    "competition_api.schedule_match": ADMIN,
    "competition_api.set_seeds": ADMIN,
    "competition_api.show_analytics": MEMBER,
    "competition_api.start_competition": ADMIN,
    "competition_api.undo_check_in": ITSELF,
    "competition_api.unregister": ITSELF,
}

# Every call without a scope of the Competition API but the one that lets a key revoke itself.
PUBLIC = frozenset(
    endpoint
    for endpoint, scope in KEYS.items()
    if endpoint.startswith("competition_api.") and scope is None and endpoint not in WALLETS
)

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
    ("members", "wallet_uid"): "wallet_member",
    ("session_tokens", "number"): "link",
    ("session_tokens", "uid"): "batch",
}
FIXED: dict[str, object] = {"shelf": "games"}

# The same for the Competition API, by the part of the address before the parameter; calls on a started competition apart.
SEGMENTS = {
    "competitions": "competition",
    "decisions": "decision",
    "matches": "match",
    "members": "wallet_member",
    "organizations": "org",
    "registrations": "registration",
    "roster": "player",
    "seasons": "season",
    "teams": "team",
}
ON_A_RUNNING_ONE = frozenset(
    {
        "competition_api.correct",
        "competition_api.create_challenge",
        "competition_api.delete_decision",
        "competition_api.disqualify_participant",
        "competition_api.report_result",
        "competition_api.schedule_match",
        "competition_api.set_seeds",
    }
)

# What a call has to carry before it asks who may do this; `{name}` is one of the things. The others carry an empty body.
SENT: dict[str, dict[str, object]] = {
    "competition_api.add_season_competition": {"competition_id": "{competition}"},
    "competition_api.check_in": {"wallet": "{wallet}"},
    "competition_api.correct": {"score_a": 2, "score_b": 0, "winner": "a", "reason": "Entered the wrong way round."},
    "competition_api.create_challenge": {"challenger": "{registration}", "opponent": "{registration}"},
    "competition_api.create_competition": {"org_id": "{org}", "title": "Spring Cup", "type": "bracket"},
    "competition_api.create_decision": {"over": "{registration}", "under": "{registration}", "reason": "Fair play."},
    "competition_api.create_key": {"org_id": "{org}"},
    "competition_api.create_organization": {"name": "Esports League NA"},
    "competition_api.create_season": {"org_id": "{org}", "name": "Spring 2026"},
    "competition_api.create_team": {"org_id": "{org}", "name": "Team Alpha"},
    "competition_api.disqualify_participant": {"reason": "Did not come."},
    "competition_api.put_member": {"wallet": "{wallet}", "role": "member"},
    "competition_api.put_player": {"wallet": "{wallet}"},
    "competition_api.register_participant": {"wallet": "{wallet}"},
    "competition_api.report_result": {"score_a": 2, "score_b": 0, "winner": "a"},
    "competition_api.schedule_match": {"scheduled_at": "2030-01-01T00:00:00Z"},
    "competition_api.set_seeds": {"seeds": [{"registration_id": "{registration}", "seed": 1}]},
}
ASKED: dict[str, dict[str, str]] = {
    "competition_api.delete_key": {"id": "{key}"},
    "competition_api.list_keys": {"org_id": "{org}"},
    "competition_api.list_teams": {"org_id": "{org}"},
    "competition_api.remove_season_competition": {"competition_id": "{competition}"},
    "competition_api.show_analytics": {"org_id": "{org}"},
}

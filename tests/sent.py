"""What the calls of the Competition API carry in `test_routes`: ids in the address, a body, and parameters."""

# What stands for a parameter, by the part of the address before it; calls on a started competition apart.
SEGMENTS = {
    "competitions": "competition",
    "decisions": "decision",
    "matches": "match",
    "members": "wallet_member",
    "offers": "offer",
    "organizations": "org",
    "registrations": "registration",
    "roster": "player",
    "seasons": "season",
    "teams": "team",
    "events": "event",
    "webhooks": "webhook",
}
ON_A_RUNNING_ONE = frozenset(
    {
        "competition_api.change_offer",
        "competition_api.correct",
        "competition_api.create_challenge",
        "competition_api.create_offer",
        "competition_api.delete_decision",
        "competition_api.disqualify_participant",
        "competition_api.report_result",
        "competition_api.schedule_match",
        "competition_api.set_seeds",
        "competition_api.settle_offer",
        "competition_api.show_offer",
        "competition_api.suspend_offer",
        "competition_api.unsuspend_offer",
        "competition_api.void_offer",
    }
)

# What a call has to carry before it asks who may do this; `{name}` is one of the things. The others carry an empty body.
SENT: dict[str, dict[str, object]] = {
    "competition_api.change_offer": {"outcomes": [{"key": "a", "price": "1.70"}]},
    "competition_api.create_offer": {"outcomes": [{"key": "a", "price": "1.85"}, {"key": "b", "price": "1.95"}]},
    "competition_api.settle_offer": {"outcome": "a"},
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
    "competition_api.create_webhook": {"org_id": "{org}", "url": "https://192.0.78.1/hooks", "events": ["match.completed"]},
    "competition_api.disqualify_participant": {"reason": "Did not come."},
    "competition_api.put_member": {"wallet": "{wallet}", "role": "member"},
    "competition_api.put_player": {"wallet": "{wallet}"},
    "competition_api.put_whitelabel": {"org_id": "{org}", "primary_color": "#ff6600"},
    "competition_api.register_participant": {"wallet": "{wallet}"},
    "competition_api.report_result": {"score_a": 2, "score_b": 0, "winner": "a"},
    "competition_api.schedule_match": {"scheduled_at": "2030-01-01T00:00:00Z"},
    "competition_api.set_seeds": {"seeds": [{"registration_id": "{registration}", "seed": 1}]},
}
ASKED: dict[str, dict[str, str]] = {
    "competition_api.delete_key": {"id": "{key}"},
    "competition_api.list_keys": {"org_id": "{org}"},
    "competition_api.list_events": {"org_id": "{org}"},
    "competition_api.list_teams": {"org_id": "{org}"},
    "competition_api.list_webhooks": {"org_id": "{org}"},
    "competition_api.remove_season_competition": {"competition_id": "{competition}"},
    "competition_api.show_analytics": {"org_id": "{org}"},
    "competition_api.show_embed": {"competition_id": "{competition}"},
    "competition_api.show_whitelabel": {"org_id": "{org}"},
}

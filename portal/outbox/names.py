"""Every event type there is, with one sentence each. Emitting a name that is not here is a Fault."""

EVENTS: dict[str, str] = {
    "key.issued": "An API key was issued.",
    "key.changed": "The settings of an API key were changed.",
    "key.rotated": "An API key got a new secret and the old one died at once.",
    "key.rolled": "An API key got a new secret and the old one lives on for an overlap.",
    "key.disabled": "An API key was switched off; it can be switched on again.",
    "key.enabled": "An API key was switched on again.",
    "key.revoked": "An API key was revoked for good.",
    "key.deleted": "The record of an API key was removed.",
    "session.created": "A one-time session link was created.",
    "session.consumed": "A one-time session link was used by its player.",
    "session.revoked": "A one-time session link was revoked before it was used.",
}

"""The `flask --app app` commands that look after a running installation."""

import re

from sqlalchemy import select

from portal.audit.model import AuditRow
from portal.kernel.crypto import Master
from portal.session_tokens import player_jwt
from tests.conftest import SECRET


def kids(client) -> list[str]:
    return [key["kid"] for key in client.get("/.well-known/jwks.json").json["keys"]]


def test_a_new_signing_key_signs_and_the_old_one_stays_published(app, client, make, session):
    make.org()
    old = kids(client)[0]
    answer = app.test_cli_runner().invoke(args=["rotate-signing-key"])
    assert answer.exit_code == 0, answer.output
    new = re.search(r"signed with ([\w-]{43}) from now on", answer.output)[1]
    assert "stays published for 70 minutes" in answer.output
    assert new != old and {new, old} <= set(kids(client))
    assert player_jwt.signing_key(session, Master(SECRET))[0] == new
    row = session.scalars(select(AuditRow).where(AuditRow.action == "signing_key.rotated").order_by(AuditRow.id.desc())).first()
    assert (row.subject_id, row.actor_kind) == (new, "system")

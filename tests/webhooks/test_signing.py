"""Signatures that the public library and the page's own sample accept, and secrets that open in their own row only."""

import base64
import json
import re
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from portal.audit.service import SYSTEM
from portal.kernel.crypto import Master
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Fault
from portal.webhooks import service
from portal.webhooks.model import Endpoint
from portal.webhooks.outgoing import compose, live_secrets, signer_of, sources_of
from portal.webhooks.signing import new_secret, opened, sealed, signature_headers, standard_signature

PAGE = Path(__file__).parent.parent / "contracts" / "competition-api.txt"
BODY = b'{"test": 2432232314}'


def test_the_official_vector_comes_out():
    """Of the specification, and M43."""
    secret, message, timestamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    assert standard_signature(secret, message, timestamp, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_thirty_two_random_bytes_in_base64():
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32 for secret in secrets)


class TestVerifiedByTheLibrary:
    def headers(self, live, *, at=None, message="msg_1"):
        return signature_headers("X-LightChallenge", live, message, "match.completed", int(at or time.time()), BODY)

    def test_a_delivery_is_accepted(self):
        secret = new_secret()
        assert Webhook(secret).verify(BODY, self.headers([secret])) == json.loads(BODY)

    def test_while_a_secret_is_rotated_both_accept(self):
        new, old = new_secret(), new_secret()
        headers = self.headers([new, old])
        assert len(headers["webhook-signature"].split(" ")) == 2
        for secret in (new, old):
            Webhook(secret).verify(BODY, headers)

    @pytest.mark.parametrize("wrong", ["secret", "body", "id", "old", "future", "truncated"])
    def test_anything_else_is_not(self, wrong):
        secret, moved = new_secret(), {"old": -301, "future": 301}
        headers = self.headers([secret], at=time.time() + moved.get(wrong, 0))
        if wrong == "id":
            headers["webhook-id"] = "msg_2"
        if wrong == "truncated":
            headers["webhook-signature"] = headers["webhook-signature"][:-4]
        body = BODY + b" " if wrong == "body" else BODY
        with pytest.raises(WebhookVerificationError):
            Webhook(new_secret() if wrong == "secret" else secret).verify(body, headers)


@pytest.mark.skipif(not shutil.which("node"), reason="the page's sample is for Node, and there is none here")
class TestThePagesOwnSample:
    """Run as it is printed."""

    def verify(self, body, signature, secret):
        sample = re.search(r"const crypto = .*?\n}(?=Retry)", PAGE.read_text(), re.S)[0]
        asked = f"console.log(verifyWebhook({json.dumps(body)}, {json.dumps(signature)}, {json.dumps(secret)}))"
        return subprocess.run(["node", "-e", f"{sample}\n{asked}"], capture_output=True, text=True, timeout=30).stdout.strip()

    def test_it_accepts_a_delivery_and_refuses_a_changed_one(self):
        secret = new_secret()
        signature = signature_headers("X-LightChallenge", [secret], "m", "match.completed", 1, BODY)["X-LightChallenge-Signature"]
        assert self.verify(BODY.decode(), signature, secret) == "true"
        assert self.verify(BODY.decode() + " ", signature, secret) == "false"
        assert self.verify(BODY.decode(), signature, new_secret()) == "false"

    def test_it_goes_on_accepting_with_the_old_secret_until_the_overlap_ends(self):
        new, old = new_secret(), new_secret()
        headers = signature_headers("X-LightChallenge", [new, old], "m", "match.completed", 1, BODY)
        assert self.verify(BODY.decode(), headers["X-LightChallenge-Signature"], old) == "true"
        assert self.verify(BODY.decode(), headers["X-LightChallenge-Signature-Next"], new) == "true"


def test_a_sealed_secret_opens_in_its_own_row_and_column_only():
    master, other = Master("master-key"), Master("other-key")
    closed = sealed(master, 1, "row", "secret", "whsec_x")
    assert opened(master, 1, "row", "secret", closed) == "whsec_x"
    for place in ((other, 1, "row", "secret"), (master, 2, "row", "secret"), (master, 1, "other", "secret")):
        with pytest.raises(Fault):
            opened(*place, closed)
    with pytest.raises(Fault):
        opened(master, 1, "row", "previous_secret", closed)


def test_secrets_swapped_between_rows_sign_nothing(office):
    mine, other = office.endpoint(), office.endpoint()
    ids = [office.get(uid).id for uid in (mine, other)]
    with unit_of_work() as session:
        rows = [session.get_one(Endpoint, number) for number in ids]
        rows[0].secret, rows[1].secret = rows[1].secret, rows[0].secret
    office.tell()
    for each in office.claim():
        with unit_of_work() as session:
            sources = sources_of(session, [each])
        with pytest.raises(Fault):
            compose(each, sources, signer_of(each.endpoint, office.settings.master, each.at), office.settings)


def test_the_table_holds_no_secret_that_could_be_read(office):
    uid, secret = office.make.webhook_with_secret(
        office.org, "http://127.0.0.1:9/", headers={"Authorization": "Bearer canary-7f3a"}
    )
    row = office.get(uid)
    stored = b"".join(value for value in (row.secret, row.headers) if value)
    assert secret.encode() not in stored and b"canary-7f3a" not in stored
    assert row.header_names == ["Authorization"]


def test_an_overlap_ends_by_itself_and_by_hand(office):
    uid, first = office.make.webhook_with_secret(office.org, "http://127.0.0.1:9/")
    second = office.do(service.rotate_secret, uid, SYSTEM, office.settings).secret
    row, master = office.get(uid), office.settings.master
    assert live_secrets(row, master, row.updated_at) == [second, first]
    assert live_secrets(row, master, row.updated_at + timedelta(hours=24)) == [second]
    office.do(service.end_overlap, uid, SYSTEM)
    assert live_secrets(office.get(uid), master, row.updated_at) == [second]

"""A wallet's signature as a credential: what is accepted, every way in which it is not, and that it counts once."""

import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.admission import jobs, wallet
from portal.admission.idempotency import KeptAnswer
from portal.admission.keyring import GUESSES
from portal.admission.wallet import NAMES, SpentSignature, is_address, read_signed
from portal.kernel.clock import utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import Unauthenticated
from tests.admission.racing import at_once
from tests.make import unique

TEAMS = "/api/v1/teams"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def org(make):
    return make.org()


@pytest.fixture
def signer(make, org):
    return make.wallet(org, "owner")


@pytest.fixture
def write(client, org):
    """Make a team with the given headers; from an address of its own where one is given."""

    def of(headers, address="127.0.0.1", name=""):
        body = {"org_id": org.uid, "name": name or unique("Team")}
        return client.post(TEAMS, json=body, headers=headers, environ_base={"REMOTE_ADDR": address})

    return of


def teams(client, org) -> int:
    return len(client.get(f"{TEAMS}?org_id={org.uid}").json["data"])


def refused(answer) -> bool:
    return (answer.status_code, answer.json) == (401, {"ok": False, "error": "Authentication required"})


def test_a_member_s_signature_opens_what_its_role_may(client, org, signer, write):
    for spelled in (str, str.lower):
        headers = signer.headers()
        headers["x-lc-address"] = spelled(headers["x-lc-address"])
        answer = write(headers)
        assert answer.status_code == 201, answer.text
    assert teams(client, org) == 2
    for header in ("Limit", "Remaining", "Reset"):
        assert answer.headers[f"X-RateLimit-{header}"].isdigit()


@pytest.mark.parametrize("missing", NAMES)
def test_all_three_headers_are_needed(client, org, signer, write, missing):
    for value in (None, "", "  "):
        headers = {name: text for name, text in signer.headers().items() if name != missing}
        assert refused(write(headers if value is None else headers | {missing: value}))
    assert teams(client, org) == 0


def test_a_signature_of_somebody_else_or_of_another_moment_is_not_true(client, make, org, signer, write):
    stranger, headers = make.wallet(), signer.headers()
    assert refused(write(stranger.headers() | {"x-lc-address": signer.address}))
    assert refused(write(headers | {"x-lc-timestamp": str(int(headers["x-lc-timestamp"]) - 1)}))
    other = signer.headers()["x-lc-signature"]
    assert refused(write(headers | {"x-lc-signature": other}))
    assert teams(client, org) == 0
    assert write(headers).status_code == 201, "what was refused has used nothing up"


def parts(headers) -> tuple[int, int, int]:
    raw = bytes.fromhex(headers["x-lc-signature"][2:])
    return int.from_bytes(raw[:32]), int.from_bytes(raw[32:64]), raw[64]


def joined(r: int, s: int, v: int) -> dict[str, str]:
    return {"x-lc-signature": f"0x{(r.to_bytes(32) + s.to_bytes(32) + bytes([v])).hex()}"}


def test_the_other_spelling_of_the_same_signature_is_refused(client, org, signer, write):
    """(r, n - s) with the other v is as true to the curve: it would be a second use of one signature."""
    headers = signer.headers()
    r, s, v = parts(headers)
    twin = headers | joined(r, ORDER - s, 55 - v)
    from portal.admission.ethereum import Account, encode_defunct

    message = encode_defunct(text=f"lightchallenge:{headers['x-lc-timestamp']}")
    assert Account.recover_message(message, signature=twin["x-lc-signature"]) == signer.address, "the twin is true"
    assert refused(write(twin))
    assert refused(write(headers | joined(r, s, v - 27))), "v is 27 or 28, not 0 or 1"
    assert refused(write(headers | joined(r, s, v + 8)))
    assert refused(write(headers | joined(0, s, v)))
    assert refused(write(headers | joined(r, 0, v)))
    assert teams(client, org) == 0
    assert write(headers).status_code == 201


@pytest.mark.parametrize(
    "changed",
    [
        {"x-lc-signature": "0x" + "ab" * 64},
        {"x-lc-signature": "ab" * 65},
        {"x-lc-signature": "0x" + "zz" * 65},
        {"x-lc-signature": "0x" + "ff" * 65},
        {"x-lc-timestamp": "now"},
        {"x-lc-timestamp": "1.7e12"},
        {"x-lc-timestamp": "-1700000000000"},
        {"x-lc-timestamp": "1700000000"},
        {"x-lc-timestamp": "9" * 40},
        {"x-lc-address": "0x0"},
        {"x-lc-address": "vitalik.eth"},
    ],
)
def test_what_is_no_signature_is_refused(signer, write, changed):
    assert refused(write(signer.headers() | changed))


def test_a_checksum_that_is_wrong_is_a_mistyped_address(signer, write):
    wrong = signer.address[:2] + "".join(letter.swapcase() for letter in signer.address[2:])
    assert wrong.lower() == signer.address.lower() and not is_address(wrong)
    assert refused(write(signer.headers() | {"x-lc-address": wrong}))
    for good in (signer.address, signer.address.lower(), "0x" + signer.address[2:].upper()):
        assert is_address(good)
    # EIP-55's own examples
    assert is_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed") and is_address("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB")
    assert not is_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD")


def test_it_is_good_for_five_minutes_and_little_ahead(client, org, signer, write):
    now = time.time()
    for seconds in (-310, 60, 3600, -86_400):
        assert refused(write(signer.headers(int((now + seconds) * 1000))))
    for seconds in (-280, 20):
        assert write(signer.headers(int((now + seconds) * 1000))).status_code == 201


@pytest.mark.parametrize(("age", "good"), [(300, True), (300.001, False), (-30, True), (-30.001, False), (0, True)])
def test_the_window_is_exact(signer, age, good):
    headers = signer.headers()
    now = int(headers["x-lc-timestamp"]) / 1000 + age
    if good:
        assert read_signed(headers, now + (-1e-6 if age > 0 else 1e-6)).wallet == signer.address
    else:
        with pytest.raises(Unauthenticated):
            read_signed(headers, now)


def test_it_authorizes_one_change_but_any_number_of_reads(client, org, signer, write):
    headers = signer.headers()
    for _ in range(3):
        assert client.get(f"/api/v1/organizations/{org.uid}/members", headers=headers).status_code == 200
    assert write(headers).status_code == 201
    assert refused(write(headers))
    assert refused(write(headers | {"x-lc-address": signer.address.lower()}))
    assert client.get(f"/api/v1/organizations/{org.uid}/members", headers=headers).status_code == 200
    assert teams(client, org) == 1


def test_a_change_that_is_refused_leaves_the_signature_unused(client, org, signer, write):
    headers = signer.headers()
    assert write(headers, name="x").status_code == 400
    assert write(headers).status_code == 201


def test_sent_twice_at_once_it_has_one_effect(app, client, org, signer):
    headers = signer.headers()
    answers = at_once(app, [sending(org, headers)] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
    assert teams(client, org) == 1


def test_a_memory_in_the_process_would_let_two_pass(app, client, org, signer, monkeypatch):
    """The naive twin: look whether it was used, then note it. Both look before either notes."""
    used, both = set(), threading.Barrier(2)

    def naively(_session, signed):
        if (signed.wallet, signed.timestamp) in used:
            raise Unauthenticated("used")
        both.wait(10)
        used.add((signed.wallet, signed.timestamp))

    monkeypatch.setattr(wallet, "spend", naively)
    answers = at_once(app, [sending(org, signer.headers())] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert teams(client, org) == 2


def sending(org, headers):
    return lambda client: client.post(TEAMS, json={"org_id": org.uid, "name": "Team Alpha"}, headers=headers)


def test_a_key_and_a_signature_together_are_two_credentials(make, org, signer, write):
    key = {"Authorization": f"Bearer {make.key(org, 'competition')}"}
    for headers in (signer.headers() | key, {"x-lc-address": signer.address} | key):
        assert write(headers).status_code == 400


def test_a_call_that_takes_keys_only_takes_no_signature(client, signer):
    answer = client.get("/v1/whoami", headers=signer.headers())
    assert answer.status_code == 401


def test_guessing_is_braked_by_address(make, signer, write):
    stranger = make.wallet()
    false = stranger.headers() | {"x-lc-address": signer.address}
    codes = [write(false, "2001:db8:77::1").status_code for _ in range(2 * GUESSES)]
    assert codes[:GUESSES] == [401] * GUESSES and 429 in codes[GUESSES:]  # a slow machine wins a guess back on the way
    while write(false, "2001:db8:77::1").status_code == 401:
        pass
    answer = write(signer.headers(), "2001:db8:77::1")
    assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 60
    assert write(signer.headers(), address="2001:db8:78::1").status_code == 201


def test_a_wallet_writes_sixty_times_a_minute_whatever_its_address(make, client, org, signer, write):
    codes = [write(signer.headers(), f"198.51.101.{number % 7}", name="x").status_code for number in range(61)]
    assert codes == [400] * 60 + [429]


def test_an_organization_s_address_list_holds_for_its_wallets(client, make):
    org = make.org(allowed_addresses="203.0.113.0/24")
    headers = make.wallet(org, "owner").headers
    url = f"/api/v1/organizations/{org.uid}/members"
    assert client.get(url, headers=headers()).status_code == 403
    assert client.get(url, headers=headers(), environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 200


def test_what_can_no_longer_matter_is_forgotten(app, make, org, signer, write):
    assert write(signer.headers() | {"Idempotency-Key": "a"}).status_code == 201
    young, old = rows_of(signer), utc_now() + timedelta(hours=25)
    assert young == (1, 1)
    jobs.prune()
    assert rows_of(signer) == (1, 1)
    with unit_of_work() as session:  # as if a day had passed for these two alone
        mine = SpentSignature.wallet == signer.address.lower()
        session.query(SpentSignature).filter(mine).update({"spent_at": utc_now() - (old - utc_now())})
        session.query(KeptAnswer).filter(KeptAnswer.owner == signer.address.lower()).update(
            {"created_at": utc_now() - (old - utc_now())}
        )
    jobs.prune()
    assert rows_of(signer) == (0, 0)


def rows_of(signer) -> tuple[int, int]:
    """Used signatures and kept answers of a wallet."""
    with reading() as connection:
        spent = connection.execute(select(SpentSignature.id).where(SpentSignature.wallet == signer.address.lower())).all()
        kept = connection.execute(select(KeptAnswer.id).where(KeptAnswer.owner == signer.address.lower())).all()
        return len(spent), len(kept)


@pytest.mark.parametrize(("library", "limit"), [("portal.admission.ethereum", 1000), ("eth_account", 100_000)])
def test_recovering_signatures_leaves_the_recursion_limit_as_it_was(library, limit):
    """The library by itself raises it for the whole process, and deep brackets then end the process."""
    program = f"import sys, {library}; print(sys.getrecursionlimit())"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(found.stdout) == limit


def test_a_wallet_that_called_does_not_make_deep_brackets_deadly():
    program = "import json, portal.admission.ethereum\ntry: json.loads('[' * 100_000)\nexcept RecursionError: print('alive')"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "alive\n")

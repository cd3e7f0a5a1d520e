"""Sending to a FIFO queue of Amazon SQS. Blocking, for a thread; the organization's own credentials or a role it lends us."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # the extra `sqs` is not installed
    boto3 = None

from portal.kernel.clock import utc_now
from portal.transports.claiming import Outcome, Turn
from portal.transports.composing import Letter
from portal.transports.terms import endpoint_of
from portal.transports.trouble import TroubleError

AT_ONCE = 10  # SQS: entries of one request
TURN_SECONDS = 12.0  # well within the lease; what is left goes next time
_GOOD_FOR = 60.0  # seconds that borrowed credentials must still live


def installed() -> bool:
    """Is the extra there?"""
    return boto3 is not None


@dataclass
class _Kept:
    """A client, and until when its credentials live (None: until they are changed)."""

    client: Any
    stamp: tuple[Any, ...]
    expires: datetime | None = None


class Sender:
    """Of one worker process; clients are kept, since making one costs more than sending."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def send(self, turn: Turn, outcome: Outcome) -> None:
        """What the turn holds; `outcome` says what was taken, also when TroubleError is raised.

        Of one group (one competition) a request holds one message, so that what is refused holds up what follows it."""
        until = time.monotonic() + TURN_SECONDS
        try:
            client = self._client(turn)
            waiting, stuck = list(turn.letters), set[str]()
            while waiting and time.monotonic() < until:
                batch, waiting = _next_batch(waiting, stuck)
                if not batch:
                    break
                self._send_batch(client, turn.transport.target, batch, outcome, stuck)
        except (BotoCoreError, ClientError) as error:
            self._kept.pop(turn.transport.id, None)
            raise TroubleError(_words(error)) from None

    def _send_batch(self, client: Any, queue_url: str, batch: Sequence[Letter], outcome: Outcome, stuck: set[str]) -> None:
        entries = [
            {
                "Id": str(number),
                "MessageBody": letter.entry.body,
                "MessageGroupId": letter.entry.group,
                "MessageDeduplicationId": letter.entry.id,
            }
            for number, letter in enumerate(batch)
            if letter.entry
        ]
        answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)
        for each in answer.get("Successful", ()):
            number = f", number {each['SequenceNumber']}" if each.get("SequenceNumber") else ""
            outcome.sent[batch[int(each["Id"])].id] = f"The queue took it as message {each.get('MessageId', '')}{number}."
        for each in answer.get("Failed", ()):
            letter = batch[int(each["Id"])]
            if letter.entry:
                stuck.add(letter.entry.group)
            why = ". ".join(text.rstrip(".") for text in (each.get("Code"), each.get("Message")) if text) or "no reason given"
            outcome.refused[letter.id] = f"The queue refused the message: {why}."

    def _client(self, turn: Turn) -> Any:
        transport = turn.transport
        stamp = (transport.target, transport.region, transport.role_arn, transport.secret)
        kept = self._kept.get(transport.id)
        if kept is None or kept.stamp != stamp or (kept.expires and (kept.expires - utc_now()).total_seconds() < _GOOD_FOR):
            kept = self._kept[transport.id] = self._open(turn, stamp)
        return kept.client

    def _open(self, turn: Turn, stamp: tuple[Any, ...]) -> _Kept:
        transport, secret, expires = turn.transport, turn.secret, None
        endpoint = endpoint_of(transport.target)
        keys = {
            "aws_access_key_id": secret.get("access_key_id", ""),
            "aws_secret_access_key": secret.get("secret_access_key", ""),
        }
        if transport.role_arn:
            keys, expires = _borrowed(turn, endpoint)
        elif not all(keys.values()):
            # Without any, boto3 would take the installation's own credentials, which are nobody else's to use.
            raise TroubleError("The access key is missing. Give it again.")
        return _Kept(
            boto3.client("sqs", transport.region, endpoint_url=endpoint, config=_config(endpoint), **keys), stamp, expires
        )


def _next_batch(waiting: Sequence[Letter], stuck: set[str]) -> tuple[list[Letter], list[Letter]]:
    """The next request, and what is left; groups in which something was refused are left out."""
    batch: list[Letter] = []
    left: list[Letter] = []
    groups, size = set(stuck), 0
    for letter in waiting:
        entry = letter.entry
        if entry is None or entry.group in stuck:
            continue
        weight = len(entry.body.encode())
        if entry.group in groups or len(batch) == AT_ONCE or (batch and size + weight > 262_144):
            left.append(letter)
            groups.add(entry.group)  # nothing of this group may overtake it
        else:
            batch.append(letter)
            groups.add(entry.group)
            size += weight
    return batch, left


def _borrowed(turn: Turn, endpoint: str | None) -> tuple[dict[str, Any], datetime]:
    """Credentials of the role; the external id is the transport's, so that nobody lends us somebody else's role."""
    # An installation's own credentials are found as boto3 finds them: its environment, its machine's role.
    own = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if endpoint else {}
    client = boto3.client("sts", turn.transport.region, endpoint_url=endpoint, config=_config(endpoint), **own)
    named = {"RoleSessionName": "tiltyard", "ExternalId": turn.transport.uid, "DurationSeconds": 3600}
    found = client.assume_role(RoleArn=turn.transport.role_arn, **named)["Credentials"]
    keys = {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"]}
    return keys | {"aws_session_token": found["SessionToken"]}, found["Expiration"]


def _config(endpoint: str | None) -> Any:
    direct: dict[str, Any] = {"proxies": {}} if endpoint else {}
    return Config(connect_timeout=4, read_timeout=8, retries={"total_max_attempts": 1}, **direct)


def _words(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        hint = _HINTS.get(code) or _HINTS.get(code.rpartition(".")[2], "")
        return f"{hint} AWS answered {code[:80] or 'with an error'}.".lstrip()
    return f"The queue could not be reached ({type(error).__name__})."


_HINTS = {
    "NonExistentQueue": "There is no queue at this address.",
    "QueueDoesNotExist": "There is no queue at this address.",
    "AccessDenied": "Allow sqs:SendMessage on the queue to this key or role.",
    "AccessDeniedException": "Allow sqs:SendMessage on the queue to this key or role.",
    "KMS.AccessDeniedException": "Allow kms:GenerateDataKey and kms:Decrypt on the key that encrypts the queue.",
    "InvalidClientTokenId": "The access key is unknown.",
    "SignatureDoesNotMatch": "The secret does not belong to the access key.",
    "ExpiredToken": "The credentials have expired.",
}

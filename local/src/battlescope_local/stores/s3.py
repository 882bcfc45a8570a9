"""S3 server of the node: SeaweedFS in one process, for the archive."""

import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.errors import BucketMissing, ObjectMissing
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_local.processes.children import Command, Processes
from battlescope_local.settings import S3Access
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports, is_free
from battlescope_local.stores.seaweedfs_security import JWT_KEYS, configure_security
from battlescope_local.stores.seaweedfs_webhook import Webhook, configure_webhook
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

BUCKET: Final = "battlescope-archive"
NO_ORIGIN: Final = "https://origin.invalid"  # weed replaces an empty list by `*`: every web page
READINESS_KEY: Final = "readiness/probe"  # below none of the prefixes that any function lists
READINESS_BYTES: Final = 16
PROBE_TIMEOUT: Final = aiohttp.ClientTimeout(total=2)
# weed listens on all of these, used or not; the gRPC port of `admin` is its port plus 10000, as weed's worker assumes.
GRPC_OFFSET: Final = 10_000
SERVERS: Final = ("master", "volume", "filer", "s3")
SOCKETS: Final = Path("/tmp")  # noqa: S108  # weed creates a socket there for each gRPC port
# Garbage may be a quarter of what is in use. With Go's own 100 the buffers of a backfilled day made 300 MiB of 150, at
# the same CPU. No GOMEMLIMIT: what is in use grows with the archive, and near a limit Go collects all the time (four
# times the CPU for a killmail).
GARBAGE_PERCENT: Final = "25"


def prepare_server(
    folder: Path, processes: Processes, ports: Ports, state_file: StateFile, webhook: Webhook | None = None
) -> tuple[S3Access, SupervisedProcess]:
    """S3 access and the server, which the caller starts; it notifies `webhook` of manifests."""
    folder.mkdir(exist_ok=True, mode=0o700)
    remove_sockets(state_file)
    if webhook is not None:
        configure_webhook(folder, webhook, BUCKET)
    configure_security(folder, {name: state_file.password(f"seaweedfs-{name}") for name in JWT_KEYS})
    (folder / "log").mkdir(exist_ok=True)
    (folder / "data" / "mini.options").unlink(missing_ok=True)  # weed prefers its last arguments there to the new ones
    access = S3Access(f"http://127.0.0.1:{ports.get('s3')}", "battlescope", state_file.password("s3"))
    command = Command(
        name="seaweedfs",
        argv=(_binary(), f"-logdir={folder / 'log'}", "mini", *_options(folder, ports)),
        folder=folder,
        env={
            "HOME": str(folder),
            "GOGC": GARBAGE_PERCENT,
            "AWS_ACCESS_KEY_ID": access.access_key,
            "AWS_SECRET_ACCESS_KEY": access.secret_key,
        },
    )
    return access, SupervisedProcess(processes, command, Readiness(access).reached)


def _options(folder: Path, ports: Ports) -> list[str]:
    listening = [
        option
        for name in SERVERS
        for option in (f"-{name}.port={ports.get(name)}", f"-{name}.port.grpc={ports.get(f'{name}-grpc', has_socket)}")
    ]
    return [
        *listening,
        f"-admin.port={ports.get('admin')}",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-admin.ui=false",
        "-disableHttp",  # of the master, which would assign files and delete collections for everybody
        "-s3.autoCreateBucket=true",
        f"-s3.allowedOrigins={NO_ORIGIN}",
        f"-filer.allowedOrigins={NO_ORIGIN}",
        "-webdav=false",
        "-master.telemetry=false",
        # A master that resumes its state becomes leader milliseconds after it begins to listen. A volume server that
        # registers before that is refused and waits five seconds for its next try, without any volume in the meantime.
        # A fresh master is leader before it listens, and learns of the volumes from the volume server anyway.
        "-master.resumeState=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-volume.preStopSeconds=0",  # no other server has to learn that this volume server stops
    ]


def remove_sockets(state_file: StateFile) -> None:
    """Remove the sockets that the weed of this state file left in /tmp; a killed weed leaves all of them behind."""
    ports = [int(state_file.get(f"port-{name}-grpc") or 0) for name in SERVERS]
    ports.append(int(state_file.get("port-admin") or 0) + GRPC_OFFSET)
    for port in ports:
        for path in SOCKETS.glob(f"seaweedfs-*-grpc-{port}.sock"):
            if is_free(port) and path.stat().st_uid == os.geteuid():
                path.unlink(missing_ok=True)


def has_socket(port: int, folder: Path = SOCKETS, user: int | None = None) -> bool:
    """Whether weed can create its socket for this port.

    It cannot replace the socket that the weed of another user left behind; it then never becomes ready, and never ends.
    """
    user = os.geteuid() if user is None else user
    sockets = folder.glob(f"seaweedfs-*-{port}.sock")
    return user == 0 or all(socket.stat().st_uid == user for socket in sockets)


def _binary() -> str:
    beside_python = Path(sys.executable).parent / "weed"
    path = shutil.which("weed") or (str(beside_python) if beside_python.is_file() else None)
    if path is None:
        message = "SeaweedFS (weed) was found neither on this machine nor in the Python environment."
        raise StoreError(message)
    return path


class Readiness:
    """Checks that the node's S3 server is usable: an object of an earlier start is readable, a new one is stored.

    weed responds to /healthz while its volume server is still unknown to its other servers, and GetObject fails with
    InternalError until then. The object of an earlier start is in a volume of that start. weed creates the bucket with
    the first object: boto3, which creates buckets, would take 30 MB of the node.
    """

    def __init__(self, access: S3Access) -> None:
        self._access = access
        self._storage = ObjectStorage(access.bucket(BUCKET), attempts=1)  # the supervisor repeats the check

    async def reached(self) -> bool:
        """Whether the server is usable; the caller polls until it is.

        Raises:
            StoreError: the server responds, but does not read and write objects yet.
        """
        if not await _responds(self._access.endpoint):
            return False
        try:
            await self._read_former_object()
            await self._store_object()
        except (TransientError, PermanentError) as error:
            raise StoreError(f"S3 at {self._access.endpoint} does not store objects yet: {error}") from error
        return True

    async def _read_former_object(self) -> None:
        """At the first start there is none."""
        with suppress(ObjectMissing, BucketMissing):
            await self._read()

    async def _store_object(self) -> None:
        content = secrets.token_bytes(READINESS_BYTES)
        await self._storage.put(READINESS_KEY, content, "application/octet-stream")
        if await self._read() != content:
            raise StoreError(f"S3 at {self._access.endpoint} returned another object than the one that was written.")

    async def _read(self) -> bytes:
        return await self._storage.get(READINESS_KEY, max_bytes=READINESS_BYTES)


async def _responds(endpoint: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(endpoint) as session,
            session.get("/healthz", timeout=PROBE_TIMEOUT) as response,
        ):
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def ensure_buckets(access: S3Access, state_file: StateFile) -> None:
    """Create the buckets in an external store, unless an earlier start did: the check takes a quarter of a second."""
    done = f"buckets-at-{access.endpoint}"
    if state_file.get(done) is None:
        try:
            await BucketClient(access.bucket(BUCKET)).create()
        except (TransientError, PermanentError) as error:
            raise StoreError(f"S3 at {access.endpoint} has no bucket {BUCKET}: {error}") from error
        state_file.put(done, "yes")

"""S3: SeaweedFS in one process, for the archive.

No GOMEMLIMIT: most of its memory is its own file mapped, and a limit near that made it collect garbage all the time
(5.4 ms of CPU a mail instead of 1.5).
"""

import asyncio
import os
import secrets
import shutil
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from battlescope_local.eventing.bucket_notifications import listen
from battlescope_local.node.processes import Command, Processes
from battlescope_local.settings import S3Access
from battlescope_local.stores.supervisor import Ports, StateFile, StoreError, SupervisedProcess

if TYPE_CHECKING:
    from obstore.store import S3Store

BUCKET: Final = "battlescope-archive"
READINESS_KEY: Final = "readiness/probe"  # below none of the prefixes that anybody lists
PATIENCE: Final = aiohttp.ClientTimeout(total=2)
# weed listens on all of these whether they are used or not; `admin` derives its gRPC port by adding 10000, as its own
# worker assumes that too.
SERVERS: Final = ("master", "volume", "filer", "s3")
SOCKETS: Final = Path("/tmp")  # noqa: S108  # weed's own choice, for a socket beside each gRPC port


def server(
    folder: Path, processes: Processes, ports: Ports, memory: StateFile, notices: str | None = None
) -> tuple[S3Access, SupervisedProcess]:
    """`notices`: where to tell of manifests."""
    folder.mkdir(exist_ok=True, mode=0o700)
    if notices is not None:
        listen(folder, notices, BUCKET)
    (folder / "log").mkdir(exist_ok=True)
    (folder / "data" / "mini.options").unlink(missing_ok=True)  # weed's memory of its last arguments; ours count
    access = S3Access(f"http://127.0.0.1:{ports.get('s3')}", "battlescope", memory.password("s3"))
    command = Command(
        name="seaweedfs",
        argv=(_binary(), f"-logdir={folder / 'log'}", "mini", *_options(folder, ports)),
        folder=folder,
        env={
            "HOME": str(folder),
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
        "-volume.preStopSeconds=0",  # nobody else must hear that this volume server leaves
    ]


def has_socket(port: int, folder: Path = SOCKETS, user: int | None = None) -> bool:
    """Whether weed can make its socket for this port.

    What another user's weed left behind it cannot replace, and then it never gets ready, without ending.
    """
    user = os.geteuid() if user is None else user
    left = folder.glob(f"seaweedfs-*-{port}.sock")
    return user == 0 or all(socket.stat().st_uid == user for socket in left)


def _binary() -> str:
    beside_python = Path(sys.executable).parent / "weed"
    found = shutil.which("weed") or (str(beside_python) if beside_python.is_file() else None)
    if found is None:
        message = "SeaweedFS (weed) was found neither on this machine nor in the environment."
        raise StoreError(message)
    return found


class Readiness:
    """Whether our store can be used: it answers, an object of an earlier start is readable, a new one is kept.

    weed answers /healthz while its volume server is still unknown to the others, and fails GetObject with
    InternalError until then. The object of an earlier start lies in a volume of that start; it also proves that the
    bucket exists, so that only a first start looks for the bucket.
    """

    def __init__(self, access: S3Access) -> None:
        self._access = access

    async def reached(self) -> bool:
        """To be asked again until it is true.

        Raises:
            StoreError: the server answers, but does not read and write objects yet.
        """
        if not await _answers(self._access.endpoint):
            return False
        from obstore.exceptions import BaseError  # noqa: PLC0415 -- here, for a node with somebody else's S3 needs none

        try:
            if not await self._has_object():
                await asyncio.to_thread(_ensure_buckets, self._access)
            await self._keep_object()
        except (BaseError, FileNotFoundError) as error:
            reason = str(error).partition("\n\nDebug source")[0]
            raise StoreError(f"S3 at {self._access.endpoint} does not keep objects yet: {reason}") from error
        return True

    async def _has_object(self) -> bool:
        try:
            await self._read()
        except FileNotFoundError:
            return False
        return True

    async def _keep_object(self) -> None:
        content = secrets.token_bytes(16)
        await self._bucket.put_async(READINESS_KEY, content)
        if await self._read() != content:
            raise StoreError(f"S3 at {self._access.endpoint} reads something else than what was written.")

    async def _read(self) -> bytes:
        answer = await self._bucket.get_async(READINESS_KEY)
        return bytes(await answer.bytes_async())

    @cached_property
    def _bucket(self) -> "S3Store":
        from obstore.store import S3Store  # noqa: PLC0415 -- as above

        return S3Store(
            BUCKET,
            endpoint=self._access.endpoint,
            access_key_id=self._access.access_key,
            secret_access_key=self._access.secret_key,
            region=self._access.region,
            client_options={"allow_http": True, "timeout": "10s"},
            retry_config={"max_retries": 0},  # the supervisor asks again, at a pace of its own
        )


async def _answers(endpoint: str) -> bool:
    try:
        async with aiohttp.ClientSession(endpoint) as session, session.get("/healthz", timeout=PATIENCE) as response:
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def ensure_buckets(access: S3Access, memory: StateFile) -> None:
    """Make them in somebody else's store, unless this was seen to before: it costs a quarter of a second."""
    done = f"buckets-at-{access.endpoint}"
    if memory.get(done) is None:
        await asyncio.to_thread(_ensure_buckets, access)
        memory.put(done, "yes")


def _ensure_buckets(access: S3Access) -> None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- as above

    client: Any = import_module("boto3").client(  # here, for it costs 0.2 s that only this path needs
        "s3",
        endpoint_url=access.endpoint,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )
    try:
        names: set[str] = {one["Name"] for one in client.list_buckets()["Buckets"]}
        if BUCKET not in names:
            client.create_bucket(Bucket=BUCKET)
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"S3 at {access.endpoint} gives no bucket: {error}") from error

"""Uploads of backfills to the bucket of the running system.

They go by boto3, whose threads end before the command does. obstore's stay, and the end of the interpreter aborts the
process while one of them still reports its last request.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import GZIP, JSON
from battlescope_local.errors import UserError
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores.s3 import BUCKET
from battlescope_local.stores.state_file import StateFile


def bucket_access(folder: Path, external: ExternalServers) -> S3Access:
    """The external S3 where settings name one, else the S3 server that the node of `folder` started."""
    if external.s3 is not None:
        return external.s3
    state_file = StateFile(folder / "secrets.json")
    # From the state file: Ports would choose another port, because the node's S3 server listens on this one.
    return S3Access(f"http://127.0.0.1:{state_file.get('port-s3')}", "battlescope", state_file.password("s3"))


def upload(s3_access: S3Access, key: str, manifest: bytes, objects: Mapping[str, bytes]) -> str:
    """Upload the objects, then the manifest under `key`, and return the manifest's etag.

    Raises:
        UserError: the bucket does not accept them.
    """
    try:
        return asyncio.run(_upload(BucketClient(s3_access.bucket(BUCKET)), key, manifest, objects))
    except (TransientError, PermanentError) as error:
        raise UserError(f"The bucket did not accept the manifest: {error}") from error


async def _upload(client: BucketClient, key: str, manifest: bytes, objects: Mapping[str, bytes]) -> str:
    for object_key, body in objects.items():
        await client.put(object_key, body, GZIP)
    return await client.put(key, manifest, JSON)

"""The bucket of the running system, written to from the command line."""

from importlib import import_module
from pathlib import Path
from typing import Any

from battlescope_local.backfill.manifest import BackfillUpload
from battlescope_local.errors import UserError
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores.s3 import BUCKET
from battlescope_local.stores.state_file import StateFile


def access(folder: Path, given: ExternalServers) -> S3Access:
    """Somebody's S3 where its address is given, else the one that the node of this folder started."""
    if given.s3 is not None:
        return given.s3
    memory = StateFile(folder / "secrets.json")
    # The port that the node remembered; whoever asked Ports would get another, since this one is in use.
    return S3Access(f"http://127.0.0.1:{memory.get('port-s3')}", "battlescope", memory.password("s3"))


def upload(to: S3Access, parcel: BackfillUpload) -> str:
    """Put objects, then the manifest; the manifest's etag.

    Raises:
        Problem: the bucket does not take them.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- 0.2 s that only this needs

    client: Any = import_module("boto3").client(
        "s3",
        endpoint_url=to.endpoint,
        aws_access_key_id=to.access_key,
        aws_secret_access_key=to.secret_key,
        region_name=to.region,
    )
    try:
        for key, body in parcel.objects.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="application/gzip")
        put = client.put_object(Bucket=BUCKET, Key=parcel.key, Body=parcel.body, ContentType="application/json")
    except (BotoCoreError, ClientError) as error:
        raise UserError(f"The bucket does not take the manifest: {error}") from error
    return str(put["ETag"])

"""Uploads of backfills to the bucket of the running system."""

from importlib import import_module
from pathlib import Path
from typing import Any

from battlescope_local.backfill.manifest import BackfillUpload
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


def upload(s3_access: S3Access, backfill_upload: BackfillUpload) -> str:
    """Upload the objects, then the manifest, and return the manifest's etag.

    Raises:
        UserError: the bucket does not accept them.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- 0.2 s that only an upload needs

    client: Any = import_module("boto3").client(
        "s3",
        endpoint_url=s3_access.endpoint,
        aws_access_key_id=s3_access.access_key,
        aws_secret_access_key=s3_access.secret_key,
        region_name=s3_access.region,
    )
    try:
        for key, body in backfill_upload.objects.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="application/gzip")
        response = client.put_object(
            Bucket=BUCKET, Key=backfill_upload.key, Body=backfill_upload.body, ContentType="application/json"
        )
    except (BotoCoreError, ClientError) as error:
        raise UserError(f"The bucket did not accept the manifest: {error}") from error
    return str(response["ETag"])

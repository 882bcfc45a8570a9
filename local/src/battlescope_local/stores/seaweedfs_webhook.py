"""SeaweedFS's webhook."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import Any, Final

from battlescope_schemas.backfill import ManifestUploaded

FILE: Final = "notification.toml"
PREFIX: Final = "manifests/"
BUCKETS: Final = "/buckets/"


def listen(folder: Path, url: str, bucket: str) -> None:
    """Have SeaweedFS, started in `folder`, tell `url` of manifests."""
    (folder / FILE).write_text(
        "[notification.webhook]\n"
        "enabled = true\n"
        f"endpoint = {json.dumps(url)}\n"
        'event_types = ["create", "update"]\n'
        f"path_prefixes = [{json.dumps(f'{BUCKETS}{bucket}/{PREFIX}')}]\n"
    )


def uploaded(notice: Any) -> ManifestUploaded | None:
    """The manifest that a notice tells of, if it tells of one."""
    try:
        path, entry = str(notice["key"]), notice["message"]["new_entry"]
        bucket, _, key = path.removeprefix(BUCKETS).partition("/")
        if not key.startswith(PREFIX) or entry.get("is_directory"):
            return None
        size = int(entry["attributes"].get("file_size", 0))
        return ManifestUploaded(bucket=bucket, key=key, size=size, etag=_etag(entry))
    except (KeyError, TypeError, AttributeError, ValueError, Base64Error):
        return None


def _etag(entry: Any) -> str:
    """As S3 gives it; where the entry does not say, the MD5 of the content is the same."""
    stated = entry.get("extended", {}).get("Seaweed-X-Amz-ETag")
    return b64decode(stated).decode().strip('"') if stated else b64decode(entry["attributes"]["md5"]).hex()

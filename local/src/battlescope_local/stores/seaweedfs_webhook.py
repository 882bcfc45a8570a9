"""Configuration and payload of SeaweedFS's notification webhook."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from battlescope_local.stores.state_file import write_private
from battlescope_schemas.backfill import ManifestUploaded

CONFIG_FILE: Final = "notification.toml"
MANIFEST_PREFIX: Final = "manifests/"
BUCKETS_PATH: Final = "/buckets/"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where SeaweedFS posts its notifications, and the token that the address needs."""

    url: str
    token: str = field(repr=False)


def configure_webhook(folder: Path, webhook: Webhook, bucket: str) -> None:
    """Configure the SeaweedFS that starts in `folder` to notify `webhook` of manifests."""
    write_private(
        folder / CONFIG_FILE,
        "[notification.webhook]\n"
        "enabled = true\n"
        f"endpoint = {json.dumps(webhook.url)}\n"
        f"bearer_token = {json.dumps(webhook.token)}\n"
        'event_types = ["create", "update"]\n'
        f"path_prefixes = [{json.dumps(f'{BUCKETS_PATH}{bucket}/{MANIFEST_PREFIX}')}]\n",
    )


def parse_notification(notification: Any) -> ManifestUploaded | None:
    """The uploaded manifest; None for a notification of anything else."""
    try:
        path, entry = str(notification["key"]), notification["message"]["new_entry"]
        bucket, _, key = path.removeprefix(BUCKETS_PATH).partition("/")
        if not key.startswith(MANIFEST_PREFIX) or entry.get("is_directory"):
            return None
        size = int(entry["attributes"].get("file_size", 0))
        return ManifestUploaded(bucket=bucket, key=key, size=size, etag=_etag(entry))
    except (KeyError, TypeError, AttributeError, ValueError, Base64Error):
        return None


def _etag(entry: Any) -> str:
    """The entry's etag as S3 reports it; an entry without one has the MD5 of its content as etag."""
    header = entry.get("extended", {}).get("Seaweed-X-Amz-ETag")
    return b64decode(header).decode().strip('"') if header else b64decode(entry["attributes"]["md5"]).hex()

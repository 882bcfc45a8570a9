"""SeaweedFS's notifications: which ones are uploads of manifests."""

from typing import Any

import pytest

from battlescope_local.stores.seaweedfs_webhook import parse_notification

# What weed 4.48 sent for a manifest of seven bytes.
NOTIFICATION = {
    "event_type": "create",
    "key": "/buckets/battlescope-archive/manifests/a b.json",
    "message": {
        "new_entry": {
            "name": "a b.json",
            "attributes": {"file_size": 7, "md5": "rD70jKoI+j7V4CXaae3GRQ=="},
            "extended": {"Seaweed-X-Amz-ETag": "YWMzZWY0OGNhYTA4ZmEzZWQ1ZTAyNWRhNjllZGM2NDU="},
        },
    },
}


def test_notification_of_a_manifest_is_parsed() -> None:
    manifest = parse_notification(NOTIFICATION)
    assert manifest is not None
    assert (manifest.bucket, manifest.key, manifest.size) == ("battlescope-archive", "manifests/a b.json", 7)
    assert manifest.etag == "ac3ef48caa08fa3ed5e025da69edc645"
    entry: dict[str, Any] = NOTIFICATION["message"]["new_entry"]
    without_etag = {**NOTIFICATION, "message": {"new_entry": {**entry, "extended": {}}}}
    assert parse_notification(without_etag) == manifest


@pytest.mark.parametrize("notification", [
    None, [], {}, {"key": 1}, {**NOTIFICATION, "key": "/buckets/b/raw-killmails/x"}, {**NOTIFICATION, "message": {}},
    {**NOTIFICATION, "message": {"new_entry": {"is_directory": True}}},
])  # fmt: skip
def test_other_notifications_are_ignored(notification: Any) -> None:
    assert parse_notification(notification) is None

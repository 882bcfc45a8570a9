"""SeaweedFS's notifications: which ones are uploads of manifests."""

from typing import Any

import pytest

from battlescope_local.stores.seaweedfs_webhook import parse_notification

# What weed 4.48 sent for a manifest of seven bytes.
NOTICE = {
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
    told = parse_notification(NOTICE)
    assert told is not None
    assert (told.bucket, told.key, told.size) == ("battlescope-archive", "manifests/a b.json", 7)
    assert told.etag == "ac3ef48caa08fa3ed5e025da69edc645"
    entry: dict[str, Any] = NOTICE["message"]["new_entry"]  # pyright: ignore[reportArgumentType]
    bare = {**NOTICE, "message": {"new_entry": {**entry, "extended": {}}}}
    assert parse_notification(bare) == told


@pytest.mark.parametrize("notice", [
    None, [], {}, {"key": 1}, {**NOTICE, "key": "/buckets/b/raw-killmails/x"}, {**NOTICE, "message": {}},
    {**NOTICE, "message": {"new_entry": {"is_directory": True}}},
])  # fmt: skip
def test_other_notifications_are_ignored(notice: Any) -> None:
    assert parse_notification(notice) is None

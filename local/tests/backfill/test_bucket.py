"""Which bucket a backfill is uploaded to."""

from pathlib import Path

from battlescope_local.backfill import bucket
from battlescope_local.settings import ExternalServers, S3Access


def test_bucket_is_external_or_that_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"port-s3": "1234", "password-s3": "secret"}')
    assert bucket.bucket_access(tmp_path, ExternalServers()) == S3Access(
        "http://127.0.0.1:1234", "battlescope", "secret"
    )
    other = S3Access("http://s3", "a", "b")
    assert bucket.bucket_access(tmp_path, ExternalServers(s3=other)) is other

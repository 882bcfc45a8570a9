"""The job id follows from key and etag of its manifest."""

from battlescope_schemas.backfill import job_id


def test_job_id_follows_from_key_and_etag() -> None:
    assert job_id("manifests/a.json", '"0b1e"') == job_id("manifests/a.json", "0b1e")
    assert job_id("manifests/a.json", "0b1e") == "7f48339a-e3b4-52c2-9c62-303721c23066"
    assert job_id("manifests/a.json", "0b1f") != job_id("manifests/a.json", "0b1e")

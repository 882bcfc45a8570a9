"""CCP's static data host."""

from upstream_client import upstream


async def test_static_data_and_its_short_url() -> None:
    async with upstream() as (client, _):
        latest = await client.json("/static-data/tranquility/latest.jsonl")
        assert latest["_key"] == "sde"
        status, _, headers = await client.get("/static-data/eve-online-static-data-latest-jsonl.zip")
        assert (status, headers["x-sde-build-number"]) == (302, str(latest["buildNumber"]))
        status, body, zip_headers = await client.get(headers["Location"])
        assert (status, body[:2]) == (200, b"PK")
        assert (await client.get(headers["Location"], If_None_Match=zip_headers["ETag"]))[0] == 304

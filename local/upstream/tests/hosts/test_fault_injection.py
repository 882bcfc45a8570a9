"""Faults in place of responses."""

import pytest
from upstream_client import FIRST, upstream


@pytest.mark.parametrize(
    ("setting", "status"), [("throttled", 429), ("forbidden", 403), ("failing", 503), ("html", 200), ("slow", 200)]
)
async def test_each_fault_replaces_the_response_until_it_is_off(setting: str, status: int) -> None:
    async with upstream() as (client, _):
        await client.change_faults(**{setting: 1.0, "retry_after": 3.0, "slow_seconds": 0.01})
        actual, body, headers = await client.get(f"/ephemeral/{FIRST}.json")
        assert actual == status
        assert headers.get("Retry-After") == ("3" if status == 429 else None)
        assert body.startswith(b"<") == (setting == "html")
        await client.change_faults(**{setting: 0.0})
        assert (await client.json(f"/ephemeral/{FIRST}.json"))["sequence_id"] == FIRST


async def test_half_of_the_responses_are_429_without_retry_after() -> None:
    async with upstream(throttled=0.5) as (client, _):
        responses = [await client.get(f"/ephemeral/{FIRST}.json") for _ in range(60)]
        assert {status for status, _, _ in responses} == {200, 429}
        assert all("Retry-After" not in headers for _, _, headers in responses)
        counts = await client.json("/control/answers")
        assert counts["/ephemeral/{number}.json 429"] == sum(status == 429 for status, _, _ in responses)


async def test_blank_user_agent_is_forbidden_unless_the_setting_is_off() -> None:
    async with upstream() as (client, _):
        assert (await client.get("/ephemeral/sequence.json", User_Agent=" "))[0] == 403
        await client.change_faults(blank_agent_forbidden=False)
        assert (await client.get("/ephemeral/sequence.json", User_Agent=" "))[0] == 200

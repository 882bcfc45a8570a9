"""Killmails of ESI over a mock transport: statuses and their errors."""

import httpx2
import pytest

from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_events.upstream.esi import Esi
from battlescope_local.testing.upstreams import MockHttp, instant_client
from ingest_poll.errors import KillmailNotFound
from ingest_poll.sources.esi_client import POLICY, KillmailClient


def client(*responses: httpx2.Response) -> KillmailClient:
    """Responds with each response in turn, and repeats the last one."""
    remaining = list(responses)

    def respond(_: httpx2.Request) -> httpx2.Response:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return KillmailClient(Esi(instant_client("esi", MockHttp(respond), policy=POLICY), "http://esi"))


async def test_failures_are_retried_until_a_body_comes() -> None:
    body = httpx2.Response(200, content=b"{}")
    assert await client(httpx2.Response(502), httpx2.Response(504), body).fetch_killmail(7, "ab") == b"{}"


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_unknown_killmail_is_not_found(status: int) -> None:
    with pytest.raises(KillmailNotFound, match="killmail 7"):
        await client(httpx2.Response(status)).fetch_killmail(7, "ab")


@pytest.mark.parametrize("status", [302, 401, 403, 420, 429, 502])
async def test_any_other_status_is_unavailable(status: int) -> None:
    with pytest.raises(UpstreamUnavailable, match=str(status)):
        await client(httpx2.Response(status)).fetch_killmail(7, "ab")

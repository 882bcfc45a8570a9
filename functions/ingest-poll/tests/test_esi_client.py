"""ESI client over a mock transport: statuses, retries and the longest delay."""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from battlescope_events.errors import TransientError
from ingest_poll.errors import KillmailNotFound
from ingest_poll.esi_client import EsiClient

Responder = Callable[[httpx2.Request], httpx2.Response]


def client(respond: Responder) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(respond))


async def test_esi_statuses_give_body_not_found_retry_or_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    responses = [httpx2.Response(420, headers={"x-esi-error-limit-reset": "0"}), httpx2.Response(200, content=b"{}")]
    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    assert await EsiClient(client(lambda _: responses.pop(0)), "http://esi").fetch_killmail(7, "ab") == b"{}"
    with pytest.raises(KillmailNotFound, match="killmail 7"):
        await EsiClient(client(lambda _: httpx2.Response(422)), "http://esi").fetch_killmail(7, "ab")
    with pytest.raises(TransientError, match="502"):
        await EsiClient(client(lambda _: httpx2.Response(502)), "http://esi").fetch_killmail(7, "ab")


async def test_long_retry_after_of_esi_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = list[int]()

    def limited(_: httpx2.Request) -> httpx2.Response:
        requests.append(1)
        return httpx2.Response(429, headers={"retry-after": "600"})

    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    with pytest.raises(TransientError):
        await EsiClient(client(limited), "http://esi").fetch_killmail(7, "ab")
    assert len(requests) == 1


async def _no_sleep(_: float) -> None:
    return

"""WebSockets through the activator: what passes, and what happens to them when one side ends."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from echo_project import write_app
from served_revision import eventually, serving

from battlescope_local.manifests.model import Scale
from battlescope_local.serving import revision as revision_module
from battlescope_local.serving.revision import SCALING_INTERVAL

MESSAGES = 400
HANDSHAKE = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def welcomed(socket: ClientWebSocketResponse) -> None:
    """The instance sends a message with its handshake, which must not be lost between the two."""
    assert await socket.receive_str() == "welcome"


async def end_of(socket: ClientWebSocketResponse) -> int | None:
    """The code with which a WebSocket ends; 1006 stands for a connection that breaks off."""
    async with asyncio.timeout(60):
        while (message := await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}:
            assert message.type is not WSMsgType.ERROR
    return message.data if message.type is WSMsgType.CLOSE else socket.close_code


@pytest.mark.parametrize("compress", [0, 15])
async def test_messages_pass_in_both_directions_until_the_instance_closes(tmp_path: Path, compress: int) -> None:
    write_app(tmp_path)
    sent = [os.urandom(size * 150) for size in range(MESSAGES)]  # up to 60 kB, 12 MB in all: more than any buffer
    async with serving(tmp_path, Scale()) as (revision, client), client.ws_connect("/x", compress=compress) as socket:
        await welcomed(socket)
        assert bool(socket.compress) == bool(compress)

        async def send_all() -> None:
            for content in sent:
                await socket.send_bytes(content)

        sending = asyncio.create_task(send_all())
        assert [await socket.receive_bytes() for _ in sent] == sent
        await sending
        await socket.send_str("close")
        assert await end_of(socket) == 4001
        await eventually(lambda: revision.status().in_flight == 0)


async def test_refused_handshake_is_answered_as_the_function_answers_it(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale()) as (revision, client):
        with pytest.raises(WSServerHandshakeError) as refusal:
            await client.ws_connect("/refused")
        assert refusal.value.status == 429
        async with client.get("/refused", headers=HANDSHAKE) as response:
            assert (response.status, await response.text()) == (429, "too many")
        async with client.get("/x", headers={"Upgrade": "h2c", "Connection": "Upgrade"}) as response:
            assert response.status == 200
        assert revision.status().in_flight == 0


async def test_open_websocket_keeps_its_instance_up(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(window=0.1)) as (revision, client):
        async with client.ws_connect("/x") as socket:
            await welcomed(socket)
            await asyncio.sleep(2 * SCALING_INTERVAL)
            assert (revision.status().instances, revision.status().in_flight) == (1, 1)
        await eventually(lambda: revision.status().instances == 0)


async def test_replaced_instance_closes_its_websockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_module, "GRACE", 0.1)
    write_app(tmp_path)
    async with serving(tmp_path, Scale()) as (revision, client), client.ws_connect("/x") as socket:
        await welcomed(socket)
        (pid,) = revision.status().pids
        revision.replace_instances()
        assert await end_of(socket) == 1012  # Service Restart: clients connect again
        async with client.ws_connect("/x") as other:
            await welcomed(other)
            assert revision.status().pids != (pid,)


async def test_stopping_node_closes_its_websockets(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale()) as (revision, client), client.ws_connect("/x") as socket:
        await welcomed(socket)
        await revision.close()
        assert await end_of(socket) == 1012


async def test_websocket_ends_with_its_client_its_instance_or_its_time(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(timeout=2)) as (revision, client):
        async with ClientSession(client._base_url) as leaving:
            await welcomed(await leaving.ws_connect("/x"))
            assert revision.status().in_flight == 1
        await eventually(lambda: revision.status().in_flight == 0)
        async with client.ws_connect("/x") as socket:
            await welcomed(socket)
            os.kill(revision.status().pids[0], signal.SIGKILL)
            assert await end_of(socket) == 1006
        async with client.ws_connect("/x") as socket:
            await welcomed(socket)
            assert await end_of(socket) == 1006
        assert revision.status().in_flight == 0

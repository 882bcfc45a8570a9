"""`battlescope health` checks every part of a running system."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

from battlescope_local.command_name import typed_command
from battlescope_local.devloop.health import run_checks, waiting_notes
from battlescope_local.node.state import NodeState


async def test_health_names_parts_that_do_not_respond() -> None:
    status = {
        "stores": {"postgres": {"state": "ready"}, "s3": {"state": "restarting"}},
        "services": [
            {"name": name, "instances": count, "ready": count, "start_failure": failure}
            for name, count, failure in (
                ("up", 1, ""),
                ("broken", 1, ""),
                ("none", 0, ""),
                ("refusing", 0, "refusing refuses it.\nlog"),
                ("again", 1, "again refuses it."),
            )
        ],
        "triggers": [{"dead_lettered": 2}, {"dead_lettered": 1}],
    }

    async def get_status(_: web.Request) -> web.Response:
        return web.json_response(status)

    async def get_readiness(request: web.Request) -> web.Response:
        if request.match_info["name"] == "up":
            return web.json_response({"status": "healthy", "parkedMessages": 3, "standbySourceSeconds": 300})
        return web.Response(status=503, text="no database")

    app = web.Application()
    app.router.add_get("/node/status", get_status)
    app.router.add_get("/services/{name}/health/readiness", get_readiness)
    async with TestServer(app) as server:
        node = NodeState(1, 0.0, "", str(server.make_url("/")), "token")
        checks = await asyncio.to_thread(lambda: list(run_checks(node, start=False)))
        notes = await asyncio.to_thread(lambda: list(waiting_notes(node, status["services"])))
        checks_with_start = await asyncio.to_thread(lambda: list(run_checks(node, start=True)))
    assert {check.name for check in checks if not check.healthy} == {"s3", "broken", "refusing", "again"}
    assert {check.name for check in checks_with_start if not check.healthy} == {
        *("s3", "broken", "none", "refusing", "again"),
    }
    assert {check.name: check.condition for check in checks}["refusing"] == "refusing refuses it."
    assert {check.name: check.condition for check in checks}["broken"] == "503: no database"
    assert {check.name: check.condition for check in checks}["up"].startswith("ready; 3 parked messages")
    assert checks[-1].condition == "3 since the start"
    standby = "killmails come from the standby source since 5 min"
    assert notes == [f"up; 3 parked messages, see `{typed_command('outbox')}`; {standby}"]

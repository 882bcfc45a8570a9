"""`battlescope health` checks every part of a running system."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

from battlescope_local.devloop.health import run_checks
from battlescope_local.node.state import NodeState


async def test_health_names_parts_that_do_not_respond() -> None:
    status = {
        "stores": {"postgres": {"state": "ready"}, "s3": {"state": "restarting"}},
        "services": [{"name": name, "instances": count} for name, count in (("up", 1), ("broken", 1), ("none", 0))],
        "triggers": [{"dead_lettered": 2}, {"dead_lettered": 1}],
    }

    async def told(_: web.Request) -> web.Response:
        return web.json_response(status)

    async def ready(request: web.Request) -> web.Response:
        return web.Response() if request.match_info["name"] == "up" else web.Response(status=503, text="no database")

    app = web.Application()
    app.router.add_get("/node/status", told)
    app.router.add_get("/services/{name}/health/readiness", ready)
    async with TestServer(app) as server:
        node = NodeState(1, 0.0, "", str(server.make_url("/")), "token")
        found = await asyncio.to_thread(lambda: list(run_checks(node, start=False)))
        asked = await asyncio.to_thread(lambda: list(run_checks(node, start=True)))
    assert {one.name for one in found if not one.healthy} == {"s3", "broken"}
    assert {one.name for one in asked if not one.healthy} == {"s3", "broken", "none"}
    assert {one.name: one.condition for one in found}["broken"] == "503: no database"
    assert found[-1].condition == "3 since the start"

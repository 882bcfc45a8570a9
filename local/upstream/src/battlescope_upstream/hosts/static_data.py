"""CCP's static data host: the current build, its zip, and the shorthand that leads there."""

from hashlib import md5
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.state import SimulatedWorld

_BASE: Final = "/static-data"


class StaticFiles:
    """Routes below `/static-data`."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._static = world.static
        self._name = f"{_BASE}/tranquility/eve-online-static-data-{self._static.build}-jsonl.zip"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_BASE}/tranquility/latest.jsonl", self._latest),
            web.get(self._name, self._zip),
            web.get(f"{_BASE}/eve-online-static-data-latest-jsonl.zip", self._shorthand),
        ]

    async def _latest(self, request: web.Request) -> web.Response:
        return _tagged(request, self._static.latest, "application/jsonl")

    async def _zip(self, request: web.Request) -> web.Response:
        return _tagged(request, self._static.zip(), "application/zip")

    async def _shorthand(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": self._name, "x-sde-build-number": str(self._static.build)})


def _tagged(request: web.Request, body: bytes, content_type: str) -> web.Response:
    headers = {"ETag": f'"{md5(body, usedforsecurity=False).hexdigest()}"', "Access-Control-Allow-Origin": "*"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, headers=headers)

"""CCP's static data host: the current build, its zip, and the short URL that redirects to it."""

from hashlib import md5
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.state import UpstreamState

_BASE: Final = "/static-data"


class StaticFiles:
    """Routes below `/static-data`."""

    def __init__(self, state: UpstreamState) -> None:
        self._static_data = state.static_data
        self._zip_path = f"{_BASE}/tranquility/eve-online-static-data-{self._static_data.build}-jsonl.zip"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_BASE}/tranquility/latest.jsonl", self._latest),
            web.get(self._zip_path, self._zip),
            web.get(f"{_BASE}/eve-online-static-data-latest-jsonl.zip", self._redirect_to_zip),
        ]

    async def _latest(self, request: web.Request) -> web.Response:
        return _conditional_response(request, self._static_data.latest_line, "application/jsonl")

    async def _zip(self, request: web.Request) -> web.Response:
        return _conditional_response(request, self._static_data.read_zip(), "application/zip")

    async def _redirect_to_zip(self, _: web.Request) -> web.Response:
        return web.Response(
            status=302, headers={"Location": self._zip_path, "x-sde-build-number": str(self._static_data.build)}
        )


def _conditional_response(request: web.Request, body: bytes, content_type: str) -> web.Response:
    headers = {"ETag": f'"{md5(body, usedforsecurity=False).hexdigest()}"', "Access-Control-Allow-Origin": "*"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, headers=headers)

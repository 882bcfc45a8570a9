"""The public gateway: which service serves a path, and responses for other paths."""

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from battlescope_local.manifests.model import RouteMatch
from battlescope_local.serving.gateway import find_route, gateway_app

ROUTES = (
    RouteMatch("/api/battles", "PathPrefix", "battle-api", "battle-api.n.svc.cluster.local"),
    RouteMatch("/api/battles/stream", "PathPrefix", "stream-api", "stream-api.n.svc.cluster.local"),
    RouteMatch("/api/battles/stream", "Exact", "exact-api", "exact-api.n.svc.cluster.local"),
    RouteMatch("/api/killmails/", "PathPrefix", "killmail-api", "killmail-api.n.svc.cluster.local"),
)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/battles", "battle-api"),
        ("/api/battles/", "battle-api"),
        ("/api/battles/7/timeline", "battle-api"),
        ("/api/battlestations", None),
        ("/api/battles/stream", "exact-api"),
        ("/api/battles/stream/7", "stream-api"),
        ("/api/battles/streams", "battle-api"),
        ("/api/killmails", "killmail-api"),
        ("/api", None),
        ("/", None),
    ],
)
def test_longest_match_wins_and_prefixes_match_whole_elements(path: str, service: str | None) -> None:
    route = find_route(ROUTES, path)
    assert (route.service if route else None) == service


def test_root_prefix_matches_the_remaining_paths() -> None:
    root = RouteMatch("/", "PathPrefix", "web", "web.n.svc.cluster.local")
    assert find_route((*ROUTES, root), "/anything") == root
    assert find_route((*ROUTES, root), "/api/battles/1") == ROUTES[0]


async def test_unknown_paths_and_the_landing_page() -> None:
    app = gateway_app(ROUTES, {})
    assert isinstance(app, web.Application)
    async with TestServer(app) as server, ClientSession(server.make_url("/")) as client:
        async with client.get("/nothing", headers={"x-request-id": "abc-1"}) as response:
            assert response.status == 404
            assert (await response.json())["requestId"] == "abc-1" == response.headers["x-request-id"]
        async with client.get("/nothing", headers={"x-request-id": "a b"}) as response:
            payload = await response.json()
            assert set(payload) == {"error", "message", "requestId"}
            assert payload["requestId"] not in {"", "a b"}
        async with client.get("/") as response:
            assert "/api/battles" in await response.text()
            assert response.content_type == "text/html"

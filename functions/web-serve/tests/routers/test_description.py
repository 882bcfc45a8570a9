"""The description of the API over HTTP: every declared answer is given, and every given answer is declared."""

import httpx2
from site_harness import Site

from battlescope_events.http_api.guard import Guard
from battlescope_local.testing.http.http_contract import contract_client, provoke_common_answers, repeat_with_etag
from web_serve.main import app

URLS = {"/api/docs": "/api/docs", "/api/openapi.json": "/api/openapi.json"}


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(site: Site) -> None:
    async with site.client():
        usual = app.state.dependencies

    def set_guard(guard: Guard) -> None:
        app.state.dependencies = type(usual)(
            usual.site, usual.build, usual.description, guard, has_login=usual.has_login
        )

    async with contract_client(app, None) as (contract, client):
        await repeat_with_etag(contract, client, URLS)
        await provoke_common_answers(contract, client, set_guard, usual.guard)
        assert contract.bodies.keys() == contract.declared


async def test_document_is_that_of_all_functions(site: Site) -> None:
    async with site.client() as client:
        document = (await client.get("/api/openapi.json")).json()
        assert {"/api/battles", "/api/stream", "/api/me", "/auth/login", "/api/docs"} <= document["paths"].keys()


async def test_large_answers_are_compressed_once(site: Site) -> None:
    async with site.client() as client:
        for path in URLS:
            plain = await client.get(path)
            sizes: list[int] = []
            for _ in range(2):
                async with client.stream("GET", path, headers={"accept-encoding": "gzip, br"}) as response:
                    sizes.append(len(b"".join([chunk async for chunk in response.aiter_raw()])))
                assert response.headers["content-encoding"] == "gzip"
                assert response.headers["etag"] != plain.headers["etag"]
            assert sizes[0] == sizes[1] < len(plain.content) / 4
            assert isinstance(response, httpx2.Response)

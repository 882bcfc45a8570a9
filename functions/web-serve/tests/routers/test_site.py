"""The web app over HTTP: which file answers which path, in which coding, and how long it is kept."""

import fcntl
import os

import pytest
from site_harness import INDEX, SCRIPT, Site

from battlescope_events.edge.security_headers import SECURITY_HEADERS
from web_serve.presenters.pages import LOGIN_ERRORS
from web_serve.sources.build_state import LOCK_FILE

ASSET = "/assets/app-a1b2c3.js"
ACCEPTED = {"br, gzip": "br", "gzip": "gzip", "br;q=0, gzip;q=0.1": "gzip", "identity": ""}
PAGES = ("/", "/battles", "/battles/0c9d7c0e?tab=timeline&x[]=1&camelCase=2", "/apis", "/settings/", "/auth-help")
OF_APIS = (
    "/api",
    "/api/",
    "/api/battels",
    "/api/docs/x",
    "/auth",
    "/auth/nothing",
    "/ws/notifications",
    "/s/token",
    "/s",
)


async def test_every_address_of_the_app_is_its_index(site: Site) -> None:
    async with site.client() as client:
        for path in PAGES:
            response = await client.get(path)
            assert (response.status_code, response.content) == (200, INDEX), path
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            assert response.headers["cache-control"] == "public, no-cache"
            assert response.headers.items() >= SECURITY_HEADERS.items()
            again = await client.get(path, headers={"if-none-match": response.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_paths_of_apis_never_show_the_web_app(site: Site, method: str) -> None:
    async with site.client() as client:
        for path in OF_APIS:
            response = await client.request(method, path)
            assert response.status_code == 404, path
            assert response.headers["content-type"] == "application/json"
            if method != "HEAD":
                assert response.json()["error"] == "NotFound"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_app_can_only_be_read(site: Site, method: str) -> None:
    async with site.client() as client:
        response = await client.request(method, "/battles")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_hashed_files_are_kept_for_ever_and_others_are_asked_for_again(site: Site) -> None:
    async with site.client() as client:
        asset, icon = await client.get(ASSET), await client.get("/favicon.svg")
        assert (asset.content, asset.headers["content-type"]) == (SCRIPT, "text/javascript; charset=utf-8")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (icon.headers["content-type"], icon.headers["cache-control"]) == ("image/svg+xml", "public, no-cache")
        head = await client.head(ASSET)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", asset.headers["etag"])
        missing = await client.get("/assets/app-old.js")
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


async def test_compressed_form_is_sent_to_those_who_accept_it(site: Site) -> None:
    site.write("assets/app-a1b2c3.js.br", b"brotli")
    site.write("assets/app-a1b2c3.js.gz", b"gzip")
    etags: set[str] = set()
    async with site.client() as client:
        for accepted, coding in ACCEPTED.items():
            async with client.stream("GET", ASSET, headers={"accept-encoding": accepted}) as response:
                content = b"".join([chunk async for chunk in response.aiter_raw()])
            assert response.headers.get("content-encoding", "") == coding
            assert content == (coding.replace("br", "brotli").encode() or SCRIPT)
            assert response.headers["vary"] == "Accept-Encoding"
            headers = {"accept-encoding": accepted, "if-none-match": response.headers["etag"]}
            again = await client.get(ASSET, headers=headers)
            assert (again.status_code, again.headers["etag"]) == (304, response.headers["etag"])
            etags.add(response.headers["etag"])
        assert len(etags) == 3
        os.utime(site.folder / "assets/app-a1b2c3.js.br", (1, 1))  # of an earlier build
        async with client.stream("GET", ASSET, headers={"accept-encoding": "br"}) as response:
            assert "content-encoding" not in response.headers


async def test_new_build_is_served_at_once(site: Site) -> None:
    async with site.client() as client:
        assert (await client.get("/")).content == INDEX
        site.write("index.html", b"<!doctype html><title>new</title>")
        assert (await client.get("/")).content == b"<!doctype html><title>new</title>"
        (site.folder / "index.html").unlink()
        assert b"BattleScope is running" in (await client.get("/")).content


async def test_nothing_outside_the_build_is_served(site: Site) -> None:
    site.write("../secret.txt", b"secret")
    site.write(".ready", b"stamp")
    (site.folder / "link.txt").symlink_to(site.folder.parent / "secret.txt")
    (site.folder / "folder.d").mkdir()
    paths = (
        *("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/link.txt", "/.ready", "/folder.d"),
        *("//etc/pass.wd", "/a%00.txt", "/index.html/x.txt", "/a%0a.txt", "/assets/app-a1b2c3.js.gz", "/\u00e4.txt"),
        *("/" + "x" * 300 + ".txt", "/favicon.svg.", "/..\\secret.txt"),
    )
    async with site.client() as client:
        for path in paths:
            response = await client.get(path)
            assert response.status_code == 404, path
            assert b"secret" not in response.content


async def test_robots_are_kept_from_the_api_unless_the_build_says_more(site: Site) -> None:
    async with site.client() as client:
        assert "Disallow: /api/" in (await client.get("/robots.txt")).text
        site.write("robots.txt", b"User-agent: *\nDisallow: /\n")
        assert (await client.get("/robots.txt")).text == "User-agent: *\nDisallow: /\n"


async def test_page_loads_itself_again_while_the_app_is_built(empty_site: Site) -> None:
    empty_site.state_file.write_text('{"phase": "running"}')
    async with empty_site.client() as client:
        with empty_site.state_file.with_name(LOCK_FILE).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            response = await client.get("/battles/7")
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert response.headers["cache-control"] == "no-store"
        assert '<meta http-equiv="refresh" content="2">' in response.text
        empty_site.write("index.html", INDEX)
        assert (await client.get("/battles/7")).content == INDEX


async def test_without_an_app_the_resources_are_linked_with_the_reason(empty_site: Site) -> None:
    async with empty_site.client() as client:
        page = (await client.get("/")).text
        assert '<a href="/api/battles">' in page
        assert '<a href="/api/docs">' in page
        assert "/auth/login" not in page
        assert "<pre>" not in page
    empty_site.state_file.write_text('{"phase": "failed", "reason": "npm <error> E404"}')
    async with empty_site.client(has_login=True) as client:
        page = (await client.get("/")).text
        assert "<pre>npm &lt;error&gt; E404</pre>" in page
        assert '<a href="/auth/login">' in page


async def test_failed_login_is_told_in_a_sentence(empty_site: Site) -> None:
    async with empty_site.client(has_login=True) as client:
        for error, sentence in LOGIN_ERRORS.items():
            assert sentence in (await client.get(f"/?error={error}&rule=denied_alliance")).text
        page = (await client.get("/?error=%3Cscript%3E")).text
        assert 'role="alert"' not in page
        assert "<script" not in page

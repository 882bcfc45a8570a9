"""`battlescope search reindex` requests a rebuild and follows it to its end."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from battlescope_local import job_progress as module
from battlescope_local.errors import UserError
from battlescope_local.function_api import FunctionApi
from battlescope_local.reindex import reindex

JOB = {"id": "job-1", "documentsProcessed": 0, "documentsTotal": 0, "status": "pending"}


class SearchApi:
    """Answers with the states of a job, one after the other."""

    def __init__(self, *states: dict[str, Any], status: int = 202, created: Any = JOB) -> None:
        self.states = list(states)
        self.requests: list[tuple[str, str, Any]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.answer(status, created)

            def do_GET(self) -> None:
                self.answer(200, {**JOB, **api.states.pop(0)})

            def answer(self, code: int, body: Any) -> None:
                length = int(self.headers.get("content-length") or 0)
                api.requests.append((self.command, self.path, json.loads(self.rfile.read(length) or b"null")))
                assert self.headers["authorization"] == "Bearer token"
                content = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_request(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.api = FunctionApi("search-api", f"http://127.0.0.1:{self._server.server_address[1]}", "token")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_INTERVAL", 0)


def output(server: SearchApi, *, follow: bool = True) -> str:
    text = StringIO()
    try:
        reindex(server.api, console=Console(file=text), follow=follow)
    finally:
        server.close()
    return text.getvalue()


def test_a_rebuild_is_followed_to_its_end() -> None:
    server = SearchApi(
        {"status": "running", "documentsProcessed": 500, "documentsTotal": 1200},
        {"status": "completed", "documentsProcessed": 1200, "documentsTotal": 1200},
    )
    assert output(server) == "Job job-1\ncompleted: 1,200 documents indexed\n"
    assert [(method, path) for method, path, _ in server.requests] == [
        ("POST", "/api/admin/search/reindex"),
        ("GET", "/api/admin/search/reindex/job-1"),
        ("GET", "/api/admin/search/reindex/job-1"),
    ]


def test_nothing_is_awaited_without_follow() -> None:
    server = SearchApi()
    assert output(server, follow=False) == "Job job-1\n"
    assert len(server.requests) == 1


def test_a_cancelled_rebuild_ends_with_an_error() -> None:
    with pytest.raises(SystemExit):
        output(SearchApi({"status": "cancelled"}))


def test_a_refusal_is_shown_with_its_reason() -> None:
    refusal = {"error": "Conflict", "message": "A rebuild runs already.", "requestId": "r"}
    with pytest.raises(UserError) as refused:
        output(SearchApi(status=409, created=refusal))
    assert str(refused.value) == "search-api answers 409: A rebuild runs already."


@pytest.mark.parametrize("body", ["Bad Gateway", ["a"], {"message": 1}])
def test_a_refusal_without_a_sentence_is_shown_as_it_is(body: Any) -> None:
    with pytest.raises(UserError) as refused:
        output(SearchApi(status=502, created=body))
    assert str(refused.value) == f"search-api answers 502: {json.dumps(body)}"

"""Limits of bodies and queries, in process and over HTTP."""

import json
import socket

import httpx2
import pytest
from small_api import MAX_BODY_BYTES, TOKEN

HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
NOTE = json.dumps({"text": "x"}).encode()


def padded(size: int) -> bytes:
    return NOTE + b" " * (size - len(NOTE))


async def test_body_of_exactly_the_limit_is_accepted(api: httpx2.AsyncClient) -> None:
    accepted = await api.post("/api/sample/note", content=padded(MAX_BODY_BYTES), headers=HEADERS)
    rejected = await api.post("/api/sample/note", content=padded(MAX_BODY_BYTES + 1), headers=HEADERS)
    assert (accepted.status_code, rejected.status_code) == (201, 413)
    assert rejected.json()["message"] == f"The request body is larger than {MAX_BODY_BYTES} bytes."


async def test_large_body_of_a_route_that_reads_none_is_rejected(api: httpx2.AsyncClient) -> None:
    response = await api.request("GET", "/api/sample/note", content=padded(MAX_BODY_BYTES + 1))
    assert (response.status_code, response.json()["error"]) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("declared", ["1", "00001", str(MAX_BODY_BYTES)])
async def test_body_larger_than_declared_is_counted(api: httpx2.AsyncClient, declared: str) -> None:
    headers = {**HEADERS, "content-length": declared}
    response = await api.post("/api/sample/note", content=padded(MAX_BODY_BYTES + 1), headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("declared", "status"), [("-1", 400), ("x", 400), ("1e3", 400), ("\u00b2", 400), ("9" * 5000, 413), ("", 400)]
)
async def test_wrong_content_length_is_an_error(api: httpx2.AsyncClient, declared: str, status: int) -> None:
    headers = [*HEADERS.items(), ("content-length", declared)]
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    assert (await api.post("/api/sample/note", content=NOTE, headers=encoded)).status_code == status


def test_endless_chunked_body_is_rejected_over_http(served: int) -> None:
    with socket.create_connection(("127.0.0.1", served), 10) as connection:
        head = f"POST /api/sample/note HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for _ in range(MAX_BODY_BYTES // 256 + 1):
            connection.sendall(b"100\r\n" + b" " * 256 + b"\r\n")
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")


def test_declared_size_is_rejected_before_the_body_is_sent(served: int) -> None:
    with socket.create_connection(("127.0.0.1", served), 10) as connection:
        head = "POST /api/sample/note HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: {10**12}\r\n\r\n".encode())
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/merge-patch+json", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonx", 415),
        ("", 415),
    ],
)
async def test_body_must_be_json(api: httpx2.AsyncClient, content_type: str, status: int) -> None:
    headers = {**HEADERS, "content-type": content_type}
    response = await api.post("/api/sample/note", content=NOTE, headers=headers)
    assert response.status_code == status, response.text


async def test_query_is_limited(api: httpx2.AsyncClient) -> None:
    response = await api.get("/api/sample/numbers?name=" + "x" * 20_000)
    assert (response.status_code, response.json()["error"]) == (414, "RequestUriTooLong")
    response = await api.get("/api/sample/numbers?name=a%00b")
    assert (response.status_code, response.json()["message"]) == (400, "name: must not contain the character NUL.")

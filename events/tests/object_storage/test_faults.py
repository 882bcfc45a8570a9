"""One rule for both libraries while a server fails: what is retried, how long, and which error callers get."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from faulty_s3 import Request, StartServer

from battlescope_events.errors import TransientError
from battlescope_events.object_storage import bucket, objects
from battlescope_events.object_storage.access import ATTEMPTS, MAX_REQUESTS, BucketAccess
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.errors import ObjectMissing, ObjectTooLarge, RequestRefused
from battlescope_events.object_storage.objects import ByteRange, ObjectStorage

CONTENT = b"0123456789"
Operation = Callable[[BucketAccess], Awaitable[object]]
OPERATIONS: dict[str, Operation] = {
    "get": lambda access: ObjectStorage(access).get("k", max_bytes=100),
    "range": lambda access: ObjectStorage(access).get_range("k", ByteRange(0, 10), max_bytes=100),
    "put": lambda access: ObjectStorage(access).put("k", CONTENT, "text/plain"),
    "put once": lambda access: ObjectStorage(access).put_once("k", CONTENT, "text/plain"),
    "get by boto3": lambda access: BucketClient(access).get("k", max_bytes=100),
    "list": lambda access: BucketClient(access).list_page("k/"),
    "delete": lambda access: BucketClient(access).delete(["k"]),
    "copy": lambda access: BucketClient(access).copy("k", "l"),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
THROTTLED = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@every_operation
@pytest.mark.parametrize("status", [500, 503])
async def test_failed_request_is_repeated_and_then_transient(
    operation: Operation, status: int, start_server: StartServer
) -> None:
    async def answer(request: Request, _: int) -> None:
        request.respond(status, THROTTLED)

    server = await start_server(answer)
    with pytest.raises(TransientError, match="Object storage does not serve"):
        await operation(server.access)
    assert len(server.requests) == ATTEMPTS


@every_operation
@pytest.mark.parametrize("status", [400, 405, 411, 413, 414, 415, 431])
async def test_client_error_is_permanent(operation: Operation, status: int, start_server: StartServer) -> None:
    """A repetition would block everything behind it."""

    async def answer(request: Request, _: int) -> None:
        request.respond(status, b"<Error><Code>KeyTooLongError</Code><Message>Your key is too long</Message></Error>")

    server = await start_server(answer)
    with pytest.raises(RequestRefused, match="for good"):
        await operation(server.access)
    assert len(server.requests) == 1


@every_operation
@pytest.mark.parametrize(
    ("status", "code"), [(401, "X"), (403, "AccessDenied"), (404, "X"), (408, "X"), (400, "ExpiredToken")]
)
async def test_client_error_that_an_operator_can_end_is_transient(
    operation: Operation, status: int, code: str, start_server: StartServer
) -> None:
    async def answer(request: Request, _: int) -> None:
        request.respond(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    server = await start_server(answer)
    with pytest.raises(TransientError):
        await operation(server.access)


@every_operation
async def test_request_succeeds_after_a_failed_attempt(operation: Operation, start_server: StartServer) -> None:
    async def answer(request: Request, number: int) -> None:
        if number == 1:
            request.respond(503, THROTTLED)
        elif "range" in request.headers:
            request.respond(206, CONTENT, content_range="bytes 0-9/10")
        elif operation is OPERATIONS["get by boto3"] or request.method == "PUT":
            request.respond(200, CONTENT if request.method == "GET" else b"<CopyObjectResult/>")
        else:
            request.respond(200, CONTENT if operation is OPERATIONS["get"] else LIST)

    server = await start_server(answer)
    await operation(server.access)
    assert len(server.requests) == 2


@every_operation
@pytest.mark.parametrize("status", [400, 403, 404])
async def test_refused_request_is_transient_and_not_repeated(
    operation: Operation, status: int, start_server: StartServer
) -> None:
    """Another server at the address, or a missing bucket, says 404 as well: only NoSuchKey is a missing object."""

    async def answer(request: Request, _: int) -> None:
        request.respond(status, b"<Error><Code>NoSuchBucket</Code></Error>")

    server = await start_server(answer)
    with pytest.raises(TransientError):
        await operation(server.access)
    assert len(server.requests) == 1


async def test_concurrent_write_that_may_fail_is_not_taken_for_a_stored_object(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> None:
        request.respond(409, b"<Error><Code>ConditionalRequestConflict</Code></Error>")

    server = await start_server(answer)
    with pytest.raises(TransientError, match="ConditionalRequestConflict"):
        await OPERATIONS["put once"](server.access)


async def test_write_that_succeeded_without_an_answer_counts_as_stored(start_server: StartServer) -> None:
    async def answer(request: Request, number: int) -> bool:
        if number > 1:
            request.respond(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        return number == 1

    server = await start_server(answer)
    await OPERATIONS["put once"](server.access)
    assert [request.headers["if-none-match"] for request in server.requests] == ["*", "*"]


@every_operation
async def test_unreachable_server_is_transient(operation: Operation, unreachable_url: str) -> None:
    with pytest.raises(TransientError):
        await operation(BucketAccess(unreachable_url, "us-east-1", "archive", "key", "secret"))


@pytest.fixture
def unreachable_url() -> str:
    return "http://127.0.0.1:9"


@every_operation
async def test_silent_server_is_transient(
    operation: Operation, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (objects, bucket):
        monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)

    async def answer(*_: object) -> None:
        await asyncio.sleep(60)

    server = await start_server(answer)
    with pytest.raises(TransientError):
        await operation(server.access)
    assert len(server.requests) <= ATTEMPTS


async def test_body_that_breaks_off_is_continued_and_never_returned_in_part(start_server: StartServer) -> None:
    async def answer(request: Request, number: int) -> bool | None:
        first = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        if number == 1:
            request.respond(200, CONTENT[:4], length=10)
            return True
        request.respond(206, CONTENT[first:], content_range=f"bytes {first}-9/10")
        return None

    server = await start_server(answer)
    assert await OPERATIONS["get"](server.access) == CONTENT

    async def always_break(request: Request, _: int) -> bool:
        request.respond(206 if "range" in request.headers else 200, b"01", length=10, content_range="bytes 0-9/10")
        return True

    server = await start_server(always_break)
    for name in ("get", "range", "get by boto3"):
        with pytest.raises(TransientError):
            await OPERATIONS[name](server.access)


async def test_too_large_body_is_not_read(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> None:
        request.respond(200, b"", length=10**9)
        for _ in range(1_000):
            request.writer.write(bytes(1_000_000))
            await request.writer.drain()

    for name in ("get", "get by boto3"):
        server = await start_server(answer)
        with pytest.raises(ObjectTooLarge, match="1000000000 bytes"):
            await OPERATIONS[name](server.access)


async def test_store_that_ignores_ranges_is_transient(start_server: StartServer) -> None:
    """Its answer would be the whole object, however large."""

    async def answer(request: Request, _: int) -> None:
        request.respond(200, CONTENT)

    server = await start_server(answer)
    with pytest.raises(TransientError, match="non-partial"):
        await OPERATIONS["range"](server.access)


async def test_missing_object_of_boto3_is_permanent(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> None:
        request.respond(404, b"<Error><Code>NoSuchKey</Code></Error>")

    server = await start_server(answer)
    for name in ("get", "get by boto3", "copy"):
        with pytest.raises(ObjectMissing):
            await OPERATIONS[name](server.access)


async def test_objects_that_are_not_deleted_are_transient(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> None:
        error = b"<Error><Key>k</Key><Code>InternalError</Code></Error>"
        request.respond(200, b"<DeleteResult>" + error + b"</DeleteResult>")

    server = await start_server(answer)
    with pytest.raises(TransientError, match="did not delete 1 of 1 objects: InternalError"):
        await OPERATIONS["delete"](server.access)


async def test_connections_are_kept_and_bounded(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> None:
        await asyncio.sleep(0.01)
        request.respond(200, CONTENT)

    server = await start_server(answer)
    storage = ObjectStorage(server.access)
    for _ in range(5):
        await storage.get("k", max_bytes=10)
    assert server.connections == 1
    await asyncio.gather(*(storage.get("k", max_bytes=10) for _ in range(200)))
    assert server.connections <= MAX_REQUESTS


async def test_connection_that_the_server_closed_while_idle_is_replaced(start_server: StartServer) -> None:
    async def answer(request: Request, _: int) -> bool:
        request.respond(200, CONTENT)
        return True

    server = await start_server(answer)
    storage = ObjectStorage(server.access)
    for _ in range(5):
        await storage.put_once("k", b"x", "text/plain")
        await asyncio.sleep(0.02)
    assert len(server.requests) == 5


async def test_cancelled_request_closes_its_connection_and_frees_its_slot(start_server: StartServer) -> None:
    async def answer(request: Request, number: int) -> None:
        if number == 1:
            await asyncio.sleep(60)
        request.respond(200, CONTENT)

    server = await start_server(answer)
    storage = ObjectStorage(server.access, max_requests=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await storage.get("k", max_bytes=10)
    assert await storage.get("k", max_bytes=10) == CONTENT
    assert server.connections == 2

"""Health routes of every function."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from battlescope_events.errors import TransientError


def health_routes(ready: Callable[[], Awaitable[None]]) -> list[Route]:
    """Liveness checks the process alone; readiness calls `ready`, which raises `TransientError` for a dependency."""

    async def liveness(_: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy"})

    async def readiness(_: Request) -> JSONResponse:
        try:
            await ready()
        except TransientError as error:
            return JSONResponse({"status": "unhealthy", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "healthy"})

    return [
        Route("/health/liveness", liveness),
        Route("/health/startup", liveness),
        *(Route(path, readiness) for path in ("/health", "/healthz", "/health/readiness")),
    ]

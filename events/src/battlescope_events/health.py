"""Health routes of every function."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from battlescope_events.errors import TransientError

Ready = Callable[[], Awaitable[Mapping[str, object] | None]]
"""Raises `TransientError` for a dependency that does not answer; returns what else the readiness answer shows."""


def health_routes(ready: Ready) -> list[Route]:
    """Liveness checks the process alone; readiness calls `ready`."""

    async def liveness(_: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy"})

    async def readiness(_: Request) -> JSONResponse:
        try:
            details = await ready()
        except TransientError as error:
            return JSONResponse({"status": "unhealthy", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "healthy", **(details or {})})

    return [
        Route("/health/liveness", liveness),
        Route("/health/startup", liveness),
        *(Route(path, readiness) for path in ("/health", "/healthz", "/health/readiness")),
    ]

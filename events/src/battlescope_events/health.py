"""The health addresses of every function."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from battlescope_events.errors import Transient


def health_routes(ready: Callable[[], Awaitable[None]]) -> list[Route]:
    """Liveness is the process alone; readiness asks `ready`, which raises `Transient` for what does not answer."""

    async def alive(_: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy"})

    async def able(_: Request) -> JSONResponse:
        try:
            await ready()
        except Transient as fault:
            return JSONResponse({"status": "unhealthy", "reason": str(fault)}, status_code=503)
        return JSONResponse({"status": "healthy"})

    return [
        Route("/health/liveness", alive),
        Route("/health/startup", alive),
        *(Route(path, able) for path in ("/health", "/healthz", "/health/readiness")),
    ]

"""The answer to requests for a battle that was merged into another one."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from battle_api.services.battle_lookup import BattleMerged


async def redirect_to_survivor(request: Request, error: Exception) -> Response:
    """Redirect permanently to the same path below the surviving battle."""
    assert isinstance(error, BattleMerged)  # noqa: S101  # FastAPI's table of exception handlers guarantees it
    path = request.url.path.split("/")
    path[3] = str(error.survivor)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse("/".join(path) + query, status_code=308)

"""The answer to requests for a battle that was merged into another one."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from battle_api.services.battle_lookup import BattleMerged
from battlescope_events.http_api.description import STALE
from battlescope_events.http_api.errors import problem

_LOCATION: Final = {"description": "The same path below the surviving battle.", "schema": {"type": "string"}}
# Of routes that also answer for a deleted battle, such as its history.
KEPT: Final[dict[int | str, dict[str, Any]]] = {200: {"headers": STALE}}
HISTORY_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    308: {
        "description": "The battle was merged; `Location` is the surviving battle.",
        "headers": {"Location": _LOCATION},
    },
    404: problem("There is no such battle."),
}
BATTLE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **HISTORY_RESPONSES,
    410: problem("The battle was deleted."),
}
READ_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {**BATTLE_RESPONSES, **KEPT}


async def redirect_to_survivor(request: Request, error: Exception) -> Response:
    """Redirect permanently to the same path below the surviving battle."""
    assert isinstance(error, BattleMerged)  # noqa: S101  # FastAPI's table of exception handlers guarantees it
    path = request.url.path.split("/")
    path[3] = str(error.survivor)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse("/".join(path) + query, status_code=308)

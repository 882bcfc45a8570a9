"""A module of routes that an app imports late."""

from small_api import READ, WRITE

from battlescope_events.http_api.routing import ApiRouter

router = ApiRouter(prefix="/api/rare")


@router.get("/note", dependencies=[READ])
async def read() -> dict[str, str]:
    return {"note": "rare"}


@router.put("/note", dependencies=[WRITE])
async def write() -> dict[str, str]:
    return {}

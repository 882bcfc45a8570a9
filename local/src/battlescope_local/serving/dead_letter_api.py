"""The part of the internal API that lists, replays and discards dead letters."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web

from battlescope_local.eventing.dead_letters import DeadLetter, DeadLetters

MAX_BODY: Final = 1024 * 1024  # bytes: names of some 50,000 letters
DEFAULT_LIMIT: Final = 20
_FIELDS: Final = (
    *("type", "source", "id", "subject", "destination", "code", "reason", "data", "record", "group"),
    "resolution",
)


def dead_letter_app(dead_letters: DeadLetters) -> web.Application:
    """`GET` lists the newest (`limit`), of open ones only, or of all (`all=true`); `POST` changes some.

    A change is `{"action": "replay", "names": […], "start": "function" | "beginning"}` or
    `{"action": "discard", "names": […], "note": "…"}`. The internal API has checked the token.
    """

    async def list_letters(request: web.Request) -> web.Response:
        limit = request.query.get("limit", str(DEFAULT_LIMIT))
        if not limit.isascii() or not limit.isdecimal() or len(limit) > 9 or int(limit) == 0:  # noqa: PLR2004  # digits
            return web.Response(status=HTTPStatus.BAD_REQUEST, text="limit must be a number from 1 on.")
        letters = [
            (name, letter)
            for name, letter in (await dead_letters.read()).items()
            if letter.resolution is None or request.query.get("all") == "true"
        ]
        return web.json_response([_json(name, letter) for name, letter in letters[-int(limit) :]])

    async def change_letters(request: web.Request) -> web.Response:
        change = _change(await request.read())
        match change.get("action"), change.get("start", "function"):
            case "replay", ("function" | "beginning") as start:
                outcomes = await dead_letters.replay(_names(change), start)
            case "discard", _ if isinstance(note := change.get("note"), str) and note.strip():
                outcomes = await dead_letters.discard(_names(change), note)
            case _:
                return web.Response(status=HTTPStatus.BAD_REQUEST, text="The change is neither a replay nor a discard.")
        return web.json_response([asdict(outcome) for outcome in outcomes])

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get("", list_letters)
    app.router.add_post("", change_letters)
    return app


def _change(body: bytes) -> Mapping[str, Any]:
    """Empty where the body is no object."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _names(change: Mapping[str, Any]) -> list[str]:
    names: Any = change.get("names")
    return [name for name in cast("list[Any]", names) if isinstance(name, str)] if isinstance(names, list) else []


def _json(name: str, letter: DeadLetter) -> dict[str, Any]:
    attributes = letter.event.attributes
    return {
        "name": name,
        "time": letter.time.isoformat(),
        **{field: getattr(letter, field) for field in _FIELDS},
        "traceId": "".join(attributes.get("traceparent", "").split("-")[1:2]),
        "attributes": dict(attributes),
        "payload": letter.event.data.decode(errors="replace"),
    }

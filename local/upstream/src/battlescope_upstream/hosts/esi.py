"""ESI as far as consumers use it: names, killmails, systems, with both limit systems and conditional requests."""

import json
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Final

from aiohttp import web

from battlescope_upstream.content.names import is_bad
from battlescope_upstream.hosts.rate_limits import ErrorLimit, TokenBucket
from battlescope_upstream.hosts.state import SimulatedWorld

_MOST_NAMES: Final = 1000
_ERRORS_FROM: Final = 400
_LIMITED: Final = 420  # is not counted as an error again
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what to say with it."""

    status: int
    content: Any
    max_age: int = 0

    @property
    def body(self) -> bytes:
        given = self.content
        return given if isinstance(given, bytes) else json.dumps(given, separators=(",", ":")).encode()


def _error(status: int, text: str) -> Answer:
    return Answer(status, {"error": text})


@dataclass(slots=True)
class Esi:
    """Routes below `/esi`."""

    world: SimulatedWorld
    errors: ErrorLimit = field(default_factory=ErrorLimit)
    killmails: TokenBucket = field(default_factory=lambda: TokenBucket("killmail"))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(r"/esi/universe/names{slash:/?}", self._names),
            web.get(r"/esi/universe/systems/{id:\d+}{slash:/?}", self._system),
            web.get(r"/esi/killmails/{id:\d+}/{hash:\w+}{slash:/?}", self._killmail),
        ]

    def _trouble(self) -> Answer | None:
        """What stands before every route: the error limit of all, and the dials."""
        dials = self.world.dials
        if self.errors.remaining(self.world.clock(), dials.esi_error_limit) == 0:
            return _error(_LIMITED, "This software has exceeded the error limit for ESI.")
        if dials.esi_down:
            return _error(503, "The datasource tranquility is temporarily unavailable")
        return _error(502, "Bad gateway") if self.world.drawn(dials.esi_failing) else None

    def _counted(self, request: web.Request, answer: Answer) -> web.Response:
        """An answer of a route that shares the error limit."""
        now, dials = self.world.clock(), self.world.dials
        if answer.status >= _ERRORS_FROM and answer.status != _LIMITED:
            self.errors.errors += 1
        return _conditional(request, answer, self.errors.headers(now, dials.esi_error_limit))

    async def _names(self, request: web.Request) -> web.Response:
        answer = self._trouble() or self._resolve(await request.read())
        return self._counted(request, answer)

    def _resolve(self, body: bytes) -> Answer:
        ids = _ids(body)
        if ids is None:
            return _error(400, "The body must be a list of 1 to 1000 ids.")
        if len(set(ids)) != len(ids):
            return _error(400, "The ids must be unique.")
        dials, seed = self.world.dials, self.world.seed
        found = {i: None if is_bad(i, seed, dials.esi_bad_ids) else self.world.names.lookup(i) for i in ids}
        if None in found.values():
            return _error(404, "Ensure all IDs are valid before resolving.")
        return Answer(_OK, [{"category": named[0], "id": i, "name": named[1]} for i, named in found.items() if named])

    async def _system(self, request: web.Request) -> web.Response:
        return self._counted(request, self._trouble() or self._told_system(int(request.match_info["id"])))

    def _told_system(self, system_id: int) -> Answer:
        system = self.world.reference.systems.get(system_id)
        if system is None:
            return _error(404, "Solar system not found!")
        told = {
            "constellation_id": system.constellation_id,
            "name": system.name,
            "position": dict(zip("xyz", system.position, strict=True)),
            "security_status": system.security,
            "system_id": system_id,
        }
        return Answer(_OK, told, 3600)

    async def _killmail(self, request: web.Request) -> web.Response:
        """The one route here with a token bucket; a 429 itself is free."""
        now, limit = self.world.clock(), self.world.dials.esi_tokens
        if (answer := self._trouble()) is not None:
            return self._counted(request, answer)
        if self.killmails.used(now) >= limit:
            headers = {"Retry-After": str(self.killmails.retry_after(now)), **self.killmails.headers(now, limit)}
            return _conditional(request, _error(429, "Too many requests"), headers)
        found = self._told_killmail(int(request.match_info["id"]), request.match_info["hash"])
        response = _conditional(request, found, {})
        self.killmails.spend(now, response.status)
        response.headers.update(self.killmails.headers(now, limit))
        return response

    def _told_killmail(self, killmail_id: int, stated: str) -> Answer:
        mail = self.world.mails.get(killmail_id)
        if mail is None or mail.hash != stated:
            return _error(422, "Invalid killmail_id and/or killmail_hash")
        return Answer(_OK, mail.esi, 2_592_000)


def _ids(body: bytes) -> list[int] | None:
    try:
        ids: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(ids, list) or not 1 <= len(ids) <= _MOST_NAMES:  # pyright: ignore[reportUnknownArgumentType]  # JSON of others
        return None
    numbers = [i for i in ids if isinstance(i, int) and not isinstance(i, bool)]  # pyright: ignore[reportUnknownVariableType]  # JSON of others
    return numbers if len(numbers) == len(ids) else None  # pyright: ignore[reportUnknownArgumentType]  # JSON of others


def _conditional(request: web.Request, answer: Answer, headers: dict[str, str]) -> web.Response:
    """The answer with its tag, or 304 for who has it already."""
    body = answer.body
    if answer.status == _OK and request.method == "GET":
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {**headers, "ETag": tag, "Cache-Control": f"public, max-age={answer.max_age}"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
    return web.Response(status=answer.status, body=body, content_type="application/json", headers=headers)

"""Asking the source for its lists: two files a day, at an eighth of the pace that it allows."""

import asyncio
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Final

import httpx2

from ingest_verify import listing
from ingest_verify.outcomes import NotPublished, Unavailable

LARGEST: Final = 64 * 1024 * 1024  # a day of 200,000 mails has 12 MB
TOTAL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """The list of a day, and how long the source itself says that it is."""

    mails: dict[int, str]
    total: int | None

    @property
    def is_fragment(self) -> bool:
        """Around midnight the source writes pieces of a day."""
        return self.total is not None and len(self.mails) < self.total


class History:
    """The R2Z2 host's history."""

    def __init__(self, client: httpx2.AsyncClient, url: str, pause: float) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/history"
        self._pause = pause

    async def day(self, day: date) -> Listed:
        """The list of a day.

        Raises:
            NotPublished: there is none yet.
            Unavailable: the source does not answer, or does not want to be asked.
        """
        body = await self._ask(f"{self._url}/{day:%Y%m%d}.json")
        try:
            mails = listing.read(body)
        except ValueError as error:
            raise Unavailable(f"The list of {day} cannot be read: {error}.") from error
        await asyncio.sleep(self._pause)
        return Listed(mails, await self._total(day))

    async def _total(self, day: date) -> int | None:
        try:
            return listing.total(await self._ask(f"{self._url}/totals.json"), day)
        except NotPublished:
            return None

    async def _ask(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._client.stream("GET", url) as answer:
                return await _body(answer)
        except TimeoutError as error:
            raise Unavailable(f"The source took longer than {TOTAL_SECONDS:.0f} s.") from error
        except httpx2.HTTPError as error:
            raise Unavailable(f"The source does not answer: {error!r}.") from error


async def _body(answer: httpx2.Response) -> bytes:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise NotPublished("The source has no list of that day yet.")
    if answer.status_code != HTTPStatus.OK:
        raise Unavailable(f"The source answers with status {answer.status_code}.")
    parts = bytearray()
    async for part in answer.aiter_bytes():
        parts += part
        if len(parts) > LARGEST:
            raise Unavailable(f"The source answers with more than {LARGEST} bytes.")
    return bytes(parts)

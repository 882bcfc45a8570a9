"""ESI, for the rare feed file that only points to its killmail."""

import asyncio
from typing import Final

import httpx2

from ingest_poll.errors import UnavailableError, KillmailNotFound

COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that answers change only when we say so
TOTAL_TIMEOUT_SECONDS: Final = 15.0
_TRIES: Final = 3
_LONGEST_WAIT: Final = 10.0  # a longer one stops this run; the feed's cursor waits before this file
_NO_SUCH: Final = {400, 404, 422}


class EsiClient:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    async def fetch_killmail(self, killmail_id: int, killmail_hash: str) -> bytes:
        """The body of one killmail.

        Raises:
            Unknown: ESI has no such killmail.
            Unavailable: ESI does not answer, or wants to be left alone for longer than we can wait here.
        """
        url = f"{self._url}/killmails/{killmail_id}/{killmail_hash}"
        for tries_left in reversed(range(_TRIES)):
            response = await self._get(url)
            if response.is_success:
                return response.content
            if response.status_code in _NO_SUCH:
                raise KillmailNotFound(f"ESI has no killmail {killmail_id} with this hash (status {response.status_code}).")
            wait = _wait(response)
            if wait > _LONGEST_WAIT or not tries_left:
                raise UnavailableError(f"ESI answers with status {response.status_code} for killmail {killmail_id}.")
            await asyncio.sleep(wait)
        raise AssertionError("The last try returns or raises.")

    async def _get(self, url: str) -> httpx2.Response:
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_SECONDS):
                return await self._client.get(url, headers={"X-Compatibility-Date": COMPATIBILITY_DATE})
        except (TimeoutError, httpx2.HTTPError) as error:
            raise UnavailableError(f"ESI does not answer: {error!r}.") from error


def _wait(response: httpx2.Response) -> float:
    """429 names its wait in Retry-After, 420 in the reset of the error limit; all else is tried again in a second."""
    if response.status_code not in {420, 429}:
        return 1.0
    stated = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset")
    return float(stated) if stated and stated.isdecimal() else _LONGEST_WAIT

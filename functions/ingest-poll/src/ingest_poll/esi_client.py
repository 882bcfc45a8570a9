"""ESI client, for the rare feed file that holds only a killmail's id and hash."""

import asyncio
from typing import Final

import httpx2

from battlescope_events.errors import TransientError
from ingest_poll.errors import KillmailNotFound

COMPATIBILITY_DATE: Final = "2026-08-18"  # required by ESI; pinned, so that response formats change on purpose
TOTAL_TIMEOUT_SECONDS: Final = 15.0
_MAX_TRIES: Final = 3
_MAX_DELAY_SECONDS: Final = 10.0  # a longer delay ends the run; the feed cursor stays before this file
_NOT_FOUND_STATUSES: Final = {400, 404, 422}


class EsiClient:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    async def fetch_killmail(self, killmail_id: int, killmail_hash: str) -> bytes:
        """The JSON body of one killmail.

        Raises:
            KillmailNotFound: ESI has no such killmail.
            TransientError: ESI does not respond, or demands a longer delay than this run can wait.
        """
        url = f"{self._url}/killmails/{killmail_id}/{killmail_hash}"
        for tries_left in reversed(range(_MAX_TRIES)):
            response = await self._get(url)
            status = response.status_code
            if response.is_success:
                return response.content
            if status in _NOT_FOUND_STATUSES:
                raise KillmailNotFound(f"ESI has no killmail {killmail_id} with this hash (status {status}).")
            delay = _retry_delay(response)
            if delay > _MAX_DELAY_SECONDS or not tries_left:
                raise TransientError(f"ESI responds with status {status} for killmail {killmail_id}.")
            await asyncio.sleep(delay)
        raise AssertionError("The last try returns or raises.")

    async def _get(self, url: str) -> httpx2.Response:
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_SECONDS):
                return await self._client.get(url, headers={"X-Compatibility-Date": COMPATIBILITY_DATE})
        except (TimeoutError, httpx2.HTTPError) as error:
            raise TransientError(f"ESI does not respond: {error!r}.") from error


def _retry_delay(response: httpx2.Response) -> float:
    """Seconds: 429 states them in Retry-After, 420 in the reset of the error limit; any other status waits 1 s."""
    if response.status_code not in {420, 429}:
        return 1.0
    stated = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset")
    return float(stated) if stated and stated.isdecimal() else _MAX_DELAY_SECONDS

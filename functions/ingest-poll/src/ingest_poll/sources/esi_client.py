"""ESI's killmails, for the rare feed file that holds only a killmail's id and hash."""

from http import HTTPStatus
from typing import Final

from battlescope_events.upstream.client import RequestPolicy
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamUnavailable
from battlescope_events.upstream.esi import Esi
from ingest_poll.errors import KillmailNotFound

POLICY: Final = RequestPolicy(tries=3, total_timeout=15.0)
_NOT_FOUND_STATUSES: Final = frozenset({400, 404, 422})


class KillmailClient:
    def __init__(self, esi: Esi) -> None:
        self._esi = esi

    async def fetch_killmail(self, killmail_id: int, killmail_hash: str) -> bytes:
        """The JSON body of one killmail.

        Raises:
            KillmailNotFound: ESI has no such killmail.
            UpstreamUnavailable: ESI does not respond, or demands a pause; the feed cursor stays before this file.
        """
        try:
            response = await self._esi.get(f"killmails/{killmail_id}/{killmail_hash}")
        except ResponseTooLarge as error:
            raise KillmailNotFound(str(error)) from error
        if response.status == HTTPStatus.OK:
            return response.body
        if response.status in _NOT_FOUND_STATUSES:
            raise KillmailNotFound(f"ESI has no killmail {killmail_id} with this hash (status {response.status}).")
        raise UpstreamUnavailable(f"ESI responds with status {response.status} for killmail {killmail_id}.")

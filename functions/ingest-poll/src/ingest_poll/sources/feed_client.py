"""The host of the R2Z2 feed: its files by number, and its head."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown
from battlescope_schemas.archive import MAX_KILLMAIL_BYTES
from ingest_poll.feed.feed_state import MAX_SEQUENCE, CoolingDown, Missing, RequestFailed, UnusableBody

UPSTREAM: Final = "r2z2"  # the name of its cooldown, which ingest-backfill and ingest-verify share
MIN_IN_FLIGHT: Final = 8  # the feed allows some ten requests per second; more requests would only wait for the limiter
MAX_IN_FLIGHT: Final = 64  # of a feed without that limit; responses that come together take a sixth less CPU
IN_FLIGHT_SECONDS: Final = 0.05  # a request takes about that long


class _Head(msgspec.Struct):
    """The content of `sequence.json`."""

    sequence: Annotated[int, msgspec.Meta(gt=0, le=MAX_SEQUENCE)]


_HEAD: Final = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class FileBody:
    """The body of a 200 response."""

    content: bytes


FetchResult = FileBody | Missing | CoolingDown | RequestFailed | UnusableBody


def request_policy(max_rate: float) -> RequestPolicy:
    """`max_rate`: requests per second. The largest killmails so far have a few MB.

    A refusal of another function is noticed within a second; to notice it at once, each file would need a statement.
    """
    return RequestPolicy(rate=max_rate, total_timeout=15.0, max_bytes=MAX_KILLMAIL_BYTES, recheck_seconds=1.0)


class FeedClient:
    """The R2Z2 host."""

    def __init__(self, upstream: UpstreamClient, url: str, max_rate: float) -> None:
        """`max_rate`: requests per second, which the policy of `upstream` holds."""
        self._upstream = upstream
        self._url = f"{url.rstrip('/')}/ephemeral"
        self.max_in_flight = min(MAX_IN_FLIGHT, max(MIN_IN_FLIGHT, round(max_rate * IN_FLIGHT_SECONDS)))

    @property
    def url(self) -> str:
        return self._url

    async def fetch_file(self, sequence: int) -> FetchResult:
        return await self._get(f"{self._url}/{sequence}.json")

    async def fetch_head(self) -> int | CoolingDown | RequestFailed:
        """The highest sequence that the feed states; it may lag by about fifty."""
        match await self._get(f"{self._url}/sequence.json"):
            case FileBody(content):
                return _parse_head(content)
            case Missing() | UnusableBody():
                return RequestFailed("The feed has no sequence.json.")
            case failure:
                return failure

    async def _get(self, url: str) -> FetchResult:
        try:
            response = await self._upstream.get(url)
        except UpstreamCoolingDown as error:
            return CoolingDown(error.until, str(error))
        except ResponseTooLarge as error:
            return UnusableBody(str(error))
        match response.status:
            case HTTPStatus.OK:
                return FileBody(response.body)
            case HTTPStatus.NOT_FOUND:
                return Missing()
            case status:
                return RequestFailed(f"The feed responds with status {status}.")


def _parse_head(content: bytes) -> int | RequestFailed:
    try:
        return _HEAD.decode(content).sequence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RequestFailed("The feed's sequence.json states no sequence.")

"""The killmail reference: event payload of an accepted and archived killmail, without its body."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import CarriedContent, EveId, Isk, Schema, UtcTime


class Source(StrEnum):
    LIVE = "live"
    HISTORICAL = "historical"
    DAILY_VERIFICATION = "daily_verification"


class KillmailReference(Schema):
    """An accepted killmail: system, time, alliances and the archive key of its body.

    value_revision: counts the values that the feed has given it since the first one; None for the first.
    """

    killmail_id: EveId
    zkb_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    killmail_time: UtcTime
    system_id: EveId
    victim_alliance_id: EveId | None = None
    attacker_alliance_ids: tuple[EveId, ...] = ()
    isk_value: Isk | None = None
    zkb_url: str
    source: Source = Source.LIVE
    historical_job_id: str | None = None
    archive_key: str
    ruleset_id: str | None = None
    value_revision: Annotated[int, Field(ge=1, lt=2**31)] | None = None


class KillmailChunk(Schema):
    """Claim check: a batch of killmails as one object, gzip of JSON lines with one record per line.

    content: the bytes of the object, where they are few; then there may be no object with this key.
    starts_at: the time of the first killmail of a part of a day; absent where the batch is no part of a day.
    """

    chunk_key: str
    count: Annotated[int, Field(gt=0)]
    date: date
    job_id: str | None = None
    content: CarriedContent | None = None
    starts_at: UtcTime | None = None


class KillmailRefused(Schema):
    """A body from the feed that is no valid killmail, with the reason of the rejection."""

    sequence_id: int
    url: str
    reason: str
    excerpt: str
    archive_key: str | None = None


class KillmailRereadRequested(Schema):
    """A request to read a refused body of the archive again, because a newer release or ESI may know more now."""

    sequence_id: Annotated[int, Field(gt=0, lt=2**63)]
    archive_key: str

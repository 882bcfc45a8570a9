"""The lines of a batch of killmail references as structs: the same JSON as the model's, in a fraction of the time.

A test holds the struct to its model: the same fields in the same order, and equal bytes.
"""

from datetime import datetime
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Encoder

from battlescope_schemas.reference import Source
from battlescope_schemas.ruleset import FilteredKillmail, zkb_url

_ENCODER: Final = Encoder()


class ReferenceLine(Struct, rename="camel", gc=False):
    """A line of a batch of `KillmailReference`."""

    killmail_id: str
    zkb_hash: str
    killmail_time: datetime
    system_id: str
    victim_alliance_id: str | UnsetType
    attacker_alliance_ids: list[str]
    isk_value: str | UnsetType
    zkb_url: str
    source: Source
    historical_job_id: str | UnsetType
    archive_key: str
    ruleset_id: str
    value_revision: int | UnsetType = UNSET


def reference_line(
    accepted: FilteredKillmail,
    source: Source = Source.LIVE,
    job_id: str | None = None,
    value_revision: int | None = None,
) -> bytes:
    """The JSON of `reference_to` with the same arguments."""
    killmail = accepted.killmail
    alliance_id = killmail.victim.alliance_id
    line = ReferenceLine(
        str(killmail.killmail_id),
        killmail.hash,
        killmail.killmail_time,
        str(killmail.solar_system_id),
        str(alliance_id) if alliance_id else UNSET,
        list(map(str, accepted.attacker_alliance_ids)),
        UNSET if killmail.isk_value is None else str(killmail.isk_value),
        zkb_url(killmail.killmail_id),
        source,
        UNSET if job_id is None else job_id,
        accepted.archive_key,
        str(accepted.ruleset_id),
        UNSET if value_revision is None else value_revision,
    )
    return _ENCODER.encode(line)

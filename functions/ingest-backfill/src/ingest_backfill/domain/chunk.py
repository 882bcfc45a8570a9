"""From the new killmails of a chunk to what is stored and published. Pure.

The same killmails give the same bytes under the same keys. A chunk's key ends in the hash of its content, as a
bundle's does, so a worker that lost its lease and continues late can overwrite only objects with the same content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from battlescope_schemas.archive import FAST_LEVEL, Bundle, compress_batch, make_bundle
from battlescope_schemas.killmail import ArchivedKillmail
from battlescope_schemas.reference import Source
from battlescope_schemas.reference_lines import reference_line
from battlescope_schemas.ruleset import FilteredKillmail, Ruleset, apply_ruleset, zkb_url


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """One chunk, ready for two objects and one transaction.

    bundle: every killmail, rejected ones too, as for live killmails: rulesets change, and sources disappear.
    body: the claim check with the accepted killmails; empty if there are none.
    copy_rows: the accepted killmails in PostgreSQL's COPY format.
    """

    accepted: tuple[FilteredKillmail, ...]
    rejected: tuple[FilteredKillmail, ...]
    chunk_key: str = ""
    body: bytes = b""
    copy_rows: bytes = b""
    bundle: Bundle | None = None

    @property
    def killmails(self) -> list[ArchivedKillmail]:
        return [filtered.killmail for filtered in (*self.accepted, *self.rejected)]


def prepare_chunk(
    job_id: str, day: date, number: int, killmails: Sequence[ArchivedKillmail], rules: Ruleset
) -> PreparedChunk:
    """`number`: the index of the chunk within the day."""
    if not killmails:
        return PreparedChunk((), ())
    bundle = make_bundle(day, (killmail.raw for killmail in killmails), level=FAST_LEVEL)
    filtered = [apply_ruleset(k, str(key), rules) for k, key in zip(killmails, bundle.keys, strict=True)]
    accepted = tuple(each for each in filtered if each.rejection is None)
    rejected = tuple(each for each in filtered if each.rejection is not None)
    if not accepted:
        return PreparedChunk((), rejected, bundle=bundle)
    lines = b"".join([reference_line(each, Source.HISTORICAL, job_id) + b"\n" for each in accepted])
    rows = "".join(_copy_row(each, job_id) for each in accepted)
    body = compress_batch(lines)
    chunk_key = f"chunks/{job_id}/{day}/{number:04d}-{sha256(body).hexdigest()[:16]}.jsonl.gz"
    return PreparedChunk(accepted, rejected, chunk_key, body, rows.encode(), bundle)


def _copy_row(accepted: FilteredKillmail, job_id: str) -> str:
    r"""A row of `killmail_events` in COPY format, where `\N` is null. Nothing in it needs escaping."""
    killmail, victim = accepted.killmail, accepted.killmail.victim
    alliances = ",".join(map(str, accepted.attacker_alliance_ids))
    corps = ",".join(map(str, accepted.attacker_corp_ids))
    value = _NULL if killmail.isk_value is None else killmail.isk_value
    return (
        f"{killmail.killmail_id}\t{killmail.hash}\t{killmail.solar_system_id}\t"
        f"{killmail.killmail_time:%Y-%m-%d %H:%M:%S}+00\t{victim.alliance_id or _NULL}\t"
        f"{victim.corporation_id or _NULL}\t{victim.character_id or _NULL}\t"
        f"{{{alliances}}}\t{{{corps}}}\t{accepted.pilot_count}\t{value}\t"
        f"{zkb_url(killmail.killmail_id)}\thistorical\t{job_id}\t{accepted.ruleset_id}\t{accepted.archive_key}\n"
    )


_NULL: Final = r"\N"

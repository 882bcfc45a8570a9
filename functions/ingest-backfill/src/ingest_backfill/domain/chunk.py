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
from ingest_backfill.domain.killmail import BackfilledKillmail
from ingest_backfill.domain.ruleset import RejectionReason, Ruleset, apply_ruleset


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """One chunk, ready for two objects and one transaction.

    bundle: every killmail, rejected ones too, as for live killmails: rulesets change, and sources disappear.
    body: the claim check with the accepted killmails; empty if there are none.
    copy_rows: the accepted killmails in PostgreSQL's COPY format.
    """

    accepted: tuple[BackfilledKillmail, ...]
    rejected: tuple[tuple[BackfilledKillmail, RejectionReason], ...]
    chunk_key: str = ""
    body: bytes = b""
    copy_rows: bytes = b""
    bundle: Bundle | None = None

    @property
    def killmails(self) -> tuple[BackfilledKillmail, ...]:
        return (*self.accepted, *(killmail for killmail, _ in self.rejected))


def prepare_chunk(
    job_id: str, day: date, number: int, killmails: Sequence[BackfilledKillmail], rules: Ruleset
) -> PreparedChunk:
    """`number`: the index of the chunk within the day."""
    if not killmails:
        return PreparedChunk((), ())
    bundle = make_bundle(day, (killmail.raw for killmail in killmails), level=FAST_LEVEL)
    results = [(k, apply_ruleset(k, rules), str(key)) for k, key in zip(killmails, bundle.keys, strict=True)]
    accepted = [(killmail, key) for killmail, reason, key in results if reason is None]
    rejected = tuple((killmail, reason) for killmail, reason, _ in results if reason is not None)
    if not accepted:
        return PreparedChunk((), rejected, bundle=bundle)
    rows = "".join(_copy_row(killmail, key, job_id, rules) for killmail, key in accepted)
    lines = "".join(_reference_line(killmail, key, job_id, rules) for killmail, key in accepted)
    body = compress_batch(lines.encode())
    chunk_key = f"chunks/{job_id}/{day}/{number:04d}-{sha256(body).hexdigest()[:16]}.jsonl.gz"
    accepted_killmails = tuple(killmail for killmail, _ in accepted)
    return PreparedChunk(accepted_killmails, rejected, chunk_key, body, rows.encode(), bundle)


def _reference_line(killmail: BackfilledKillmail, key: str, job_id: str, rules: Ruleset) -> str:
    """A `KillmailReference` as JSON. Nothing needs escaping: numbers, hexadecimal digits and our own keys."""
    victim = f'"victimAllianceId":"{killmail.victim_alliance_id}",' if killmail.victim_alliance_id else ""
    value = f'"iskValue":"{killmail.isk_value}",' if killmail.isk_value is not None else ""
    alliances = ",".join([f'"{alliance_id}"' for alliance_id in killmail.attacker_alliance_ids])
    return (
        f'{{"killmailId":"{killmail.killmail_id}","zkbHash":"{killmail.hash}",'
        f'"killmailTime":"{killmail.occurred_at:%Y-%m-%dT%H:%M:%S}Z",'
        f'"systemId":"{killmail.system_id}",{victim}"attackerAllianceIds":[{alliances}],{value}'
        f'"zkbUrl":"https://zkillboard.com/kill/{killmail.killmail_id}/","source":"historical",'
        f'"historicalJobId":"{job_id}","archiveKey":"{key}","rulesetId":"{rules.id}"}}\n'
    )


def _copy_row(killmail: BackfilledKillmail, key: str, job_id: str, rules: Ruleset) -> str:
    r"""A row of `killmail_events` in COPY format, where `\N` is null."""
    alliances = ",".join(map(str, killmail.attacker_alliance_ids))
    corps = ",".join(map(str, killmail.attacker_corp_ids))
    return (
        f"{killmail.killmail_id}\t{killmail.hash}\t{killmail.system_id}\t"
        f"{killmail.occurred_at:%Y-%m-%d %H:%M:%S}+00\t{killmail.victim_alliance_id or _NULL}\t"
        f"{killmail.victim_corp_id or _NULL}\t{killmail.victim_character_id or _NULL}\t"
        f"{{{alliances}}}\t{{{corps}}}\t{killmail.pilot_count}\t{killmail.isk_value or _NULL}\t"
        f"https://zkillboard.com/kill/{killmail.killmail_id}/\thistorical\t{job_id}\t{rules.id}\t{key}\n"
    )


_NULL: Final = r"\N"

"""From the new mails of a chunk to what is stored and told of them.

Pure, and the same mails give the same bytes under the same names. A chunk's name ends in the hash of its content, as a
pack's does: a worker that was believed dead and wakes up late can only write what another name already is for.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from battlescope_schemas.archive import Pack, pack
from ingest_backfill.domain.killmail import BackfilledKillmail
from ingest_backfill.domain.ruleset import RejectionReason, Ruleset, apply_ruleset

_LEVEL: Final = 1  # a fifth larger than level 6, at a quarter of its time; history is written once and seldom read
_GZIP: Final = 31  # zlib's word for: 32 KiB window, in a gzip frame


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """One chunk, ready for two objects and one transaction.

    pack: every mail, those that the ruleset rejects too, as live ones are: rules change, and sources go away.
    chunk: the accepted ones; empty where there are none.
    """

    accepted: tuple[BackfilledKillmail, ...]
    rejected: tuple[tuple[BackfilledKillmail, RejectionReason], ...]
    chunk_key: str = ""
    body: bytes = b""
    copy_rows: bytes = b""
    bundle: Pack | None = None

    @property
    def killmails(self) -> tuple[BackfilledKillmail, ...]:
        return (*self.accepted, *(mail for mail, _ in self.rejected))


def prepare_chunk(job_id: str, day: date, number: int, killmails: Sequence[BackfilledKillmail], rules: Ruleset) -> PreparedChunk:
    """`number` counts the chunks of the day."""
    if not killmails:
        return PreparedChunk((), ())
    packed = pack(day, (mail.raw for mail in killmails), level=_LEVEL)
    verdicts = [(mail, apply_ruleset(mail, rules), str(key)) for mail, key in zip(killmails, packed.keys, strict=True)]
    placed = [(mail, key) for mail, reason, key in verdicts if reason is None]
    rejected = tuple((mail, reason) for mail, reason, _ in verdicts if reason is not None)
    if not placed:
        return PreparedChunk((), rejected, bundle=packed)
    lines = "".join(_line(mail, key, job_id, rules) for mail, key in placed)
    copy_rows = "".join(_row(mail, key, job_id, rules) for mail, key in placed)
    body = _compressed(lines.encode())
    key = f"chunks/{job_id}/{day}/{number:04d}-{sha256(body).hexdigest()[:16]}.jsonl.gz"
    return PreparedChunk(tuple(mail for mail, _ in placed), rejected, key, body, copy_rows.encode(), packed)


def _compressed(text: bytes) -> bytes:
    writer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return writer.compress(text) + writer.flush()


def _line(mail: BackfilledKillmail, key: str, job_id: str, rules: Ruleset) -> str:
    """A `KillmailReference` on the wire. Nothing in it needs escaping: numbers, hexadecimal digits, names of ours."""
    victim = f'"victimAllianceId":"{mail.victim_alliance_id}",' if mail.victim_alliance_id else ""
    value = f'"iskValue":"{mail.isk_value}",' if mail.isk_value is not None else ""
    alliances = ",".join([f'"{one}"' for one in mail.attacker_alliance_ids])
    return (
        f'{{"killmailId":"{mail.killmail_id}","zkbHash":"{mail.hash}",'
        f'"killmailTime":"{mail.occurred_at:%Y-%m-%dT%H:%M:%S}Z",'
        f'"systemId":"{mail.system_id}",{victim}"attackerAllianceIds":[{alliances}],{value}'
        f'"zkbUrl":"https://zkillboard.com/kill/{mail.killmail_id}/","source":"historical",'
        f'"historicalJobId":"{job_id}","archiveKey":"{key}","rulesetId":"{rules.id}"}}\n'
    )


def _row(mail: BackfilledKillmail, key: str, job_id: str, rules: Ruleset) -> str:
    r"""A row of killmail_events as COPY takes it; `\N` is its word for null."""
    return (
        f"{mail.killmail_id}\t{mail.hash}\t{mail.system_id}\t{mail.occurred_at:%Y-%m-%d %H:%M:%S}+00\t"
        f"{mail.victim_alliance_id or _NULL}\t{mail.victim_corp_id or _NULL}\t{mail.victim_character_id or _NULL}\t"
        f"{{{','.join(map(str, mail.attacker_alliance_ids))}}}\t{{{','.join(map(str, mail.attacker_corp_ids))}}}\t{mail.pilot_count}\t"
        f"{mail.isk_value or _NULL}\thttps://zkillboard.com/kill/{mail.killmail_id}/\thistorical\t{job_id}\t"
        f"{rules.id}\t{key}\n"
    )


_NULL: Final = r"\N"

"""From a batch of read files to what is stored and said of them: pure, so that a retry makes the same again."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from battlescope_schemas.archive import ArchiveKey, Pack, pack
from battlescope_schemas.base import isk
from battlescope_schemas.reference import KillmailReference, KillmailRefused
from ingest_poll.feed_file import KillmailEntry, RefusedEntry, excerpt
from ingest_poll.ruleset import RejectionReason, Ruleset, apply_ruleset, count_pilots

_TOO_MUCH_ISK: Final = Decimal(10) ** 18  # does not fit numeric(20,2), and no ship is worth it


@dataclass(frozen=True, slots=True)
class ArchivedEntries:
    """Mails and refused bodies with the place of each in the archive."""

    mails: tuple[tuple[KillmailEntry, ArchiveKey], ...] = ()
    refused: tuple[tuple[RefusedEntry, ArchiveKey], ...] = ()


@dataclass(frozen=True, slots=True)
class FilteredKillmail:
    """A mail as it is filed: either it has a reference to tell, or the reason why it is not wanted."""

    killmail_id: int
    occurred_at: datetime
    rejected: RejectionReason | None
    security_guessed: bool
    reference: KillmailReference
    victim_corp_id: int | None
    victim_character_id: int | None
    attacker_corp_ids: tuple[int, ...]
    pilot_count: int
    ruleset_id: UUID


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """One batch, ready for one transaction. `received` counts what came twice, twice."""

    killmails: tuple[FilteredKillmail, ...]
    refused: tuple[KillmailRefused, ...]
    received: int

    @property
    def last_killmail_id(self) -> int | None:
        return self.killmails[-1].killmail_id if self.killmails else None


def bundle_entries(entries: Sequence[KillmailEntry | RefusedEntry], today: date) -> tuple[list[Pack], ArchivedEntries]:
    """One pack per day of kills, one for what is refused, and where each body lies in them."""
    by_day: dict[date, list[KillmailEntry]] = {}
    refusals = [entry for entry in entries if isinstance(entry, RefusedEntry)]
    for entry in entries:
        if isinstance(entry, KillmailEntry):
            by_day.setdefault(entry.killmail.killmail_time.date(), []).append(entry)
    days = [(mails, pack(day, (mail.body for mail in mails))) for day, mails in by_day.items()]
    bin_ = pack(today, (refusal.body for refusal in refusals), prefix="refused")
    mails = tuple(pair for mails, made in days for pair in zip(mails, made.keys, strict=True))
    refused = tuple(zip(refusals, bin_.keys, strict=True))
    return [made for _, made in days] + ([bin_] if refusals else []), ArchivedEntries(mails, refused)


def prepare_batch(archived: ArchivedEntries, rules: Ruleset, feed_url: str) -> PreparedBatch:
    """Judge every mail, keeping the latest of those that came twice, and state every refusal."""
    latest = {mail.killmail.killmail_id: (mail, key) for mail, key in archived.mails}
    killmails = tuple(_judged(mail, key, rules) for mail, key in latest.values())
    refused = tuple(_refused(refusal, key, feed_url) for refusal, key in archived.refused)
    return PreparedBatch(killmails, refused, received=len(archived.mails) + len(refused))


def _judged(mail: KillmailEntry, key: ArchiveKey, rules: Ruleset) -> FilteredKillmail:
    verdict = apply_ruleset(mail.killmail, rules)
    killmail = mail.killmail
    return FilteredKillmail(
        killmail_id=killmail.killmail_id,
        occurred_at=killmail.killmail_time,
        rejected=verdict.rejection,
        security_guessed=verdict.security_guessed,
        reference=_reference(mail, key, rules),
        victim_corp_id=killmail.victim.corporation_id,
        victim_character_id=killmail.victim.character_id,
        attacker_corp_ids=_distinct(a.corporation_id for a in killmail.attackers),
        pilot_count=count_pilots(killmail),
        ruleset_id=rules.id,
    )


def _reference(mail: KillmailEntry, key: ArchiveKey, rules: Ruleset) -> KillmailReference:
    killmail = mail.killmail
    return KillmailReference(
        killmail_id=killmail.killmail_id,
        zkb_hash=mail.hash,
        killmail_time=killmail.killmail_time,
        system_id=killmail.solar_system_id,
        victim_alliance_id=killmail.victim.alliance_id,
        attacker_alliance_ids=_distinct(a.alliance_id for a in killmail.attackers),
        isk_value=_value(mail.zkb.total_value),
        zkb_url=f"https://zkillboard.com/kill/{killmail.killmail_id}/",
        archive_key=str(key),
        ruleset_id=str(rules.id),
    )


def _refused(refusal: RefusedEntry, key: ArchiveKey, feed_url: str) -> KillmailRefused:
    return KillmailRefused(
        sequence_id=refusal.sequence,
        url=f"{feed_url}/{refusal.sequence}.json",
        reason=refusal.reason,
        excerpt=excerpt(refusal.body),
        archive_key=str(key),
    )


def _distinct(ids: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({i for i in ids if i}))


def _value(value: Decimal | None) -> Decimal | None:
    return isk(value) if value is not None and abs(value) < _TOO_MUCH_ISK else None


@dataclass(frozen=True, slots=True)
class PartitionedKillmails:
    """A filing seen by what was already known."""

    accepted: tuple[FilteredKillmail, ...]
    rejected: tuple[FilteredKillmail, ...]
    known: tuple[FilteredKillmail, ...]

    def counts(self, received: int, refused: int) -> dict[str, int]:
        """What the hour's statistics grow by."""
        by_reason = {f"rejected_{reason}": sum(1 for j in self.rejected if j.rejected is reason) for reason in RejectionReason}
        return {
            "received": received,
            "accepted": len(self.accepted),
            "duplicate": received - refused - len(self.accepted) - len(self.rejected),
            "refused": refused,
            "security_guessed": sum(1 for j in self.accepted if j.security_guessed),
            **by_reason,
        }


def partition_by_known(killmails: Iterable[FilteredKillmail], fresh: AbstractSet[int]) -> PartitionedKillmails:
    """Split by whether the id is met for the first time and what the ruleset said."""
    every = tuple(killmails)
    new = [j for j in every if j.killmail_id in fresh]
    return PartitionedKillmails(
        accepted=tuple(j for j in new if j.rejected is None),
        rejected=tuple(j for j in new if j.rejected is not None),
        known=tuple(j for j in every if j.killmail_id not in fresh),
    )

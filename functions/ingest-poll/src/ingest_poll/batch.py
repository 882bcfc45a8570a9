"""From fetched files to what one transaction stores and publishes. Pure, so a retry prepares the same batch again."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from battlescope_schemas.archive import ArchiveKey, Bundle, make_bundle
from battlescope_schemas.base import isk
from battlescope_schemas.reference import KillmailReference, KillmailRefused
from ingest_poll.feed_file import FeedFile, KillmailEntry, RefusedEntry, excerpt
from ingest_poll.feed_state import FeedPosition, Transition
from ingest_poll.ruleset import RejectionReason, Ruleset, apply_ruleset, count_pilots

_MAX_ISK_VALUE: Final = Decimal(10) ** 18  # more does not fit numeric(20,2), and no ship is worth it


@dataclass(frozen=True, slots=True)
class FetchedFiles:
    """Input of one pass of the pipeline. `start`: the position before the files; `rereads`: sequences read again."""

    start: FeedPosition
    transition: Transition
    files: tuple[FeedFile, ...] = ()
    rereads: tuple[int, ...] = ()

    @property
    def entries(self) -> list[KillmailEntry | RefusedEntry]:
        """The entries to archive: killmails, refused entries and a body that the transition abandons."""
        entries = [file.entry for file in self.files if isinstance(file.entry, KillmailEntry | RefusedEntry)]
        gap, abandoned = self.transition.gap, self.transition.abandoned
        if abandoned and gap:
            entries.append(RefusedEntry(gap.first, abandoned.body, abandoned.reason))
        return entries

    @property
    def rewritten_sequences(self) -> list[int]:
        return [file.rewritten_sequence for file in self.files if file.rewritten_sequence]


@dataclass(frozen=True, slots=True)
class ArchivedEntries:
    """Killmails and refused entries, each with its archive key."""

    killmails: tuple[tuple[KillmailEntry, ArchiveKey], ...] = ()
    refused: tuple[tuple[RefusedEntry, ArchiveKey], ...] = ()


@dataclass(frozen=True, slots=True)
class FilteredKillmail:
    """A killmail after the ruleset filter: accepted, unless it has a rejection."""

    killmail_id: int
    occurred_at: datetime
    rejection: RejectionReason | None
    security_guessed: bool
    reference: KillmailReference
    victim_corp_id: int | None
    victim_character_id: int | None
    attacker_corp_ids: tuple[int, ...]
    pilot_count: int
    ruleset_id: UUID


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Input of one transaction. `received` counts duplicates within the batch as well."""

    killmails: tuple[FilteredKillmail, ...]
    refused: tuple[KillmailRefused, ...]
    received: int

    @property
    def last_killmail_id(self) -> int | None:
        return self.killmails[-1].killmail_id if self.killmails else None


def bundle_entries(
    entries: Sequence[KillmailEntry | RefusedEntry], today: date
) -> tuple[list[Bundle], ArchivedEntries]:
    """One archive bundle per day of kills and one for refused entries, with the archive key of each entry."""
    by_day: dict[date, list[KillmailEntry]] = {}
    refused = [entry for entry in entries if isinstance(entry, RefusedEntry)]
    for entry in entries:
        if isinstance(entry, KillmailEntry):
            by_day.setdefault(entry.killmail.killmail_time.date(), []).append(entry)
    days = [(killmails, make_bundle(day, (entry.body for entry in killmails))) for day, killmails in by_day.items()]
    refused_bundle = make_bundle(today, (entry.body for entry in refused), prefix="refused")
    keyed_killmails = tuple(pair for killmails, bundle in days for pair in zip(killmails, bundle.keys, strict=True))
    keyed_refused = tuple(zip(refused, refused_bundle.keys, strict=True))
    bundles = [bundle for _, bundle in days] + ([refused_bundle] if refused else [])
    return bundles, ArchivedEntries(keyed_killmails, keyed_refused)


def prepare_batch(archived: ArchivedEntries, rules: Ruleset, feed_url: str) -> PreparedBatch:
    """Filter every killmail (of duplicates the last) and build the payload of every refused entry."""
    latest = {entry.killmail.killmail_id: (entry, key) for entry, key in archived.killmails}
    killmails = tuple(_filtered(entry, key, rules) for entry, key in latest.values())
    refused = tuple(_refused_payload(entry, key, feed_url) for entry, key in archived.refused)
    return PreparedBatch(killmails, refused, received=len(archived.killmails) + len(refused))


def _filtered(entry: KillmailEntry, key: ArchiveKey, rules: Ruleset) -> FilteredKillmail:
    killmail = entry.killmail
    result = apply_ruleset(killmail, rules)
    return FilteredKillmail(
        killmail_id=killmail.killmail_id,
        occurred_at=killmail.killmail_time,
        rejection=result.rejection,
        security_guessed=result.security_guessed,
        reference=_reference(entry, key, rules),
        victim_corp_id=killmail.victim.corporation_id,
        victim_character_id=killmail.victim.character_id,
        attacker_corp_ids=_distinct(a.corporation_id for a in killmail.attackers),
        pilot_count=count_pilots(killmail),
        ruleset_id=rules.id,
    )


def _reference(entry: KillmailEntry, key: ArchiveKey, rules: Ruleset) -> KillmailReference:
    killmail = entry.killmail
    return KillmailReference(
        killmail_id=killmail.killmail_id,
        zkb_hash=entry.hash,
        killmail_time=killmail.killmail_time,
        system_id=killmail.solar_system_id,
        victim_alliance_id=killmail.victim.alliance_id,
        attacker_alliance_ids=_distinct(a.alliance_id for a in killmail.attackers),
        isk_value=_isk_value(entry.zkb.total_value),
        zkb_url=f"https://zkillboard.com/kill/{killmail.killmail_id}/",
        archive_key=str(key),
        ruleset_id=str(rules.id),
    )


def _refused_payload(entry: RefusedEntry, key: ArchiveKey, feed_url: str) -> KillmailRefused:
    return KillmailRefused(
        sequence_id=entry.sequence,
        url=f"{feed_url}/{entry.sequence}.json",
        reason=entry.reason,
        excerpt=excerpt(entry.body),
        archive_key=str(key),
    )


def _distinct(ids: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({i for i in ids if i}))


def _isk_value(value: Decimal | None) -> Decimal | None:
    return isk(value) if value is not None and abs(value) < _MAX_ISK_VALUE else None


@dataclass(frozen=True, slots=True)
class PartitionedKillmails:
    """A batch's killmails: new and accepted, new and rejected, and already known by id."""

    accepted: tuple[FilteredKillmail, ...]
    rejected: tuple[FilteredKillmail, ...]
    known: tuple[FilteredKillmail, ...]

    def counts(self, received: int, refused: int) -> dict[str, int]:
        """The increments of this hour's statistics, by column."""
        by_reason = {
            f"rejected_{reason}": sum(1 for killmail in self.rejected if killmail.rejection is reason)
            for reason in RejectionReason
        }
        return {
            "received": received,
            "accepted": len(self.accepted),
            "duplicate": received - refused - len(self.accepted) - len(self.rejected),
            "refused": refused,
            "security_guessed": sum(1 for killmail in self.accepted if killmail.security_guessed),
            **by_reason,
        }


def partition_by_known(killmails: Iterable[FilteredKillmail], new_ids: AbstractSet[int]) -> PartitionedKillmails:
    """Split into known and new ids, and the new ones by the ruleset's result."""
    killmails = tuple(killmails)
    new = [killmail for killmail in killmails if killmail.killmail_id in new_ids]
    return PartitionedKillmails(
        accepted=tuple(killmail for killmail in new if killmail.rejection is None),
        rejected=tuple(killmail for killmail in new if killmail.rejection is not None),
        known=tuple(killmail for killmail in killmails if killmail.killmail_id not in new_ids),
    )

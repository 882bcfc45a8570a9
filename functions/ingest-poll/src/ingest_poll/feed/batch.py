"""From fetched files to what one transaction stores and publishes. Pure, so a retry prepares the same batch again."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from battlescope_schemas.archive import DEFAULT_LEVEL, ArchiveKey, Bundle, compress_batch, make_bundle
from battlescope_schemas.base import carried
from battlescope_schemas.killmail import ArchivedKillmail, preferred
from battlescope_schemas.reference import KillmailChunk, KillmailRefused
from battlescope_schemas.reference_lines import reference_line
from battlescope_schemas.ruleset import FilteredKillmail, RejectionReason, Ruleset, apply_ruleset
from ingest_poll.feed.feed_file import FeedFile, excerpt, refused
from ingest_poll.feed.feed_state import CALM_FILES, Backlog, FeedPosition, Transition

Origin = Literal["feed", "backlog", "standby"]


@dataclass(frozen=True, slots=True)
class FetchedFiles:
    """Input of one pass of the pipeline.

    start: the position before the files. rereads: sequences read again. problem: what the source did wrong, if any.
    unavailable: ids that a list names without a killmail to be had, each with the reason.
    is_dropped: the archive did not store the files, which shows nothing of the source.
    backlog: what the position after the files has left for later.
    """

    start: FeedPosition
    transition: Transition
    files: tuple[FeedFile, ...] = ()
    rereads: tuple[int, ...] = ()
    problem: str | None = None
    unavailable: Mapping[int, str] = field(default_factory=dict[int, str])
    is_dropped: bool = False
    backlog: Backlog | None = None

    def is_busy(self, now: datetime) -> bool:
        """Whether so many files came that more wait, and nothing forbids to ask for them now."""
        return len(self.files) > CALM_FILES and self.transition.position.wait_seconds(now) == 0

    @property
    def to_archive(self) -> list[FeedFile]:
        """Files with a killmail, refused files and a body that the transition abandons."""
        files = [file for file in self.files if file.killmail or file.refusal is not None]
        gap, abandoned = self.transition.gap, self.transition.abandoned
        if abandoned and gap:
            files.append(FeedFile(gap.first, abandoned.body, refusal=abandoned.reason))
        return files

    @property
    def rewritten_sequences(self) -> list[int]:
        return [file.rewritten_sequence for file in self.files if file.rewritten_sequence]


@dataclass(frozen=True, slots=True)
class FilteredBatch:
    """Input of one transaction. `received` counts duplicates within the batch as well.

    url: below which the source has its files. files: the file and the archive key of each killmail, by id.
    """

    killmails: tuple[FilteredKillmail, ...]
    refused: tuple[KillmailRefused, ...]
    received: int
    url: str
    files: Mapping[int, tuple[FeedFile, ArchiveKey]] = field(default_factory=dict[int, tuple[FeedFile, ArchiveKey]])

    @property
    def last_killmail_id(self) -> int | None:
        return self.killmails[-1].killmail.killmail_id if self.killmails else None


def bundle_files(
    files: Sequence[FeedFile], today: date, level: int = DEFAULT_LEVEL
) -> tuple[list[Bundle], list[tuple[FeedFile, ArchiveKey]]]:
    """One archive bundle per day of kills and one for refused files, with the archive key of each body.

    level: of the compression.
    """
    files_by_day: dict[date | None, list[FeedFile]] = {}
    for file in files:
        files_by_day.setdefault(file.killmail.killmail_time.date() if file.killmail else None, []).append(file)
    bundles: list[Bundle] = []
    archived: list[tuple[FeedFile, ArchiveKey]] = []
    for day, files_of_day in files_by_day.items():
        prefix = "refused" if day is None else "raw-killmails"
        bundle = make_bundle(day or today, (file.body for file in files_of_day), prefix=prefix, level=level)
        bundles.append(bundle)
        archived += zip(files_of_day, bundle.keys, strict=True)
    return bundles, archived


def filter_files(archived: Sequence[tuple[FeedFile, ArchiveKey]], rules: Ruleset, url: str) -> FilteredBatch:
    """Filter every killmail, each id once, and build the payload of every refused file."""
    files: dict[int, tuple[FeedFile, ArchiveKey]] = {}
    refusals = [(file, key) for file, key in archived if file.refusal is not None]
    for file, key in archived:
        if file.killmail is not None:
            refusals += _add_or_refuse(files, file.killmail, file, key)
    killmails = tuple(apply_ruleset(file.killmail, str(key), rules) for file, key in files.values() if file.killmail)
    payloads = tuple(refused_payload(file, key, url) for file, key in refusals)
    return FilteredBatch(killmails, payloads, received=len(archived), url=url, files=files)


def _add_or_refuse(
    files: dict[int, tuple[FeedFile, ArchiveKey]], killmail: ArchivedKillmail, file: FeedFile, key: ArchiveKey
) -> list[tuple[FeedFile, ArchiveKey]]:
    """Of a body that comes again the last file counts; of two bodies the preferred one, and the other is refused."""
    earlier = files.get(killmail.killmail_id)
    files[killmail.killmail_id] = file, key
    if earlier is None or earlier[0].killmail is None or earlier[0].killmail.hash == killmail.hash:
        return []
    loser = file, key
    if preferred(earlier[0].killmail, killmail) is killmail:
        loser = earlier
    else:
        files[killmail.killmail_id] = earlier
    return [(refused(loser[0], other_body_reason(killmail.killmail_id)), loser[1])]


def other_body_reason(killmail_id: int) -> str:
    return f"The killmail {killmail_id} is there already, with another body."


def refused_payload(file: FeedFile, key: ArchiveKey, url: str) -> KillmailRefused:
    return KillmailRefused(
        sequence_id=file.sequence,
        url=file.url or f"{url}/{file.sequence}.json",
        reason=file.refusal or "",
        excerpt=excerpt(file.body),
        archive_key=str(key),
    )


@dataclass(frozen=True, slots=True)
class PartitionedKillmails:
    """A batch's killmails: new and accepted, new and rejected, and already known by id."""

    accepted: tuple[FilteredKillmail, ...]
    rejected: tuple[FilteredKillmail, ...]
    known: tuple[FilteredKillmail, ...]

    def counts(self, received: int, refused: int, origin: Origin = "feed") -> dict[str, int]:
        """The increments of this hour's statistics, by column."""
        by_reason = {
            f"rejected_{reason}": sum(1 for filtered in self.rejected if filtered.rejection is reason)
            for reason in RejectionReason
        }
        return {
            "received": received,
            "accepted": len(self.accepted),
            "duplicate": received - refused - len(self.accepted) - len(self.rejected),
            "refused": refused,
            "security_guessed": sum(1 for filtered in self.accepted if filtered.security_guessed),
            "from_standby": len(self.accepted) + len(self.rejected) if origin == "standby" else 0,
            "from_backlog": len(self.accepted) + len(self.rejected) if origin == "backlog" else 0,
            **by_reason,
        }


def partition_by_known(killmails: Iterable[FilteredKillmail], new_ids: AbstractSet[int]) -> PartitionedKillmails:
    """Split into known and new ids, and the new ones by the ruleset's result."""
    killmails = tuple(killmails)
    new = [filtered for filtered in killmails if filtered.killmail.killmail_id in new_ids]
    return PartitionedKillmails(
        accepted=tuple(filtered for filtered in new if filtered.rejection is None),
        rejected=tuple(filtered for filtered in new if filtered.rejection is not None),
        known=tuple(filtered for filtered in killmails if filtered.killmail.killmail_id not in new_ids),
    )


def batch_claim_check(
    killmails: Sequence[FilteredKillmail], revisions: Mapping[int, int]
) -> tuple[KillmailChunk, bytes]:
    """References to killmails as one object, and its claim check; `revisions` as for a single killmail.

    The key is derived from the lines, so the same killmails give the same object and the same event. The date is that
    of the latest killmail: batches of one day share few partition keys, so that few are under way at once.
    """
    lines = b"".join(
        reference_line(each, value_revision=revisions.get(each.killmail.killmail_id)) + b"\n" for each in killmails
    )
    day = max(each.killmail.killmail_time for each in killmails).date()
    key = f"chunks/live/{day}/{sha256(lines).hexdigest()[:32]}.jsonl.gz"
    content = compress_batch(lines)
    return KillmailChunk(chunk_key=key, count=len(killmails), date=day, content=carried(content)), content

"""The feed without HTTP: which killmail is published when, under which sequence number, and the bytes of its file.

Pure and without a clock: `advance(now)` publishes what is due by then in the order of due times, so it does not matter
how often it is called. Each fault is drawn from the seed and the killmail, never from the time.
"""

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.killmail import Killmail, encode_zkb
from battlescope_upstream.simulation.rng import rng_for

FIRST_SEQUENCE: Final = 96_088_891
_HEAD_LAG: Final = 51  # sequence.json is written again when the newest file is more than this ahead of it
_LATE_LABEL: Final = "ganked"

TaskKind = Literal["publish", "publish late", "duplicate", "rewrite"]
ZkbFactory = Callable[[Killmail], Mapping[str, Any]]


@dataclass(slots=True)
class FeedEntry:
    """One sequence number. Without a killmail it is a placeholder, or a permanent hole if it is never visible."""

    sequence: int
    visible_at: float | None
    killmail: Killmail | None = None
    labels: tuple[str, ...] = ()
    updated_sequence: int | None = None
    rewritten: bool = False


@dataclass(slots=True)
class PublishedFeed:
    """All sequence numbers so far. `schedule` gives the seconds after `opened_at` at which an index is due."""

    killmails: Sequence[Killmail]
    schedule: Callable[[int], float]
    opened_at: float
    seed: int
    zkb: ZkbFactory
    faults: FaultSettings
    first_sequence: int = FIRST_SEQUENCE
    entries: list[FeedEntry] = field(default_factory=list[FeedEntry])
    written_head: int | None = None
    _tasks: list[tuple[float, int, TaskKind]] = field(default_factory=list[tuple[float, int, TaskKind]])
    _next_index: int = 0
    _earliest: float = 0.0
    _sequence_by_index: dict[int, int] = field(default_factory=dict[int, int])
    _unannounced_rewrite: int | None = None
    _silent_from: float | None = None
    _silent_head: int = 0

    def change_faults(self, faults: FaultSettings, now: float) -> None:
        """Change the settings; killmails that are overdue by them are published now, not in the past."""
        self.advance(now)
        if faults.feed_silent != self.faults.feed_silent:
            self._silent_head = self.announced_head()
            self._silent_from = now if faults.feed_silent else None
        self.faults, self._earliest = faults, now

    def advance(self, now: float) -> None:
        while (task := self._next_task(now)) is not None:
            position, index, kind = task
            self._run_task(index, kind, max(self._due_time(position), self._earliest, self.opened_at))

    @property
    def next_sequence(self) -> int:
        return self.first_sequence + len(self.entries)

    @property
    def finished(self) -> bool:
        return self._next_index == len(self.killmails) and not self._tasks

    def visible_entry(self, sequence: int, now: float) -> FeedEntry | None:
        """The entry whose file can be fetched now; a silent feed shows only the files from before its silence."""
        if self._silent_from is not None:
            now = min(now, self._silent_from)
        index = sequence - self.first_sequence
        if not 0 <= index < len(self.entries):
            return None
        entry = self.entries[index]
        return entry if entry.visible_at is not None and entry.visible_at <= now else None

    def announced_head(self) -> int:
        """The content of sequence.json: the newest file, or the last one that was written with its lag."""
        if self.faults.frozen_head:
            return self.first_sequence
        if self._silent_from is not None:
            return self._silent_head
        newest = self.next_sequence - 1
        head = newest if self.faults.exact_head or self.written_head is None else self.written_head
        return max(self.first_sequence, head - self.faults.head_back)

    def listed_killmails(self, now: float) -> list[Killmail]:
        """What a live history lists: killmails that are published by now, also those that a silent feed hides."""
        entries = [entry for entry in self.entries if entry.visible_at is not None and entry.visible_at <= now]
        killmails = {entry.killmail.killmail_id: entry.killmail for entry in entries if entry.killmail is not None}
        share = self.faults.unlisted
        return [mail for i, mail in killmails.items() if not share or rng_for(self.seed, "list", i).random() >= share]

    def render(self, entry: FeedEntry, *, rewritten: bool) -> bytes:
        """The file of an entry, with the same bytes every time. It contains ESI's text unchanged."""
        if entry.killmail is None:
            return json.dumps(_placeholder_body(entry)).encode()
        killmail = entry.killmail
        labels = (*entry.labels, *((_LATE_LABEL,) if rewritten else ()))
        head = f'{{"killmail_id":{killmail.killmail_id},"hash":"{killmail.hash}","esi":'.encode()
        update = f',"sequence_updated":{entry.updated_sequence}' if entry.updated_sequence is not None else ""
        tail = f',"uploaded_at":{int(entry.visible_at or 0)},"sequence_id":{entry.sequence}{update}}}'.encode()
        return b"".join((head, killmail.esi, b',"zkb":', self._render_zkb(killmail, labels), tail))

    def _render_zkb(self, killmail: Killmail, labels: tuple[str, ...]) -> bytes:
        if killmail.source_zkb is not None and not labels:
            return killmail.source_zkb
        zkb = dict(json.loads(killmail.source_zkb) if killmail.source_zkb is not None else self.zkb(killmail))
        zkb["labels"] = [*dict.fromkeys((*zkb.get("labels", ()), *labels))]
        return encode_zkb(zkb)

    def _due_time(self, position: float) -> float:
        """The due time of a position among the killmails; positions after the end are due with the last killmail."""
        index = min(int(position), len(self.killmails) - 1)
        offset = 0.0 if index < self.faults.head_start else self.schedule(index)
        return self.opened_at + offset + self.faults.delay

    def _next_task(self, now: float) -> tuple[float, int, TaskKind] | None:
        """The next due task in the order of positions, which is also the order of due times."""
        has_unpublished = self._next_index < len(self.killmails)
        is_postponed = bool(self._tasks) and (not has_unpublished or self._tasks[0][0] < self._next_index)
        position = self._tasks[0][0] if is_postponed else float(self._next_index)
        if not (is_postponed or has_unpublished) or self._due_time(position) > now:
            return None
        if is_postponed:
            return heapq.heappop(self._tasks)
        self._next_index += 1
        return position, self._next_index - 1, "publish"

    def _postpone(self, index: int, positions: int, kind: TaskKind) -> None:
        heapq.heappush(self._tasks, (index + positions + 0.5, index, kind))

    def _is_drawn(self, index: int, purpose: str, share: float) -> bool:
        return share > 0 and rng_for(self.seed, purpose, self.killmails[index].killmail_id).random() < share

    def _run_task(self, index: int, kind: TaskKind, timestamp: float) -> None:
        faults = self.faults
        if kind == "publish" and self._is_drawn(index, "lost", faults.lost):
            return
        if kind == "publish" and self._is_drawn(index, "reorder", faults.reorder):
            positions = rng_for(self.seed, "places", index).randint(1, max(1, faults.reorder_distance))
            self._postpone(index, positions, "publish late")
        elif kind == "rewrite":
            sequence = self._sequence_by_index[index]
            self.entries[sequence - self.first_sequence].rewritten, self._unannounced_rewrite = True, sequence
        else:
            self._publish(index, timestamp, is_duplicate=kind == "duplicate")

    def _publish(self, index: int, timestamp: float, *, is_duplicate: bool) -> None:
        faults = self.faults
        if self._is_drawn(index, "permanent", faults.permanent_holes):
            self._append(FeedEntry(self.next_sequence, None))
        if self._is_drawn(index, "placeholder", faults.placeholders):
            self._append(FeedEntry(self.next_sequence, timestamp))
        delay = faults.hole_seconds if self._is_drawn(index, f"hole {is_duplicate}", faults.holes) else 0.0
        labels = (_LATE_LABEL,) if is_duplicate else ()
        killmail, rewrite = self.killmails[index], self._unannounced_rewrite
        entry = FeedEntry(self.next_sequence, timestamp + delay, killmail, labels, rewrite)
        self._unannounced_rewrite = None
        self._append(entry)
        if not is_duplicate:
            self._sequence_by_index[index] = entry.sequence
            if self._is_drawn(index, "again", faults.duplicates):
                self._postpone(index, faults.duplicate_distance, "duplicate")
            if self._is_drawn(index, "rewrite", faults.rewrites):
                self._postpone(index, faults.duplicate_distance, "rewrite")

    def _append(self, entry: FeedEntry) -> None:
        self.entries.append(entry)
        if self.written_head is None or entry.sequence > self.written_head + _HEAD_LAG:
            self.written_head = entry.sequence


def _placeholder_body(entry: FeedEntry) -> dict[str, Any]:
    return {
        "killmail_id": None,
        "hash": None,
        "esi": None,
        "zkb": {"href": "https://esi.evetech.net/killmails///"},
        "uploaded_at": int(entry.visible_at or 0),
        "sequence_id": entry.sequence,
    }

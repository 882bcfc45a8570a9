"""The feed without its wire: which mail is published when, under which number, and what the file says.

Pure and without a clock: `advance(now)` publishes what is due by then, in the order of due moments, so it does not
matter how often it is called. Each choice is drawn from the seed and the mail, never from the hour.
"""

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.killmail import Mail
from battlescope_upstream.simulation.rng import seeded

FIRST_SEQUENCE: Final = 96_088_891
_HEAD_LAG: Final = 51  # sequence.json is rewritten when the head is more than this above it
_LATE_LABEL: Final = "ganked"

Task = Literal["first", "moved", "again", "rewrite"]
Zkb = Callable[[Mail], Mapping[str, Any]]


@dataclass(slots=True)
class Entry:
    """One number of the feed. Without a mail it is a placeholder, or, when never visible, a hole."""

    sequence: int
    visible_at: float | None
    mail: Mail | None = None
    labels: tuple[str, ...] = ()
    updated: int | None = None
    rewritten: bool = False


@dataclass(slots=True)
class Feed:
    """The published numbers so far. `due` tells in seconds after `opened` when a mail is due."""

    mails: Sequence[Mail]
    due: Callable[[int], float]
    opened: float
    seed: int
    zkb: Zkb
    dials: FaultSettings
    first_sequence: int = FIRST_SEQUENCE
    entries: list[Entry] = field(default_factory=list[Entry])
    written_head: int | None = None
    _tasks: list[tuple[float, int, Task]] = field(default_factory=list[tuple[float, int, Task]])
    _next: int = 0
    _floor: float = 0.0
    _first_numbers: dict[int, int] = field(default_factory=dict[int, int])
    _to_tell: int | None = None

    def turn(self, dials: FaultSettings, now: float) -> None:
        """Change the dials: what is due earlier by them is published now, and not in the past."""
        self.advance(now)
        self.dials, self._floor = dials, now

    def advance(self, now: float) -> None:
        while (task := self._pop(now)) is not None:
            place, index, kind = task
            self._do(index, kind, max(self._due(place), self._floor, self.opened))

    @property
    def head(self) -> int:
        """The number after the last one given."""
        return self.first_sequence + len(self.entries)

    @property
    def finished(self) -> bool:
        return self._next == len(self.mails) and not self._tasks

    def visible(self, sequence: int, now: float) -> Entry | None:
        number = sequence - self.first_sequence
        if not 0 <= number < len(self.entries):
            return None
        entry = self.entries[number]
        return entry if entry.visible_at is not None and entry.visible_at <= now else None

    def newest(self) -> int:
        """What sequence.json says: the head, or the last head that was far enough above the one before."""
        if self.dials.frozen_head:
            return self.first_sequence
        head = self.head - 1
        return head if self.dials.exact_head or self.written_head is None else self.written_head

    def text(self, entry: Entry, *, rewritten: bool) -> bytes:
        """The file of a number; the same bytes every time. ESI's part stands in it as ESI wrote it."""
        if entry.mail is None:
            return json.dumps(_placeholder(entry)).encode()
        mail = entry.mail
        labels = (*entry.labels, *((_LATE_LABEL,) if rewritten else ()))
        head = f'{{"killmail_id":{mail.killmail_id},"hash":"{mail.hash}","esi":'.encode()
        update = f',"sequence_updated":{entry.updated}' if entry.updated is not None else ""
        tail = f',"uploaded_at":{int(entry.visible_at or 0)},"sequence_id":{entry.sequence}{update}}}'.encode()
        return b"".join((head, mail.esi, b',"zkb":', self._zkb_text(mail, labels), tail))

    def _zkb_text(self, mail: Mail, labels: tuple[str, ...]) -> bytes:
        if mail.stated_zkb is not None and not labels:
            return mail.stated_zkb
        zkb = dict(json.loads(mail.stated_zkb) if mail.stated_zkb is not None else self.zkb(mail))
        zkb["labels"] = [*dict.fromkeys((*zkb.get("labels", ()), *labels))]
        return json.dumps(zkb, separators=(",", ":")).encode()

    def _due(self, place: float) -> float:
        """The moment of a place in the order of mails; places behind the end are due with the last mail."""
        index = min(int(place), len(self.mails) - 1)
        lead = 0.0 if index < self.dials.head_start else self.due(index)
        return self.opened + lead + self.dials.delay

    def _pop(self, now: float) -> tuple[float, int, Task] | None:
        """The next thing to do in the order of places, which is also the order of moments."""
        fresh = self._next < len(self.mails)
        waiting = bool(self._tasks) and (not fresh or self._tasks[0][0] < self._next)
        place = self._tasks[0][0] if waiting else float(self._next)
        if not (waiting or fresh) or self._due(place) > now:
            return None
        if waiting:
            return heapq.heappop(self._tasks)
        self._next += 1
        return place, self._next - 1, "first"

    def _later(self, index: int, places: int, task: Task) -> None:
        heapq.heappush(self._tasks, (index + places + 0.5, index, task))

    def _drawn(self, index: int, what: str, share: float) -> bool:
        return share > 0 and seeded(self.seed, what, self.mails[index].killmail_id).random() < share

    def _do(self, index: int, task: Task, moment: float) -> None:
        dials = self.dials
        if task == "first" and self._drawn(index, "lost", dials.lost):
            return
        if task == "first" and self._drawn(index, "reorder", dials.reorder):
            places = seeded(self.seed, "places", index).randint(1, max(1, dials.reorder_distance))
            self._later(index, places, "moved")
        elif task == "rewrite":
            number = self._first_numbers[index]
            self.entries[number - self.first_sequence].rewritten, self._to_tell = True, number
        else:
            self._publish(index, moment, again=task == "again")

    def _publish(self, index: int, moment: float, *, again: bool) -> None:
        dials = self.dials
        if self._drawn(index, "permanent", dials.permanent_holes):
            self._number(Entry(self.head, None))
        if self._drawn(index, "placeholder", dials.placeholders):
            self._number(Entry(self.head, moment))
        late = dials.hole_seconds if self._drawn(index, f"hole {again}", dials.holes) else 0.0
        entry = Entry(self.head, moment + late, self.mails[index], (_LATE_LABEL,) if again else (), self._to_tell)
        self._to_tell = None
        self._number(entry)
        if not again:
            self._first_numbers[index] = entry.sequence
            if self._drawn(index, "again", dials.duplicates):
                self._later(index, dials.duplicate_distance, "again")
            if self._drawn(index, "rewrite", dials.rewrites):
                self._later(index, dials.duplicate_distance, "rewrite")

    def _number(self, entry: Entry) -> None:
        self.entries.append(entry)
        if self.written_head is None or entry.sequence > self.written_head + _HEAD_LAG:
            self.written_head = entry.sequence


def _placeholder(entry: Entry) -> dict[str, Any]:
    return {
        "killmail_id": None,
        "hash": None,
        "esi": None,
        "zkb": {"href": "https://esi.evetech.net/killmails///"},
        "uploaded_at": int(entry.visible_at or 0),
        "sequence_id": entry.sequence,
    }

"""Killmails in buckets of one hour, packed: a year of them takes the memory of a week of objects.

Reading the buckets in order gives each killmail once, in order of time, whatever the order of files and lines.
"""

import marshal
import zlib
from collections.abc import Iterator
from typing import Final

from battlescope_local.replay.esi_killmail import ParsedKillmail

HOUR: Final = 3600
MAX_UNPACKED: Final = 8000  # killmails held as objects until they are packed


class HourlyBuckets:
    """Packs killmails by `marshal`, because they never leave the process family of this run."""

    def __init__(self) -> None:
        self._packed_by_hour: dict[int, list[bytes]] = {}
        self._unpacked_by_hour: dict[int, list[ParsedKillmail]] = {}
        self._unpacked_count = 0

    def add(self, killmail: ParsedKillmail) -> None:
        self._unpacked_by_hour.setdefault(killmail.time // HOUR, []).append(killmail)
        self._unpacked_count += 1
        if self._unpacked_count >= MAX_UNPACKED:
            self.flush()

    def flush(self) -> None:
        for hour, killmails in self._unpacked_by_hour.items():
            self._packed_by_hour.setdefault(hour, []).append(zlib.compress(pack(killmails), 1))
        self._unpacked_by_hour, self._unpacked_count = {}, 0

    def merge(self, other: "HourlyBuckets") -> None:
        for hour, packs in other._packed_by_hour.items():  # noqa: SLF001  # of the same class
            self._packed_by_hour.setdefault(hour, []).extend(packs)

    def drain(self) -> Iterator[list[ParsedKillmail]]:
        """Yield each hour's killmails in order of time and id, each killmail once, and drop them."""
        seen: set[int] = set()
        for hour in sorted(self._packed_by_hour):
            by_id: dict[int, ParsedKillmail] = {}
            for packed_killmails in self._packed_by_hour.pop(hour):
                for killmail in unpack(zlib.decompress(packed_killmails)):
                    existing = by_id.get(killmail.killmail_id)
                    by_id[killmail.killmail_id] = killmail if existing is None else _preferred(existing, killmail)
            killmails = [killmail for killmail in by_id.values() if killmail.killmail_id not in seen]
            seen.update(by_id)
            yield sorted(killmails, key=lambda killmail: (killmail.time, killmail.killmail_id))


def _preferred(first: ParsedKillmail, second: ParsedKillmail) -> ParsedKillmail:
    """As `battlescope_schemas.killmail.preferred`; the victim's and the attackers' ids stand for the hash."""
    return first if first == second else min(first, second, key=_rank)


def _rank(killmail: ParsedKillmail) -> tuple[int, str, bool, float]:
    value = -1.0 if killmail.value is None else killmail.value
    return killmail.time, repr((killmail.victim, killmail.attackers)), killmail.is_computed, -value


def pack(killmails: list[ParsedKillmail]) -> bytes:
    return marshal.dumps([tuple(killmail) for killmail in killmails])


def unpack(packed_killmails: bytes) -> list[ParsedKillmail]:
    return [ParsedKillmail._make(killmail) for killmail in marshal.loads(packed_killmails)]  # noqa: S302  # packed by this run

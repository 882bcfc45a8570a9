"""Plain mails sorted into the hours they happened in, packed small: a year of them fits where objects of a week would.

Whatever order files and lines have, reading the hours one after another gives each mail once, in order of time.
"""

import marshal
import zlib
from collections.abc import Iterator
from typing import Final

from battlescope_local.replay.esi_killmail import Plain

HOUR: Final = 3600
WAITING: Final = 8000  # mails kept as objects until they are packed


class HourlyBuckets:
    """Packs are made by `marshal`: they never leave the run that made them."""

    def __init__(self) -> None:
        self._packs: dict[int, list[bytes]] = {}
        self._waiting: dict[int, list[Plain]] = {}
        self._count = 0

    def add(self, mail: Plain) -> None:
        self._waiting.setdefault(mail.time // HOUR, []).append(mail)
        self._count += 1
        if self._count >= WAITING:
            self.flush()

    def flush(self) -> None:
        for hour, mails in self._waiting.items():
            self._packs.setdefault(hour, []).append(zlib.compress(pack(mails), 1))
        self._waiting, self._count = {}, 0

    def join(self, others: "HourlyBuckets") -> None:
        for hour, packs in others._packs.items():  # noqa: SLF001  # of its own kind
            self._packs.setdefault(hour, []).extend(packs)

    def emptied(self) -> Iterator[list[Plain]]:
        """Each hour's mails by (time, id), each mail once; what was given is forgotten."""
        seen: set[int] = set()
        for hour in sorted(self._packs):
            once: dict[int, Plain] = {}
            for packed in self._packs.pop(hour):
                for mail in unpack(zlib.decompress(packed)):
                    known = once.get(mail.killmail_id)
                    once[mail.killmail_id] = mail if known is None else _better(known, mail)
            fresh = [mail for mail in once.values() if mail.killmail_id not in seen]
            seen.update(once)
            yield sorted(fresh, key=lambda mail: (mail.time, mail.killmail_id))


def _better(a: Plain, b: Plain) -> Plain:
    """Of two that claim to be the same mail: the one with a value, then whichever, but always the same one."""
    return a if a == b else min(a, b, key=lambda mail: (mail.value is None, mail.time, repr(mail)))


def pack(mails: list[Plain]) -> bytes:
    return marshal.dumps([tuple(mail) for mail in mails])


def unpack(packed: bytes) -> list[Plain]:
    return [Plain._make(mail) for mail in marshal.loads(packed)]  # noqa: S302  # our own, made in this very run

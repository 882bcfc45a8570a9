"""Raw killmails in object storage, which this function only reads."""

import zlib
from typing import Final

from battlescope_events.object_storage.errors import ObjectMissing
from battlescope_events.object_storage.objects import ByteRange, ObjectStorage
from battlescope_schemas.archive import ArchiveKey, read_member
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail

_MAX_BYTES: Final = 16 * 1024 * 1024  # of one compressed killmail; the largest known one has 100 kB


class KillmailArchive:
    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    async def find(self, archive_key: str) -> ArchivedKillmail | None:
        """The killmail with this key; None where the archive no longer has it, or holds something else.

        Raises:
            TransientError: object storage does not answer.
        """
        try:
            key = ArchiveKey.parse(archive_key)
            byte_range = ByteRange(key.offset, key.length)
            member = await self._storage.get_range(key.object_key, byte_range, max_bytes=_MAX_BYTES)
            return read_killmail(read_member(member))
        except (ObjectMissing, InvalidKillmail, ValueError, OSError, EOFError, zlib.error):
            return None

"""The archive: raw killmails, read individually from their bundles, and batch objects."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.errors import ObjectMissing
from battlescope_events.object_storage.objects import GZIP, ByteRange, ObjectStorage
from battlescope_schemas.archive import ArchiveKey, read_member

_BATCH_PREFIX: Final = "chunks/"
_MAX_BYTES: Final = 64 * 1024 * 1024  # of a batch object, or of the part of a bundle that one request reads


class Archive:
    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    async def killmails(self, archive_keys: Sequence[str]) -> list[bytes | PermanentError]:
        """Raw killmails in the order of the keys, by one request per bundle; the error where a key has none.

        Raises:
            TransientError: object storage does not answer, or does not have a bundle yet.
        """
        keys = [_parsed(text) for text in archive_keys]
        keys_by_bundle: dict[str, list[ArchiveKey]] = {}
        for key in keys:
            if isinstance(key, ArchiveKey):
                keys_by_bundle.setdefault(key.object_key, []).append(key)
        bundles = await asyncio.gather(*(self._members_or_error(*bundle) for bundle in keys_by_bundle.items()))
        members = {key: member for bundle in bundles for key, member in bundle.items()}
        return [_killmail_or_error(key, members) for key in keys]

    async def _members_or_error(
        self, object_key: str, keys: Sequence[ArchiveKey]
    ) -> Mapping[ArchiveKey, bytes | PermanentError]:
        try:
            return dict(zip(keys, await self._members(object_key, keys), strict=True))
        except PermanentError as error:
            return dict.fromkeys(keys, error)

    async def _members(self, object_key: str, keys: Sequence[ArchiveKey]) -> list[bytes]:
        """The gzip members of killmails of one bundle, by one request."""
        ranges = [ByteRange(key.offset, key.length) for key in keys]
        try:
            return await self._storage.get_ranges(object_key, ranges, max_bytes=_MAX_BYTES)
        except ObjectMissing as error:
            raise TransientError(f"The archive does not have bundle {object_key} yet.") from error

    async def batch(self, object_key: str) -> bytes:
        """The content of a batch object. Its producer stores it before publishing the claim check.

        Raises:
            TransientError: object storage does not answer.
            PermanentError: there is no such batch object.
        """
        if not object_key.startswith(_BATCH_PREFIX):
            raise PermanentError(f"{object_key} is not the key of a batch object.")
        return await self._storage.get(object_key, max_bytes=_MAX_BYTES)

    async def put_once(self, object_key: str, body: bytes) -> None:
        """Store a batch object unless the key exists: published claim checks may point to it."""
        await self._storage.put_once(object_key, body, GZIP)


def _parsed(text: str) -> ArchiveKey | PermanentError:
    try:
        return ArchiveKey.parse(text)
    except ValueError as error:
        return PermanentError(str(error))


def _killmail(key: ArchiveKey, member: bytes) -> bytes:
    if len(member) < key.length:
        raise PermanentError(f"Archive object {key.object_key} ends before the end of {key}.")
    try:
        return read_member(member)
    except OSError as error:
        raise PermanentError(f"Archive object {key} is not a complete gzip member: {error}.") from error


def _killmail_or_error(
    key: ArchiveKey | PermanentError, members: Mapping[ArchiveKey, bytes | PermanentError]
) -> bytes | PermanentError:
    if isinstance(key, PermanentError):
        return key
    member = members[key]
    if isinstance(member, PermanentError):
        return member
    try:
        return _killmail(key, member)
    except PermanentError as error:
        return error

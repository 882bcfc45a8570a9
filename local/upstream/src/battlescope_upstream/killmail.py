"""A killmail with its id, hash, time and ESI's text. The text is compressed but never serialized again."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha1
from typing import Any, Final

_FILETIME_EPOCH: Final = 116_444_736_000_000_000  # 1601 to 1970 in Windows' units of 100 nanoseconds
_FAST_COMPRESSION: Final = 1  # a day of killmails is compressed at start: speed matters more than the last 10 % of size


@dataclass(frozen=True, slots=True)
class Killmail:
    """`killed_at` is in Unix seconds; `source_zkb` is the text of the `zkb` block in the source file, if it has one."""

    killmail_id: int
    hash: str
    killed_at: int
    compressed_esi: bytes
    source_zkb: bytes | None = None

    @property
    def esi(self) -> bytes:
        return zlib.decompress(self.compressed_esi)

    def body(self) -> dict[str, Any]:
        return json.loads(self.esi)


def make_killmail(
    esi: bytes, body: Mapping[str, Any], source_hash: str = "", source_zkb: bytes | None = None
) -> Killmail:
    """A killmail from ESI's text and its parsed body; computes the hash unless the source names one."""
    return Killmail(
        killmail_id=body["killmail_id"],
        hash=source_hash or killmail_hash(body),
        killed_at=int(datetime.fromisoformat(body["killmail_time"]).timestamp()),
        compressed_esi=zlib.compress(esi, _FAST_COMPRESSION),
        source_zkb=source_zkb,
    )


def with_zkb(killmail: Killmail, zkb: Mapping[str, Any]) -> Killmail:
    """The killmail with this block, unless its source has one."""
    return killmail if killmail.source_zkb else replace(killmail, source_zkb=encode_zkb(zkb))


def encode_zkb(zkb: Mapping[str, Any]) -> bytes:
    """The text of a `zkb` block in a file."""
    return json.dumps(zkb, separators=(",", ":")).encode()


def killmail_hash(body: Mapping[str, Any]) -> str:
    """SHA-1 over victim, final blow, ship and time; ships ejected in one second share it, since the id is not in it."""
    attackers: Sequence[Mapping[str, Any]] = body["attackers"]
    victim: Mapping[str, Any] = body["victim"]
    final_blow = next((a.get("character_id") for a in attackers if a["final_blow"]), None)
    seconds = int(datetime.fromisoformat(body["killmail_time"]).timestamp())
    text = f"{victim.get('character_id')}{final_blow}{victim['ship_type_id']}{seconds * 10**7 + _FILETIME_EPOCH}"
    return sha1(text.encode(), usedforsecurity=False).hexdigest()

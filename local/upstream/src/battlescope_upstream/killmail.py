"""A killmail as this world keeps it: its address, its moment, and ESI's text, packed but never re-written."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import Any, Final

_FILETIME_EPOCH: Final = 116_444_736_000_000_000  # 1601 to 1970 in Windows' hundred nanoseconds
_QUICK: Final = 1  # a day of mails is packed at start: fast matters more than the last tenth of the size


@dataclass(frozen=True, slots=True)
class Mail:
    """`at` is the kill's time in Unix seconds; `stated_zkb` what a file brought along, as it was written there."""

    killmail_id: int
    hash: str
    at: int
    packed: bytes
    stated_zkb: bytes | None = None

    @property
    def esi(self) -> bytes:
        return zlib.decompress(self.packed)

    def body(self) -> dict[str, Any]:
        return json.loads(self.esi)


def make_mail(esi: bytes, body: Mapping[str, Any], stated_hash: str = "", stated_zkb: bytes | None = None) -> Mail:
    moment = datetime.fromisoformat(body["killmail_time"])
    return Mail(
        killmail_id=body["killmail_id"],
        hash=stated_hash or killmail_hash(body),
        at=int(moment.timestamp()),
        packed=zlib.compress(esi, _QUICK),
        stated_zkb=stated_zkb,
    )


def killmail_hash(body: Mapping[str, Any]) -> str:
    """SHA-1 over victim, final blow, ship and time. The id is not in it: ships ejected in one second share a hash."""
    attackers: Sequence[Mapping[str, Any]] = body["attackers"]
    victim: Mapping[str, Any] = body["victim"]
    final = next((a.get("character_id") for a in attackers if a["final_blow"]), None)
    seconds = int(datetime.fromisoformat(body["killmail_time"]).timestamp())
    text = f"{victim.get('character_id')}{final}{victim['ship_type_id']}{seconds * 10**7 + _FILETIME_EPOCH}"
    return sha1(text.encode(), usedforsecurity=False).hexdigest()

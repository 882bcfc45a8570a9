"""The killmail as ESI publishes it, and a reader for every format of feeds and archives.

The archive keeps raw killmails byte for byte, so a reader of the archive meets all formats: R2Z2 envelopes, RedisQ
packages, zKillboard REST entries, ESI bodies and EVE Ref bodies.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1
from typing import Annotated, Any, cast

from pydantic import AliasChoices, Field, ValidationError

from battlescope_schemas.base import UpstreamPayload, UtcTime

Id64 = Annotated[int, Field(ge=0, lt=2**63)]
CAPSULE_GROUP = 29
_FILETIME_EPOCH_SECONDS = 11_644_473_600  # 1601-01-01 to 1970-01-01; the hash counts in Windows file time


class InvalidKillmail(ValueError):  # noqa: N818  # an outcome that callers handle
    """The body is no killmail in any known format. The message is a sentence with the reason."""

    def __init__(self, text: str) -> None:
        # Quoted parts may contain lone surrogates, which neither JSON nor PostgreSQL accepts.
        super().__init__(text.encode(errors="backslashreplace").decode())


class Item(UpstreamPayload):
    item_type_id: Id64
    flag: int = 0
    singleton: int = 0
    quantity_dropped: int = 0
    quantity_destroyed: int = 0
    items: tuple["Item", ...] = ()


class Victim(UpstreamPayload):
    """The loser of the ship. Structures and deployables have no character."""

    ship_type_id: Id64
    damage_taken: int = 0
    character_id: Id64 | None = None
    corporation_id: Id64 | None = None
    alliance_id: Id64 | None = None
    faction_id: Id64 | None = None


class Attacker(UpstreamPayload):
    """One attacker. NPCs have no character; ship and weapon may be missing."""

    damage_done: int = 0
    final_blow: bool = False
    security_status: float = 0.0
    character_id: Id64 | None = None
    corporation_id: Id64 | None = None
    alliance_id: Id64 | None = None
    faction_id: Id64 | None = None
    ship_type_id: Id64 | None = None
    weapon_type_id: Id64 | None = None


class Killmail(UpstreamPayload):
    """The ESI body of `GET /killmails/{id}/{hash}` without items and position, which only the archive keeps."""

    killmail_id: Annotated[int, Field(gt=0, lt=2**63)]
    killmail_time: UtcTime
    solar_system_id: Id64
    victim: Victim
    attackers: tuple[Attacker, ...]
    war_id: Id64 | None = None
    moon_id: Id64 | None = None


class Zkb(UpstreamPayload):
    """The block that zKillboard adds. Only its value is used; BattleScope computes the flags itself."""

    hash: str = ""
    total_value: Decimal | None = Field(None, validation_alias=AliasChoices("totalValue", "total_value"))
    points: int = 0
    npc: bool = False
    solo: bool = False
    awox: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawKillmail:
    """One entry of a feed or archive. `killmail` is None where the entry has only id and hash."""

    killmail_id: int
    hash: str
    killmail: Killmail | None
    zkb: Zkb


def read_raw(body: bytes) -> tuple[RawKillmail, ...]:
    """All killmails in a body of any known format; none for null packages, null placeholders and empty lists.

    Raises:
        InvalidKillmail: the body is not JSON, or contains an entry that is no killmail.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidKillmail(f"The body is not JSON: {error}.") from error
    return tuple(_entries(document))


def _entries(document: Any) -> Iterator[RawKillmail]:
    if isinstance(document, list):
        for entry in document:  # pyright: ignore[reportUnknownVariableType]  # JSON of upstream services
            yield from _entries(entry)
    elif not isinstance(document, dict):
        raise InvalidKillmail(f"A killmail is a JSON object, this is {type(document).__name__}.")
    elif "package" in document:
        yield from () if document["package"] is None else _entries(document["package"])
    else:
        yield from _entry(document)  # pyright: ignore[reportUnknownArgumentType]  # JSON of upstream services


def _entry(entry: Mapping[str, Any]) -> Iterator[RawKillmail]:
    entry_id = entry.get("killmail_id", entry.get("killID"))
    body = entry if "victim" in entry else entry.get("esi", entry.get("killmail"))
    if entry_id is None and body is None and {"killmail_id", "killID"} & entry.keys():
        return  # the feed's null placeholder
    try:
        killmail = None if body is None else Killmail.model_validate(_with_id(body, entry_id))
        zkb = Zkb.model_validate(entry.get("zkb") or {})
    except ValidationError as error:
        raise InvalidKillmail(f"The killmail {entry_id} does not match the schema: {_first_problem(error)}.") from error
    killmail_id = killmail.killmail_id if killmail else entry_id
    if not isinstance(killmail_id, int) or (entry_id is not None and entry_id != killmail_id):
        raise InvalidKillmail(f"The entry has the id {entry_id!r}, its killmail the id {killmail_id!r}.")
    stated_hash = entry.get("hash") or entry.get("killmail_hash") or zkb.hash
    if not stated_hash and killmail is None:
        raise InvalidKillmail(f"The killmail {killmail_id} has neither body nor hash.")
    yield RawKillmail(
        killmail_id, str(stated_hash or killmail_hash(killmail)) if killmail else str(stated_hash), killmail, zkb
    )


def _with_id(body: Any, entry_id: Any) -> Any:
    """Some packages have the killmail id only in the envelope."""
    if not isinstance(body, dict):
        return body
    inner = cast("dict[str, Any]", body)
    return inner if inner.get("killmail_id") is not None else inner | {"killmail_id": entry_id}


def _first_problem(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"


def killmail_hash(killmail: Killmail) -> str:
    """The public hash of a killmail: SHA-1 over victim, final blow, ship and time.

    It matches all 57,461 killmails of four real days, so a body with a wrong hash is detected.
    """
    final = next((a.character_id for a in killmail.attackers if a.final_blow), None)
    ticks = int((killmail.killmail_time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) + _FILETIME_EPOCH_SECONDS
    text = f"{killmail.victim.character_id}{final}{killmail.victim.ship_type_id}{ticks * 10**7}"
    return sha1(text.encode(), usedforsecurity=False).hexdigest()

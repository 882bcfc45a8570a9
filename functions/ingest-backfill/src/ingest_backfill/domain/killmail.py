"""A backfilled killmail: the fields that are stored and published, read from its parsed body by plain code.

A model per killmail would cost three times as much as all other steps together. So only ESI's own format is read by
plain code; every other format goes through the shared schema's parser, which knows all formats and explains errors.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1
from typing import Any, Final, NamedTuple

from battlescope_schemas.base import isk
from battlescope_schemas.entity import NPC_CORPORATIONS, is_player_character
from battlescope_schemas.killmail import InvalidKillmail, Killmail, killmail_hash, read_raw

_FILETIME_EPOCH: Final = 116_444_736_000_000_000  # from 1601 to 1970 in Windows' unit of 100 ns
_MAX_ID: Final = 2**63
_TIME_LENGTH: Final = len("2026-01-07T03:33:33Z")
_ENVELOPE_KEYS: Final = frozenset({"zkb", "package", "esi", "killmail", "hash"})
_NUMBERS: Final = frozenset({int, float})
_MAX_ISK_VALUE: Final = Decimal(10) ** 18  # more does not fit numeric(20,2), and no ship is worth it


class SourceEntry(NamedTuple):
    """A source's record of one killmail: raw text and, where a list states it, the hash; or why there is no text."""

    raw: bytes
    hash: str | None = None
    failure: str | None = None


class BackfilledKillmail(NamedTuple):
    killmail_id: int
    hash: str
    occurred_at: datetime
    system_id: int
    victim_alliance_id: int | None
    victim_corp_id: int | None
    victim_character_id: int | None
    attacker_alliance_ids: tuple[int, ...]
    attacker_corp_ids: tuple[int, ...]
    attacker_character_ids: frozenset[int]
    pilot_count: int
    is_npc_kill: bool
    isk_value: str | None
    raw: bytes


class UnusableKillmail(Exception):  # noqa: N818  # an expected outcome, not a fault
    """The text is not a killmail, or does not match its hash; the message says why."""


def parse_killmail(entry: SourceEntry, document: Any) -> BackfilledKillmail:
    """The killmail of an entry; `document` is its parsed text.

    Raises:
        UnusableKillmail: it is not a killmail, or its body does not match the stated hash.
    """
    if entry.failure is not None:
        raise UnusableKillmail(entry.failure)
    if isinstance(document, dict) and _ENVELOPE_KEYS.isdisjoint(document):  # pyright: ignore[reportUnknownArgumentType]  # external JSON
        try:
            killmail = _parse_esi_body(entry, document)  # pyright: ignore[reportUnknownArgumentType]  # as above
        except (KeyError, TypeError, ValueError, AttributeError):
            return _parse_with_models(entry)
        return killmail
    return _parse_with_models(entry)


def _parse_esi_body(entry: SourceEntry, body: dict[str, Any]) -> BackfilledKillmail:
    """Any deviation from ESI's format raises a built-in error, and the caller falls back to the models."""
    victim, attackers, time = body["victim"], body["attackers"], body["killmail_time"]
    alliances: set[Any] = set()
    corps: set[Any] = set()
    characters: set[Any] = set()
    other_ids: set[Any] = {victim["ship_type_id"], victim.get("faction_id")}
    final_blow_character, pilot_count, has_final_blow = None, 1, False
    for attacker in attackers:
        get = attacker.get
        character, corp, alliance, faction = (
            get("character_id"),
            get("corporation_id"),
            get("alliance_id"),
            get("faction_id"),
        )  # a line per field would hide the loop
        if character or corp or alliance or faction:
            pilot_count += 1
        characters.add(character)
        corps.add(corp)
        alliances.add(alliance)
        other_ids.update((faction, get("ship_type_id"), get("weapon_type_id")))
        if attacker["final_blow"] and not has_final_blow:
            final_blow_character, has_final_blow = character, True
        if type(attacker["final_blow"]) is not bool or type(attacker["damage_done"]) is not int:
            raise TypeError
        if type(get("security_status", 0)) not in _NUMBERS:
            raise TypeError
    victim_ids = (victim.get("character_id"), victim.get("corporation_id"), victim.get("alliance_id"))
    killmail_id, system_id = body["killmail_id"], body["solar_system_id"]
    _check_ids(killmail_id, system_id, *victim_ids, *characters, *corps, *alliances, *other_ids)
    if len(time) != _TIME_LENGTH or time[-1] != "Z" or not killmail_id:
        raise ValueError
    occurred_at = datetime.fromisoformat(time)
    filetime = int(occurred_at.timestamp()) * 10**7 + _FILETIME_EPOCH
    text = f"{victim_ids[0]}{final_blow_character}{victim['ship_type_id']}{filetime}"
    computed = sha1(text.encode(), usedforsecurity=False).hexdigest()
    _check_hash(computed, entry.hash or body.get("killmail_hash"), killmail_id)
    return BackfilledKillmail(
        killmail_id, computed, occurred_at, system_id,
        victim_ids[2] or None, victim_ids[1] or None, victim_ids[0] or None,
        _sorted(alliances), _sorted(corps), frozenset(c for c in characters if c),
        pilot_count, _is_npc_kill(characters, corps), None, entry.raw,
    )  # fmt: skip


def _check_ids(*ids: Any) -> None:
    for entity_id in ids:
        if entity_id is not None and (type(entity_id) is not int or not 0 <= entity_id < _MAX_ID):
            raise TypeError


def _check_hash(computed: str, stated: Any, killmail_id: int) -> None:
    if stated and stated != computed:
        raise UnusableKillmail(
            f"The body of killmail {killmail_id} has the hash {computed}; stated is {str(stated)[:60]!r}."
        )


def _parse_with_models(entry: SourceEntry) -> BackfilledKillmail:
    try:
        entries = read_raw(entry.raw)
    except InvalidKillmail as error:
        raise UnusableKillmail(str(error)) from error
    if len(entries) != 1 or entries[0].killmail is None:
        raise UnusableKillmail(f"The record holds {len(entries)} killmails instead of one with a body.")
    killmail, zkb = entries[0].killmail, entries[0].zkb
    computed = killmail_hash(killmail)
    _check_hash(computed, entry.hash or entries[0].hash, killmail.killmail_id)
    return _from_model(killmail, computed, zkb.total_value, entry.raw)


def _from_model(killmail: Killmail, computed: str, value: Decimal | None, raw: bytes) -> BackfilledKillmail:
    victim, attackers = killmail.victim, killmail.attackers
    characters = {a.character_id for a in attackers}
    corps = {a.corporation_id for a in attackers}
    ids = [(a.character_id, a.corporation_id, a.alliance_id, a.faction_id) for a in attackers]
    return BackfilledKillmail(
        killmail.killmail_id, computed, killmail.killmail_time.astimezone(UTC), killmail.solar_system_id,
        victim.alliance_id or None, victim.corporation_id or None, victim.character_id or None,
        _sorted(a.alliance_id for a in attackers), _sorted(corps), frozenset(c for c in characters if c),
        1 + sum(map(any, ids)), _is_npc_kill(characters, corps),
        str(isk(value)) if value is not None and abs(value) < _MAX_ISK_VALUE else None, raw,
    )  # fmt: skip


def _sorted(ids: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({entity_id for entity_id in ids if entity_id}))


def _is_npc_kill(characters: Iterable[int | None], corps: Iterable[int | None]) -> bool:
    """Whether no attacker is a player or belongs to a player corporation."""
    return not (any(map(is_player_character, characters)) or any((c or 0) >= NPC_CORPORATIONS.stop for c in corps))

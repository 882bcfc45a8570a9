"""One mail of history: what is filed and told of it, read from its parsed body by plain code.

A model per mail would cost three times as much as all else here. So only ESI's own shape is read this way; whatever is
not exactly that goes the general way of the contract, which knows all shapes and says what is wrong.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1
from typing import Any, Final, NamedTuple

from battlescope_schemas.base import isk
from battlescope_schemas.entity import NPC_CORPORATIONS, is_player_character
from battlescope_schemas.killmail import InvalidKillmail, Killmail, killmail_hash, read_raw

_FILETIME_EPOCH: Final = 116_444_736_000_000_000  # 1601 to 1970 in Windows' hundred nanoseconds
_ID_ENDS: Final = 2**63
_TIME_LENGTH: Final = len("2026-01-07T03:33:33Z")
_WRAPPED: Final = frozenset({"zkb", "package", "esi", "killmail", "hash"})
_NUMBERS: Final = frozenset({int, float})
_TOO_MUCH_ISK: Final = Decimal(10) ** 18  # does not fit numeric(20,2), and no ship is worth it


class SourceEntry(NamedTuple):
    """What a source gave for one mail: its text and, where a list states one, its hash; or why there is no text."""

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


class UnusableKillmail(Exception):  # noqa: N818  # an outcome: this one mail cannot be filed, the text says why
    """The text is no killmail, or none that belongs to its hash."""


def parse_killmail(entry: SourceEntry, document: Any) -> BackfilledKillmail:
    """The mail of an entry whose text was parsed to `document`.

    Raises:
        UnusableKillmail: it is no killmail, or its body does not belong to the hash that is stated for it.
    """
    if entry.failure is not None:
        raise UnusableKillmail(entry.failure)
    if isinstance(document, dict) and _WRAPPED.isdisjoint(document):  # pyright: ignore[reportUnknownArgumentType]  # JSON of others
        try:
            mail = _parse_esi_body(entry, document)  # pyright: ignore[reportUnknownArgumentType]  # as above
        except (KeyError, TypeError, ValueError, AttributeError):
            return _parse_with_models(entry)
        return mail
    return _parse_with_models(entry)


def _parse_esi_body(entry: SourceEntry, body: dict[str, Any]) -> BackfilledKillmail:
    """Any surprise is an error of Python's own here, and sends the mail the general way."""
    victim, attackers, time = body["victim"], body["attackers"], body["killmail_time"]
    alliances: set[Any] = set()
    corps: set[Any] = set()
    characters: set[Any] = set()
    others: set[Any] = {victim["ship_type_id"], victim.get("faction_id")}
    final, pilot_count, found = None, 1, False
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
        others.update((faction, get("ship_type_id"), get("weapon_type_id")))
        if attacker["final_blow"] and not found:
            final, found = character, True
        if type(attacker["final_blow"]) is not bool or type(attacker["damage_done"]) is not int:
            raise TypeError
        if type(get("security_status", 0)) not in _NUMBERS:
            raise TypeError
    own = (victim.get("character_id"), victim.get("corporation_id"), victim.get("alliance_id"))
    _check_ids(body["killmail_id"], body["solar_system_id"], *own, *characters, *corps, *alliances, *others)
    if len(time) != _TIME_LENGTH or time[-1] != "Z" or not body["killmail_id"]:
        raise ValueError
    moment = datetime.fromisoformat(time)
    text = f"{own[0]}{final}{victim['ship_type_id']}{int(moment.timestamp()) * 10**7 + _FILETIME_EPOCH}"
    computed = sha1(text.encode(), usedforsecurity=False).hexdigest()
    _check_hash(computed, entry.hash or body.get("killmail_hash"), body["killmail_id"])
    return BackfilledKillmail(
        body["killmail_id"], computed, moment, body["solar_system_id"], own[2] or None, own[1] or None, own[0] or None,
        _sorted(alliances), _sorted(corps), frozenset(c for c in characters if c), pilot_count, _is_npc(characters, corps),
        None, entry.raw,
    )  # fmt: skip


def _check_ids(*ids: Any) -> None:
    for one in ids:
        if one is not None and (type(one) is not int or not 0 <= one < _ID_ENDS):
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
        raise UnusableKillmail(f"{len(entries)} mails lie where one whole mail should.")
    killmail, zkb = entries[0].killmail, entries[0].zkb
    computed = killmail_hash(killmail)
    _check_hash(computed, entry.hash or entries[0].hash, killmail.killmail_id)
    return _of_model(killmail, computed, zkb.total_value, entry.raw)


def _of_model(killmail: Killmail, computed: str, value: Decimal | None, raw: bytes) -> BackfilledKillmail:
    victim, attackers = killmail.victim, killmail.attackers
    characters = {a.character_id for a in attackers}
    corps = {a.corporation_id for a in attackers}
    ids = [(a.character_id, a.corporation_id, a.alliance_id, a.faction_id) for a in attackers]
    return BackfilledKillmail(
        killmail.killmail_id, computed, killmail.killmail_time.astimezone(UTC), killmail.solar_system_id,
        victim.alliance_id or None, victim.corporation_id or None, victim.character_id or None,
        _sorted(a.alliance_id for a in attackers), _sorted(corps), frozenset(c for c in characters if c),
        1 + sum(map(any, ids)), _is_npc(characters, corps),
        str(isk(value)) if value is not None and abs(value) < _TOO_MUCH_ISK else None, raw,
    )  # fmt: skip


def _sorted(ids: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({one for one in ids if one}))


def _is_npc(characters: Iterable[int | None], corps: Iterable[int | None]) -> bool:
    """No player and no player corporation among the attackers."""
    return not (any(map(is_player_character, characters)) or any((c or 0) >= NPC_CORPORATIONS.stop for c in corps))

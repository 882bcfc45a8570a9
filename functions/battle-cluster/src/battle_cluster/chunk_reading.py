"""Reads the lines of a chunk of enriched killmails, a thousand and more at once.

What a line says is the same as through its model; it only costs a fifth. A line that is not written exactly as we
write it is read by the model, which stays the judge of what is accepted.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import starmap
from typing import Any, Final, NamedTuple

import orjson
from pydantic.alias_generators import to_camel

from battle_cluster.battles import Place
from battle_cluster.mails import Attacker, Mail, Party, Victim
from battle_cluster.parties import party_of, pilot_of
from battle_cluster.reading import Heard, Name, heard
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType

Fields = Mapping[str, Any]
_LONGEST_ID: Final = 18  # digits: any such number is below 2**63
_ISK: Final = re.compile(r"-?[0-9]{1,18}\.[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_KINDS: Final = ("character", "corporation", "alliance", "faction", "ship_type")
_WHO: Final = tuple(f"{to_camel(kind)}{part}" for kind in _KINDS for part in ("Id", "Name"))
_SECURITY: Final = {kind.value: kind for kind in SecurityType}
_SOURCES: Final = {source.value: source for source in Source}
_TEXTS: Final = ("zkbHash", "systemName", "regionName", "zkbUrl", "archiveKey")
_FLAGS: Final = ("npc", "solo", "awox")


def read_chunk(lines: bytes) -> tuple[Heard, ...]:
    """Every mail of a chunk.

    Raises:
        ValueError: a line is no enriched killmail.
    """
    reader = _Reader()
    return tuple(map(reader.heard, lines.splitlines()))


class _Unusual(ValueError):  # noqa: N818  # an outcome
    """Not written as we write it; whether it is right is for the model to say."""


def _id(text: Any) -> int:
    if type(text) is not str or len(text) > _LONGEST_ID or not (text.isascii() and text.isdecimal()):
        raise _Unusual
    return int(text)


def _id_or_none(text: Any) -> int | None:
    return None if text is None else _id(text)


class _Person(NamedTuple):
    """Who somebody is, in what ship, and the names that say so."""

    pilot: int | None
    corporation: int | None
    alliance: int | None
    party: Party | None
    ship: int | None
    names: tuple[Name, ...]


class _People(dict[tuple[Any, ...], _Person]):
    """People by what is told of them: in a fight the same ones stand on mail after mail."""

    def __missing__(self, told: tuple[Any, ...]) -> _Person:
        ids = [_id_or_none(text) for text in told[::2]]
        names = tuple(starmap(_name, zip(_KINDS, ids, told[1::2], strict=True)))
        character, corporation, alliance, faction, ship = ids
        party = party_of(character, corporation, alliance, faction)
        given = tuple(name for name in names if name is not None)
        person = self[told] = _Person(pilot_of(character), corporation, alliance, party, ship, given)
        return person


def _name(kind: str, entity_id: int | None, text: Any) -> Name | None:
    if text is None:
        return None
    if not entity_id or not text or not isinstance(text, str):
        raise _Unusual
    return Name(kind, entity_id, text)


class _Reader:
    def __init__(self) -> None:
        self._people = _People()

    def heard(self, line: bytes) -> Heard:
        # No name of the game has an underscore or an escape: such a line may spell its fields another way.
        if b"_" not in line and b"\\" not in line:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                return self._usual(orjson.loads(line))
        return heard(EnrichedKillmail.model_validate_json(line))

    def _usual(self, fields: Fields) -> Heard:
        time = _checked(fields)
        system_id, region_id, _ = map(_id, (fields["systemId"], fields["regionId"], fields["constellationId"]))
        names = {Name("system", system_id, fields["systemName"]), Name("region", region_id, fields["regionName"])}
        value = Decimal(fields.get("zkbTotalValue", 0)) or Decimal(0)
        mail = Mail(
            killmail_id=_id(fields["killmailId"]),
            time=int(time.timestamp()),
            system_id=system_id,
            value=float(value),
            victim=self._victim(fields["victim"], names),
            attackers=tuple([self._attacker(attacker, names) for attacker in fields["attackers"]]),
            nearby_system_ids=frozenset(map(_id, fields.get("nearbySystemIds", ()))) - {system_id},
        )
        historical = _SOURCES[fields.get("source", "live")] is Source.HISTORICAL
        place = Place(system_id, region_id, _SECURITY[fields["securityType"]], historical)
        return Heard(mail, place, value, frozenset(names))

    def _victim(self, fields: Fields, names: set[Name]) -> Victim:
        pilot, corporation, alliance, party, ship, theirs = self._people[tuple(map(fields.get, _WHO))]
        names.update(theirs)
        group, category = _id_or_none(fields.get("shipGroupId")), _id_or_none(fields.get("shipCategoryId"))
        is_usual = isinstance(fields.get("shipGroupName", ""), str) and type(fields.get("damageTaken", 0)) is int
        if not is_usual:
            raise _Unusual
        return Victim(pilot, corporation, alliance, party, ship or 0, group, category)

    def _attacker(self, fields: Fields, names: set[Name]) -> Attacker:
        pilot, corporation, alliance, party, ship, theirs = self._people[tuple(map(fields.get, _WHO))]
        names.update(theirs)
        damage, final_blow = fields.get("damageDone", 0), fields.get("finalBlow", False)
        _id_or_none(fields.get("weaponTypeId"))
        if type(damage) is not int or type(final_blow) is not bool:
            raise _Unusual
        return Attacker(pilot, corporation, alliance, party, ship, damage, final_blow)


def _checked(fields: Fields) -> datetime:
    """The time of a mail whose fields, but for its participants, are as usual; also those not taken along."""
    get, time = fields.get, fields["killmailTime"]
    is_usual = (
        all(isinstance(fields[name], str) for name in _TEXTS)
        and all(isinstance(get(name, False), bool) for name in _FLAGS)
        and isinstance(fields["securityStatus"], int | float)
        and isinstance(fields["attackers"], list)
        and isinstance(get("nearbySystemIds", []), list)
        and type(get("zkbPoints", 0)) is int
        and type(fields["attackerCount"]) is int
        and fields["attackerCount"] >= 0
        and _ISK.fullmatch(get("zkbTotalValue", "0.00"))
        and _TIME.fullmatch(time)
    )
    if not is_usual:
        raise _Unusual
    return datetime.fromisoformat(time)

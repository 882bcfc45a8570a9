"""The one reader of killmails: live files, backfilled records, archived bytes and files to replay all go through it.

It reads every format of feeds and archives: R2Z2 envelopes, RedisQ packages, zKillboard REST entries, ESI bodies and
EVE Ref bodies. What it accepts is the same everywhere:

| Input | Outcome |
|---|---|
| no JSON, not UTF-8 (UTF-16, Latin-1), `NaN`, nesting beyond the recursion limit | `NotJson`: asked for again |
| a byte order mark before UTF-8, white space around the text | skipped |
| an entry without a body: id and a hash of 40 hexadecimal digits | accepted as an entry whose body ESI provides |
| `{"package": null}`, `[]`, an envelope whose ids are null | no killmail |
| id, system, ship type or damage that is text, a float, a boolean, negative or beyond its limit | refused |
| id of a character, corporation, alliance, faction, ship of an attacker or weapon: missing or null | absent |
| `victim`, its ship type, `attackers`, `killmail_time` or `solar_system_id`: missing or null | refused |
| no attackers (`[]`) | accepted; more than 10,000 are refused |
| `damage_taken`, `damage_done`, `final_blow`: missing | 0, 0, false; null or another type is refused |
| time in RFC 3339 with an offset or a fraction, or without a zone | accepted as whole seconds of UTC |
| time in another format, before the game's launch, or more than a day after `now` | refused |
| a body that does not match a hash that is stated beside it | refused |
| a stated hash that is empty or no text | absent; the hash is computed from the body |
| `zkb` of any other type; one of its values that is no number, negative or from 1e14 on | that value is unknown |
| `victim.items` of whatever type | kept as it is; what it is worth is decided where killmails are valued |
| `points` that is no integer of 32 bits | 0 |
| every other field, of whatever type | ignored |
| a key twice in one object | each value must be acceptable; the last one counts |
| one id with two bodies | the stored one counts, or of two that arrive together `preferred`; the other is refused |

A refusal is an `InvalidKillmail` whose sentence names the field.
"""

import codecs
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha1
from re import fullmatch
from typing import Annotated, Any, Final, NamedTuple, TypeGuard, TypeVar

from msgspec import UNSET, DecodeError, Meta, Raw, Struct, UnsetType, ValidationError
from msgspec.json import Decoder

from battlescope_schemas.base import isk

T = TypeVar("T")
MAX_ID: Final = 2**63 - 1
MAX_DAMAGE: Final = 2**36  # far beyond any structure; the sum over 10,000 killmails of 10,000 attackers fits a bigint
MAX_ATTACKERS: Final = 10_000  # ESI's own limit
CAPSULE_GROUP: Final = 29
GAME_LAUNCH: Final = datetime(2003, 5, 6, tzinfo=UTC)  # an older time is an error, and would create monthly partitions
MAX_CLOCK_SKEW: Final = timedelta(days=1)  # clocks differ, but not by more than this
_FILETIME_EPOCH_SECONDS: Final = 11_644_473_600  # 1601-01-01 to 1970-01-01; the hash counts in Windows file time
MAX_ISK_VALUE: Final = 10**14  # no ship is worth a hundredth of it, and sums of 10,000 such values fit numeric(20,2)
_MAX_POINTS: Final = 2**31

Id = Annotated[int, Meta(ge=0, le=MAX_ID)]
KillmailId = Annotated[int, Meta(gt=0, le=MAX_ID)]
Damage = Annotated[int, Meta(ge=0, le=MAX_DAMAGE)]


class InvalidKillmail(ValueError):
    """The bytes are no killmail. The message is a sentence with the reason."""


class NotJson(InvalidKillmail):
    """The bytes are no JSON: a part of a file, an empty answer, a page of a proxy. The source may have better ones."""


class Victim(Struct, frozen=True, gc=False):
    """The loser of the ship. Structures and deployables have no character. items: their JSON, unchecked."""

    ship_type_id: Id
    damage_taken: Damage = 0
    character_id: Id | None = None
    corporation_id: Id | None = None
    alliance_id: Id | None = None
    faction_id: Id | None = None
    items: Raw | UnsetType = UNSET


class ZkbValues(NamedTuple):
    """What zKillboard estimates, in ISK with cents; None where its block has no such value.

    total = dropped + destroyed, and destroyed has the hull; fitted: the hull with what was fitted to it.
    """

    total: Decimal | None = None
    fitted: Decimal | None = None
    dropped: Decimal | None = None
    destroyed: Decimal | None = None


NO_ZKB_VALUES: Final = ZkbValues()


class Attacker(Struct, frozen=True, gc=False):
    """One attacker. NPCs have no character; ship and weapon may be missing."""

    damage_done: Damage = 0
    final_blow: bool = False
    character_id: Id | None = None
    corporation_id: Id | None = None
    alliance_id: Id | None = None
    faction_id: Id | None = None
    ship_type_id: Id | None = None
    weapon_type_id: Id | None = None


class ArchivedKillmail(Struct, frozen=True, gc=False):
    """A killmail as read from its raw bytes; the position is in `raw` alone.

    raw: the bytes of its entry, as the archive keeps them.
    hash: the public hash, which the body matches. killmail_time: UTC, whole seconds.
    zkb: the values of its block. points: zKillboard's.
    """

    raw: bytes
    killmail_id: int
    hash: str
    killmail_time: datetime
    solar_system_id: int
    victim: Victim
    attackers: tuple[Attacker, ...]
    zkb: ZkbValues = NO_ZKB_VALUES
    points: int = 0

    @property
    def isk_value(self) -> Decimal | None:
        """ISK as zKillboard estimates it; None where the bytes hold no such value."""
        return self.zkb.total


class KillmailStub(NamedTuple):
    """An entry of a feed or a list that has no body."""

    killmail_id: int
    hash: str


class _Body(Struct):
    """The ESI body of `GET /killmails/{id}/{hash}`. Some packages have the id only in their envelope."""

    killmail_time: datetime
    solar_system_id: Id
    victim: Victim
    attackers: Annotated[tuple[Attacker, ...], Meta(max_length=MAX_ATTACKERS)]
    killmail_id: KillmailId | None = None


class _Envelope(Struct):
    """What surrounds a body; which keys there are tells the format."""

    killmail_id: Any = UNSET
    killID: Any = UNSET  # noqa: N815  # as RedisQ spells it
    hash: Any = None
    killmail_hash: Any = None
    victim: Raw | UnsetType = UNSET
    esi: Raw | UnsetType = UNSET
    killmail: Raw | UnsetType = UNSET
    package: Raw | UnsetType = UNSET
    zkb: Raw | UnsetType = UNSET

    @property
    def stated_id(self) -> Any:
        if self.killmail_id is not UNSET and self.killmail_id is not None:
            return self.killmail_id
        return None if self.killID is UNSET else self.killID

    @property
    def is_placeholder(self) -> bool:
        """Whether the ids are there but null, as in the feed's entries without a killmail."""
        return self.stated_id is None and (self.killmail_id, self.killID) != (UNSET, UNSET)


class _PlainEntry(_Body):
    """A body with its id, and what archives and lists write beside its fields: one pass over the text reads it all."""

    hash: Any = None
    killmail_hash: Any = None
    package: Raw | UnsetType = UNSET
    zkb: Raw | UnsetType = UNSET


class _Zkb(Struct, rename="camel"):
    """The block that zKillboard adds. BattleScope derives its flags itself and ignores the other fields."""

    hash: Raw | UnsetType = UNSET
    total_value: Raw | UnsetType = UNSET
    fitted_value: Raw | UnsetType = UNSET
    dropped_value: Raw | UnsetType = UNSET
    destroyed_value: Raw | UnsetType = UNSET
    points: Raw | UnsetType = UNSET


_LIST: Final = Decoder(list[Raw])
_PLAIN_ENTRY: Final = Decoder(_PlainEntry)
_ENVELOPE: Final = Decoder(_Envelope)
_BODY: Final = Decoder(_Body)
_ZKB: Final = Decoder(_Zkb)
_NUMBER: Final = Decoder(int | float)
_INTEGER: Final = Decoder(int)
_TEXT: Final = Decoder(str)
_NO_ZKB: Final = _Zkb()


def read_entries(raw: bytes, *, now: datetime | None = None) -> tuple[ArchivedKillmail | KillmailStub, ...]:
    """All entries in bytes of any known format; none for null packages, null placeholders and empty lists.

    now: None where the time was checked before, as for archived killmails.

    Raises:
        InvalidKillmail: the bytes, or an entry in them, are refused by the table above.
    """
    text = raw.removeprefix(codecs.BOM_UTF8)
    _check_utf8(text)
    if text.lstrip()[:1] == b"[":
        entries = (_read_entry(part, part, now) for part in map(bytes, _decode(_LIST, text, "The list")))
        return tuple(entry for entry in entries if entry is not None)
    entry = _read_entry(raw, text, now)
    return () if entry is None else (entry,)


def read_killmail(raw: bytes, *, listed_hash: str = "", now: datetime | None = None) -> ArchivedKillmail:
    """The killmail in bytes that hold exactly one, with its body.

    listed_hash: the hash that a list of the source states for it; empty where there is none.

    Raises:
        InvalidKillmail: as for `read_entries`; or there is no body, or more than one, or it does not match the list.
    """
    entries = read_entries(raw, now=now)
    if len(entries) != 1 or isinstance(entries[0], KillmailStub):
        raise InvalidKillmail(f"The text holds {len(entries)} entries instead of one killmail with its body.")
    _check_hash(entries[0].killmail_id, listed_hash, entries[0].hash)
    return entries[0]


def is_json(raw: bytes) -> bool:
    """Whether the bytes are JSON of any kind, as `read_entries` understands it."""
    try:
        read_entries(raw)
    except NotJson:
        return False
    except InvalidKillmail:
        return True
    return True


def preferred(first: ArchivedKillmail, second: ArchivedKillmail) -> ArchivedKillmail:
    """Which of two readings of one id counts where both arrive together; the order of the arguments does not matter.

    The body with the earlier kill time, then the one with the smaller hash; of equal bodies the one with a value, then
    the one with the greater value.
    """
    return min(first, second, key=_rank)


def _rank(killmail: ArchivedKillmail) -> tuple[datetime, str, Decimal, bytes]:
    value = Decimal(-1) if killmail.isk_value is None else killmail.isk_value
    return killmail.killmail_time, killmail.hash, -value, killmail.raw


def _check_utf8(text: bytes) -> None:
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise NotJson("The text is not JSON: it is not UTF-8.") from error


def _decode(decoder: Decoder[T], text: bytes | Raw, label: str) -> T:
    try:
        return decoder.decode(text)
    except ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        field = path.strip(".`")
        if not field and problem.startswith("Expected"):
            raise InvalidKillmail(f"{label} is no JSON object.") from error
        raise InvalidKillmail(f"{label} is refused: {field}{': ' if field else ''}{problem}.") from error
    except (DecodeError, RecursionError) as error:
        raise NotJson(f"The text is not JSON: {error}.") from error


def _decode_leniently(decoder: Decoder[T], text: bytes | Raw | UnsetType) -> T | None:
    """None where there is no value of this type."""
    if text is UNSET:
        return None
    try:
        return decoder.decode(text)
    except (DecodeError, RecursionError):
        return None


def _read_entry(
    raw: bytes, text: bytes | Raw, now: datetime | None, *, is_package: bool = False
) -> ArchivedKillmail | KillmailStub | None:
    plain = _decode_leniently(_PLAIN_ENTRY, text)
    if plain is not None and plain.killmail_id is not None and plain.package is UNSET:
        return _checked(raw, plain, plain.killmail_id, plain, now)
    envelope = _decode(_ENVELOPE, text, "The entry")
    if envelope.package is not UNSET:
        if is_package:
            raise InvalidKillmail("The entry is refused: package: it holds another package.")
        return None if _is_null(envelope.package) else _read_entry(raw, envelope.package, now, is_package=True)
    body = text if envelope.victim is not UNSET else envelope.esi
    body = envelope.killmail if body is UNSET else body
    if body is not UNSET and not _is_null(body):
        return _killmail(raw, envelope, body, now)
    return None if envelope.is_placeholder else _stub(envelope)


def _is_null(text: bytes | Raw) -> bool:
    return bytes(text) == b"null"


def _is_killmail_id(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 < value <= MAX_ID


def _shown(value: Any) -> str:
    """A short text; only the type of what may be long or nested."""
    if value is None or isinstance(value, str | bool | float) or (isinstance(value, int) and abs(value) < 10**20):
        return f"{value!r:.60}"
    return f"of type {type(value).__name__}"


def _stub(envelope: _Envelope) -> KillmailStub:
    killmail_id, stated_hash = envelope.stated_id, _stated_hash(envelope, _read_zkb(envelope))
    if not _is_killmail_id(killmail_id):
        raise InvalidKillmail(f"The entry has no body, and its id {_shown(killmail_id)} is no killmail id.")
    if fullmatch("[0-9a-f]{40}", stated_hash) is None:
        raise InvalidKillmail(f"The killmail {killmail_id} has neither body nor a valid hash.")
    return KillmailStub(killmail_id, stated_hash)


def _killmail(raw: bytes, envelope: _Envelope, text: bytes | Raw, now: datetime | None) -> ArchivedKillmail:
    stated_id = envelope.stated_id
    label = "The killmail" if stated_id is None else f"The killmail {_shown(stated_id)}"
    body = _decode(_BODY, text, label)
    killmail_id = stated_id if body.killmail_id is None else body.killmail_id
    if not _is_killmail_id(killmail_id):
        raise InvalidKillmail(f"{label} is refused: killmail_id: {_shown(killmail_id)} is no killmail id.")
    if stated_id is not None and (not _is_killmail_id(stated_id) or stated_id != killmail_id):
        raise InvalidKillmail(f"The entry has the id {_shown(stated_id)}, its killmail the id {killmail_id}.")
    return _checked(raw, body, killmail_id, envelope, now)


def _checked(
    raw: bytes, body: _Body, killmail_id: int, envelope: _Envelope | _PlainEntry, now: datetime | None
) -> ArchivedKillmail:
    label, zkb = f"The killmail {killmail_id}", _read_zkb(envelope)
    time = _utc_seconds(body.killmail_time, label)
    _check_time(time, now, label)
    computed_hash = _public_hash(body, time)
    _check_hash(killmail_id, _stated_hash(envelope, zkb), computed_hash)
    return ArchivedKillmail(
        raw,
        killmail_id,
        computed_hash,
        time,
        body.solar_system_id,
        body.victim,
        body.attackers,
        _zkb_values(zkb),
        _points(_decode_leniently(_INTEGER, zkb.points)),
    )


def _read_zkb(envelope: _Envelope | _PlainEntry) -> _Zkb:
    return _decode_leniently(_ZKB, envelope.zkb) or _NO_ZKB


def _stated_hash(envelope: _Envelope | _PlainEntry, zkb: _Zkb) -> str:
    """Empty where no text is stated."""
    for stated in (envelope.hash, envelope.killmail_hash):
        if isinstance(stated, str) and stated:
            return stated
    return _decode_leniently(_TEXT, zkb.hash) or ""


def _check_hash(killmail_id: int, stated: str, computed: str) -> None:
    if stated not in ("", computed):
        problem = f"stated is {stated!r:.60}, right is {computed}"
        raise InvalidKillmail(f"The killmail {killmail_id} does not match its hash: {problem}.")


def _zkb_values(zkb: _Zkb) -> ZkbValues:
    if zkb.total_value is UNSET:  # as in every archive
        return NO_ZKB_VALUES
    return ZkbValues(
        _isk_value(zkb.total_value),
        _isk_value(zkb.fitted_value),
        _isk_value(zkb.dropped_value),
        _isk_value(zkb.destroyed_value),
    )


def _isk_value(text: Raw | UnsetType) -> Decimal | None:
    value = _decode_leniently(_NUMBER, text)
    if value is None or not 0 <= value < MAX_ISK_VALUE:
        return None
    return isk(Decimal(str(value)) + 0)  # + 0: without the sign of a negative zero


def _points(points: int | None) -> int:
    return points if points is not None and -_MAX_POINTS <= points < _MAX_POINTS else 0


def _utc_seconds(time: datetime, label: str) -> datetime:
    if time.tzinfo is UTC and not time.microsecond:
        return time
    try:
        utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:  # year 1 or 9999 in another time zone
        raise InvalidKillmail(f"{label} is refused: killmail_time lies outside of the calendar.") from error
    return utc.replace(microsecond=0)


def _check_time(time: datetime, now: datetime | None, label: str) -> None:
    if time < GAME_LAUNCH:
        raise InvalidKillmail(f"{label} is refused: killmail_time is older than the game.")
    if now is not None and time > now + MAX_CLOCK_SKEW:
        raise InvalidKillmail(f"{label} is refused: killmail_time is more than a day in the future.")


def _public_hash(body: _Body, time: datetime) -> str:
    """SHA-1 over victim, final blow, ship and time. It matches all 57,461 killmails of four real days."""
    final_blow = next((attacker.character_id for attacker in body.attackers if attacker.final_blow), None)
    ticks = (int(time.timestamp()) + _FILETIME_EPOCH_SECONDS) * 10**7
    text = f"{body.victim.character_id}{final_blow}{body.victim.ship_type_id}{ticks}"
    return sha1(text.encode(), usedforsecurity=False).hexdigest()

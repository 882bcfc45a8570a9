"""A line of a chunk says what it says through its model, and what the model refuses is refused."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up_battles import mail
from pydantic import ValidationError

from battle_cluster import chunk_reading
from battle_cluster.chunk_reading import read_chunk
from battle_cluster.reading import Heard, heard
from battlescope_schemas.enriched import EnrichedKillmail

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "shared-schemas" / "examples" / "enriched-killmail"
SHARED = ROOT.parent / "shared" / "data" / "killmails"
ODD: list[Any] = [
    *(None, "", "x", "0", "-1", "7", " 7", "1_0", 7, 7.5, -7, True, False, [], ["7"], [7], ["x"], {}, [{}], {"x": 1}),
    *("2026-11-01T20:00:00Z", "2026-13-01T20:00:00Z", "2026-11-01T20:00:00.5Z", "2026-11-01T20:00:00+02:00"),
    *("1.25", "0.00", "-0.00", "1.005", "1e3", "12345678901234567890.12", "9" * 19, str(2**63), 2**70),
    *("historical", "live", "nullsec", "pochven", "nowhere", "Vera", "\u00d1 \\ \U0001f680"),
]  # fmt: skip


def as_line(fields: Any) -> bytes:
    return json.dumps(fields).encode()


def full() -> dict[str, Any]:
    """A mail with every field there is."""
    told = json.loads(mail(7, 3, (1, 1), [(11, 2), (12, 3)], near=(30_000_144, 30_000_142)).model_dump_json())
    told["victim"] |= {"factionId": "500001", "factionName": "Militia", "shipGroupName": "Frigate"}
    told["attackers"][0] |= {"weaponTypeId": "3", "factionId": "500002"}
    return told


def by_model(line: bytes) -> Heard | None:
    try:
        return heard(EnrichedKillmail.model_validate_json(line))
    except ValidationError:
        return None


def as_read(line: bytes) -> Heard | None:
    try:
        (found,) = read_chunk(line)
    except ValueError:
        return None
    return found


def same(line: bytes) -> bool:
    """Equal in all values and their types: 0 and 0.00, 1 and True are two values to a database."""
    return shown(as_read(line)) == shown(by_model(line))


def shown(told: Heard | None) -> object:
    if told is None:
        return None
    nearby = repr(sorted(told.mail.nearby_system_ids))
    mail_ = repr(replace(told.mail, nearby_system_ids=frozenset()))
    return mail_, nearby, repr(told.place), repr(told.value), repr(sorted(told.names)), told


@pytest.mark.parametrize("name", [*full(), "unknown", "system_id"])
def test_each_field_is_read_as_by_the_model(name: str) -> None:
    for value in ODD:
        assert same(as_line(full() | {name: value})), value
    assert same(as_line({key: value for key, value in full().items() if key != name}))


@pytest.mark.parametrize("name", [*full()["victim"], *full()["attackers"][0], "unknown", "ship_type_id"])
def test_each_field_of_a_participant_is_read_as_by_the_model(name: str) -> None:
    told = full()
    for value in ODD:
        assert same(as_line(told | {"victim": told["victim"] | {name: value}})), value
        assert same(as_line(told | {"attackers": [told["attackers"][0] | {name: value}]})), value
    less = {key: value for key, value in told["victim"].items() if key != name}
    assert same(as_line(told | {"victim": less}))
    assert same(as_line(told | {"attackers": [less, {}]}))


@pytest.mark.parametrize("line", [b"", b" ", b"null", b"[]", b"7", b"{", b'"x"', b"\xff", b'{"killmailId": NaN}'])
def test_what_is_no_mail_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_chunk(b"\n".join([as_line(full()), line, as_line(full())]))


def made_up() -> Iterator[bytes]:
    yield as_line(full())
    for path in sorted(EXAMPLES.glob("*.json")):
        yield EnrichedKillmail.model_validate_json(path.read_bytes()).model_dump_json(exclude_none=True).encode()
    for number in range(50):
        attackers = [(20 + one, one % 4) for one in range(number)]
        told = mail(number, number, (number % 7, 1), attackers, named=number % 2 == 0)
        yield told.model_dump_json(by_alias=True, exclude_none=number % 3 > 0).encode()


def real() -> Iterator[bytes]:
    """Real mails as they are told: bodies with invented names and places."""
    for path in sorted(SHARED.glob("everef-*.jsonl.gz")):
        with gzip.open(path) as lines:
            yield from (told(json.loads(line)) for _, line in zip(range(1000), lines, strict=False))


def told(body: dict[str, Any]) -> bytes:
    place = {"systemId": body["solar_system_id"], "systemName": "Here", "constellationId": 2, "regionId": 1}
    kind = {"regionName": "There", "securityType": "lowsec", "securityStatus": 0.3, "zkbTotalValue": "12.345"}
    names = {"zkbHash": body["killmail_hash"], "zkbUrl": "there", "archiveKey": "pack#0+1", "source": "historical"}
    mail_ = {"killmailId": body["killmail_id"], "killmailTime": body["killmail_time"], "attackerCount": 1}
    people = {"victim": party(body["victim"]), "attackers": [party(one) for one in body["attackers"]]}
    model = EnrichedKillmail.model_validate(place | kind | names | mail_ | people)
    return model.model_dump_json(by_alias=True, exclude_none=True).encode()


def party(body: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if name not in {"items", "position", "security_status"}}
    names = {name.replace("_id", "_name"): f"Name {value}" for name, value in kept.items() if name.endswith("_id")}
    return kept | names


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: no real killmails here")


@pytest.mark.parametrize("lines", [made_up, pytest.param(real, marks=[pytest.mark.shared, needs_shared])])
def test_lines_as_we_write_them_are_read_without_the_model(
    lines: Callable[[], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(lines())
    expected = tuple(map(by_model, found))
    monkeypatch.delattr(chunk_reading, "heard") if lines is real else None
    assert read_chunk(b"\n".join(found)) == expected

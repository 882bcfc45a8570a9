"""Mutated killmails: real ones, or simulated ones where there are none, with odd values and damaged bytes."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from battlescope_upstream.killmail import killmail_hash

SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "killmails"
REAL: Final = ("shrike-corpus", "ocn-zkb", "everef-2021-11-30")
MAX_SEEDS: Final = 2_000
MAX_BYTES: Final = 50_000  # of a seed, so that the largest fleets do not fill the time
NOT_OF_ESI: Final = {"zkb", "killmail_hash", "http_last_modified"}
# Shares of the cases.
ASCII, DAMAGED_BYTES, REMOVED, MOVED = 0.5, 0.2, 0.3, 0.1
ODD_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e300, 2**31, 2**31 - 1, 2**53 + 1, 2**63, 2**63 - 1, -(2**63) - 1, 10**40),
    *("", " ", "7", "1,5", "\x00", "\ud800", "\u202eabc", "x" * 5_000),
    *("2026-01-07T03:33:33Z", "0001-01-01T00:00:00+14:00", [], {}, [None], [[]], {"id": 7}, [{"character_id": 1}]),
    *(float("nan"), float("inf")),
)
ODD_BYTES: Final = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"{", b"]", b'"', b",", b"\\u0000", b"9" * 30)


def invented_killmail(number: int) -> dict[str, Any]:
    """An invented killmail as a seed."""
    victim = {
        "character_id": 95_000_000 + number, "corporation_id": 98_000_001, "damage_taken": 5, "ship_type_id": 593,
        "items": [{"flag": 13, "item_type_id": 4405, "quantity_destroyed": 1, "singleton": 0}],
        "position": {"x": 1.5, "y": -2.5, "z": 3.5},
    }  # fmt: skip
    attackers = [
        {
            "character_id": 95_500_000 + number + n, "corporation_id": 98_000_002, "alliance_id": 99_000_001,
            "damage_done": n, "final_blow": n == 0, "security_status": -5.3, "ship_type_id": 587,
            "weapon_type_id": 2889,
        }
        for n in range(1 + number % 5)
    ]  # fmt: skip
    return {
        "killmail_id": 100 + number, "killmail_time": f"2026-01-07T{number % 24:02}:33:33Z",
        "solar_system_id": 30_003_088, "victim": victim, "attackers": attackers,
    }  # fmt: skip


def seeds() -> list[dict[str, Any]]:
    """ESI bodies with at least one attacker and without zKillboard's part."""
    if not SHARED.is_dir():
        return [invented_killmail(number) for number in range(200)]
    bodies: list[dict[str, Any]] = []
    for name in REAL:
        with gzip.open(SHARED / f"{name}.jsonl.gz") as lines:
            for line, _ in zip(lines, range(MAX_SEEDS), strict=False):
                document = json.loads(line)
                body = document.get("esi") or document.get("killmail") or document
                body = {
                    key: value
                    for key, value in body.items()
                    if key not in {"zkb", "killmail_hash", "http_last_modified"}
                }
                if len(body["attackers"]) > 1 and len(line) < MAX_BYTES:
                    bodies.append(body)
    return bodies


def envelope(body: dict[str, Any], sequence: int) -> dict[str, Any]:
    """The file of the feed for a killmail."""
    stated_hash = killmail_hash(body)
    zkb = {
        "hash": stated_hash,
        "totalValue": 10_000.5,
        "points": 1,
        "npc": False,
        "labels": ["pvp"],
        "locationID": 40_000_001,
    }
    return {
        "killmail_id": body["killmail_id"], "hash": stated_hash, "esi": body, "zkb": zkb,
        "uploaded_at": 1, "sequence_id": sequence,
    }  # fmt: skip


class Fuzzer:
    """Damages documents; the same seed gives the same damage."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def damaged(self, document: Any) -> bytes:
        """The document with one to four odd values in it; in one of five cases the bytes are damaged too."""
        copy = json.loads(json.dumps(document))
        for _ in range(self._rng.randint(1, 4)):
            self._change_value(copy)
        body = json.dumps(copy, ensure_ascii=self._rng.random() < ASCII).encode(errors="surrogatepass")
        return self._with_damaged_bytes(body) if self._rng.random() < DAMAGED_BYTES else body

    def _change_value(self, document: Any) -> None:
        containers = list(_containers(document))
        container = self._rng.choice(containers)
        value = json.loads(json.dumps(self._rng.choice(containers if self._rng.random() < MOVED else ODD_VALUES)))
        if isinstance(container, list):
            container[self._rng.randrange(len(container))] = value
            return
        key = self._rng.choice([*container, "killmail", "package", "killID"])
        if self._rng.random() < REMOVED:
            container.pop(key, None)
        else:
            container[key] = value

    def _with_damaged_bytes(self, body: bytes) -> bytes:
        at = self._rng.randrange(len(body) + 1)
        match self._rng.randrange(4):
            case 0:
                return body[:at]
            case 1:
                return body[:at] + self._rng.choice(ODD_BYTES) + body[at:]
            case 2:
                return body[:at] + body[at + self._rng.randint(1, 20) :]
            case _:
                return self._rng.choice(ODD_BYTES) + body


def _containers(document: Any) -> Iterator[dict[str, Any] | list[Any]]:
    """Every object and every list that is not empty."""
    if not isinstance(document, dict | list) or not document:
        return
    container = cast("dict[str, Any] | list[Any]", document)
    yield container
    for value in container.values() if isinstance(container, dict) else container:
        yield from _containers(value)

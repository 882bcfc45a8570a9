"""Parsing by plain code gives the same killmails as the shared models."""

import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from esi_bodies import BODIES, body_with, parse_body
from hypothesis import given

from battlescope_schemas.killmail import Killmail, killmail_hash
from ingest_backfill.domain.killmail import SourceEntry, UnusableKillmail, _parse_with_models, parse_killmail

SHARED = Path(__file__).parents[5] / "shared" / "data" / "killmails"


@given(BODIES)
def test_plain_parsing_gives_the_same_killmail_as_the_models(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    assert parse_killmail(SourceEntry(raw), json.loads(raw)) == _parse_with_models(SourceEntry(raw))


@pytest.mark.shared
def test_real_killmails_are_parsed_by_plain_code_and_match_their_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    path = SHARED / "everef-2021-11-29.jsonl.gz"
    if not path.is_file():
        pytest.skip("../shared/data is absent: real killmails are not part of the project")
    lines = gzip.decompress(path.read_bytes()).splitlines()
    for line in lines[:500]:
        assert parse_killmail(SourceEntry(line), orjson.loads(line)) == _parse_with_models(SourceEntry(line))
    models = "ingest_backfill.domain.killmail._parse_with_models"
    monkeypatch.setattr(models, lambda _: pytest.fail("parsed by the models"))
    for line in lines:
        document = orjson.loads(line)
        assert parse_killmail(SourceEntry(line), document).hash == document["killmail_hash"]


@pytest.mark.parametrize("body", [
    {}, body_with(killmail_id=0), body_with(killmail_id="x"), body_with(killmail_time="soon"), body_with(victim=None),
    body_with(attackers=[3]), body_with(solar_system_id=2**63),
    body_with(victim={"ship_type_id": []}, attackers=1),
    {"package": None}, {"killmail_id": 5, "hash": "0" * 40},
])  # fmt: skip
def test_invalid_killmail_gives_a_sentence(body: dict[str, Any]) -> None:
    with pytest.raises(UnusableKillmail) as caught:
        parse_body(body)
    assert str(caught.value).endswith(".")


def test_wrong_hash_is_detected_wherever_it_is_stated() -> None:
    valid_hash = killmail_hash(Killmail.model_validate(body_with()))
    assert parse_body(body_with(), valid_hash).hash == valid_hash
    for parse in (
        lambda: parse_body(body_with(), "0" * 40),
        lambda: parse_body(body_with(killmail_hash="0" * 40)),
    ):
        with pytest.raises(UnusableKillmail, match="stated is"):
            parse()


def test_feed_envelope_provides_the_isk_value() -> None:
    body = body_with()
    stated = killmail_hash(Killmail.model_validate(body))
    envelope = {"killmail_id": 5, "hash": stated, "esi": body, "zkb": {"hash": stated, "totalValue": 12.345}}
    killmail = parse_body(envelope)
    assert (killmail.killmail_id, killmail.isk_value) == (5, "12.35")

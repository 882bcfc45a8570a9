"""Killmail files: every container, the text of ESI's part untouched, the hash formula on real mails."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from battlescope_upstream.content.killmail_files import load_killmails, parse_killmail
from battlescope_upstream.killmail import killmail_hash
from battlescope_upstream.simulation.feed import SimulatedFeed

ESI = (
    '{"attackers":[{"damage_done":1.0,"final_blow":true,"security_status":-0.50}],"killmail_id":5,'
    '"killmail_time":"2026-01-07T03:33:33Z","solar_system_id":30000142,'
    '"victim":{"damage_taken":1,"position":{"x":284479283435.53937,"y":-6.10e9,"z":1e12},"ship_type_id":670}}'
)


def test_added_keys_are_cut_out_and_nothing_is_rewritten() -> None:
    line = (
        '{"_label":"x", "killmail_hash" : "ab" ,' + ESI[1:-1] + ',"http_last_modified":"2026","zkb":{"points": 1.50}}'
    )
    mail = parse_killmail(line)
    assert mail.esi == ESI.encode()
    assert (mail.hash, mail.source_zkb) == ("ab", b'{"points": 1.50}')


def test_a_missing_hash_is_computed() -> None:
    mail = parse_killmail(ESI)
    assert (mail.hash, mail.source_zkb) == (killmail_hash(json.loads(ESI)), None)
    assert len(mail.hash) == 40


def test_all_containers_hold_the_same_mails_and_doubles_count_once(tmp_path: Path, evening: SimulatedFeed) -> None:
    texts = [mail.esi for mail in evening.killmails[:5]]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(texts) + b"\n\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n".join(texts)))
    with tarfile.open(tmp_path / "c.tar.bz2", "w:bz2") as archive:
        for number, text in enumerate(texts):
            member = tarfile.TarInfo(f"killmails/{number}.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    paths = sorted(tmp_path.iterdir())
    for path in paths:
        assert [mail.esi for mail in load_killmails([path])] == texts
    assert len(load_killmails(paths)) == 5


@pytest.mark.shared
def test_the_hash_formula_fits_real_mails(shared: Path) -> None:
    with gzip.open(shared / "killmails" / "everef-2021-11-29.jsonl.gz", "rt") as lines:
        for line, _ in zip(lines, range(2000), strict=False):
            body = json.loads(line)
            assert killmail_hash(body) == body["killmail_hash"]


@pytest.mark.shared
def test_real_mails_keep_their_values(shared: Path) -> None:
    for name in ("shrike-corpus", "ocn-zkb"):
        path = shared / "killmails" / f"{name}.jsonl.gz"
        loaded = {mail.killmail_id: mail for mail in load_killmails([path])}
        with gzip.open(path, "rt") as lines:
            for line in lines:
                body = json.loads(line, parse_float=str)
                mail = loaded[body["killmail_id"]]
                own = json.loads(mail.esi, parse_float=str)
                assert own == {key: value for key, value in body.items() if key in own}
                assert not {"zkb", "killmail_hash", "_label", "_file"} & own.keys()

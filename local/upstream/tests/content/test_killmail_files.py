"""Killmail files: every format, the unchanged text of ESI's part, hashes."""

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


def test_added_keys_are_cut_out_and_the_text_stays() -> None:
    line = (
        '{"_label":"x", "killmail_hash" : "ab" ,' + ESI[1:-1] + ',"http_last_modified":"2026","zkb":{"points": 1.50}}'
    )
    killmail = parse_killmail(line)
    assert killmail.esi == ESI.encode()
    assert (killmail.hash, killmail.source_zkb) == ("ab", b'{"points": 1.50}')


def test_missing_hash_is_computed() -> None:
    killmail = parse_killmail(ESI)
    assert (killmail.hash, killmail.source_zkb) == (killmail_hash(json.loads(ESI)), None)
    assert len(killmail.hash) == 40


def test_all_file_formats_give_the_same_killmails_and_duplicates_count_once(
    tmp_path: Path, simulated_feed: SimulatedFeed
) -> None:
    texts = [killmail.esi for killmail in simulated_feed.killmails[:5]]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(texts) + b"\n\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n".join(texts)))
    with tarfile.open(tmp_path / "c.tar.bz2", "w:bz2") as archive:
        for number, text in enumerate(texts):
            member = tarfile.TarInfo(f"killmails/{number}.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    paths = sorted(tmp_path.iterdir())
    for path in paths:
        assert [killmail.esi for killmail in load_killmails([path])] == texts
    assert len(load_killmails(paths)) == 5


@pytest.mark.shared
def test_real_killmails_keep_their_values(shared: Path) -> None:
    for name in ("shrike-corpus", "ocn-zkb"):
        path = shared / "killmails" / f"{name}.jsonl.gz"
        loaded = {killmail.killmail_id: killmail for killmail in load_killmails([path])}
        with gzip.open(path, "rt") as lines:
            for line in lines:
                body = json.loads(line, parse_float=str)
                killmail = loaded[body["killmail_id"]]
                esi = json.loads(killmail.esi, parse_float=str)
                assert esi == {key: value for key, value in body.items() if key in esi}
                assert not {"zkb", "killmail_hash", "_label", "_file"} & esi.keys()

"""The hash of a killmail."""

import gzip
import json
from pathlib import Path

import pytest

from battlescope_upstream.killmail import killmail_hash


@pytest.mark.shared
def test_hash_matches_real_killmails(shared: Path) -> None:
    with gzip.open(shared / "killmails" / "everef-2021-11-29.jsonl.gz", "rt") as lines:
        for line, _ in zip(lines, range(2000), strict=False):
            body = json.loads(line)
            assert killmail_hash(body) == body["killmail_hash"]

"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ingest_api_harness import JOB, SEED, TOKEN

from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.databases import Database, run_sql
from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess, HeldSink

_RULESET = "A tracked list that ignoreUnlisted needs, a name that no other ruleset has, at least one field of a change."
_RETENTION = "A day must be past and within the retention, which moves; a range must not end before it begins."
NARROWER = {
    "POST /api/ingestion/rulesets": _RULESET,
    "PUT /api/ingestion/rulesets/{ruleset_id}": _RULESET,
    "PUT /api/rulesets/current": _RULESET,
    "PUT /api/admin/config/ingest": _RULESET,
    "POST /api/ingestion/historical/jobs": _RETENTION,
    "POST /api/ingestion/verification/trigger": _RETENTION,
}
pytestmark = [pytest.mark.postgres, pytest.mark.stores]


def test_every_answer_is_declared(
    clone: Database,
    moto: S3Access,
    valkey: str,
    new_process: Callable[..., FunctionProcess],
    held_sink: HeldSink,
    tmp_path: Path,
) -> None:
    held_sink.released.set()
    settings = {
        **create_bucket(moto).environment(),
        "DATABASE_URL": clone.url("ingest-api"),
        "K_SINK": held_sink.url,
        "REDIS_URL": valkey,
        "ESI_URL": "http://127.0.0.1:9",  # nobody answers: ids are stored as not verified
        "USER_AGENT": "BattleScope tests (tests@example.org)",
        "DATA_RETENTION_MONTHS": "60",
        "BACKFILL_MAX_DAYS": "1900",
        "ACCESS_MODE": "off",
        "OWNER_TOKEN": TOKEN,
    }
    run_sql(clone.owner, SEED)
    process = new_process("ingest_api.main:app", settings).start().wait_until_ready()
    result = fuzz(process.url, tmp_path, TOKEN, {"job_id": JOB}, NARROWER)
    process.kill()
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 1000

"""schemathesis against the running function: no answer that its description does not declare.

The description has the two routes of the API's description; the files of the web app are no API.
"""

from collections.abc import Callable
from pathlib import Path

from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess


def test_every_answer_is_declared(new_process: Callable[..., FunctionProcess], tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>BattleScope</title>")
    process = new_process("web_serve.main:app", {"ACCESS_MODE": "off", "SITE_FOLDER": str(site)})
    result = fuzz(process.start().wait_until_ready().url, tmp_path)
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 10  # two operations without parameters

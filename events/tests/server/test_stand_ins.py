"""Modules that a function never uses are not imported, and what it does use works."""

import json
import os
import subprocess
import sys
from pathlib import Path

from small_api import app

SUPPORT = Path(__file__).parents[1] / "support"


def run(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_api_imports_no_unused_module() -> None:
    code = """
import sys
from battlescope_events.server import stand_ins
stand_ins.install(stand_ins.UNUSED)
import small_api, redis.asyncio
stand_ins.remove(stand_ins.UNUSED)
print([name for name in sys.modules if name in stand_ins.UNUSED or name.startswith("opentelemetry")])
"""
    assert run(code) == "[]\n"


def test_api_with_stand_ins_describes_itself_as_without() -> None:
    code = """
import json
from battlescope_events.server import stand_ins
stand_ins.install(stand_ins.UNUSED)
from small_api import app
print(json.dumps(app.openapi()))
"""
    assert json.loads(run(code)) == json.loads(json.dumps(app.openapi()))


def test_stand_in_serves_definitions_and_leaves_an_imported_module_alone() -> None:
    code = """
import flask
from battlescope_events.server.stand_ins import standing_in_for
with standing_in_for("flask", "absent"):
    import flask, absent
    class Derived(absent.Generic[int]): ...
    absent.nested.Anything(1, name=2)
print(flask.Flask("app").name)
"""
    assert run(code) == "app\n"

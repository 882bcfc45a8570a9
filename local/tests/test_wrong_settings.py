"""A function without its settings, as a process: it ends at once, and its log has a sentence for each."""

import json
import os
import subprocess
import sys
from importlib import import_module

import pytest

from battlescope_events.settings import WRONG_SETTINGS
from battlescope_local.devtools.project import Member, functions

SECRET = "hunter2"
WRONG = {"ACCESS_MODE": SECRET, "DATABASE_URL": SECRET, "LOG_LEVEL": "INFO"}


@pytest.mark.parametrize("member", functions(), ids=lambda member: member.name)
def test_function_names_its_wrong_settings(member: Member) -> None:
    command = [sys.executable, "-m", "battlescope_events.server", f"{member.package}.main:app"]
    environment = {"PATH": os.environ["PATH"], **WRONG}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == WRONG_SETTINGS, process.stderr
    (line,) = process.stdout.splitlines()
    message = json.loads(line)["message"]
    fields = import_module(f"{member.package}.settings").Settings.model_fields
    for name in [name.upper() for name, field in fields.items() if field.is_required()] + ["ACCESS_MODE"]:
        assert (f"{name} is missing." in message or f"{name} must be " in message) == (name.lower() in fields)
    assert SECRET not in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr


def test_log_level_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "battlescope_events.server", "web_serve.main:app"]
    environment = {"PATH": os.environ["PATH"], "LOG_LEVEL": "loud"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == WRONG_SETTINGS
    assert process.stderr == "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.\n"

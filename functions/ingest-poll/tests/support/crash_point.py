"""The function, dying at the point that DIE_AT names: `module:Class.method:before|after`. Run by test_process.py."""

import importlib
import os
from typing import Any

from ingest_poll.main import app

module, place, moment = os.environ["DIE_AT"].split(":")
owner_name, method_name = place.split(".")
owner = getattr(importlib.import_module(module), owner_name)
method = getattr(owner, method_name)


async def dying(*arguments: Any, **named: Any) -> None:
    if moment == "after":
        await method(*arguments, **named)
    os._exit(9)


setattr(owner, method_name, dying)
__all__ = ["app"]

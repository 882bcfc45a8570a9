"""The function, killed at the point in DIE_AT (`module:Class.method:before|after`). Started by test_process.py."""

import importlib
import os
from typing import Any

from ingest_poll.main import app

module, path, moment = os.environ["DIE_AT"].split(":")
owner_name, method_name = path.split(".")
owner = getattr(importlib.import_module(module), owner_name)
method = getattr(owner, method_name)


async def crash(*args: Any, **kwargs: Any) -> None:
    if moment == "after":
        await method(*args, **kwargs)
    os._exit(9)


setattr(owner, method_name, crash)
__all__ = ["app"]

"""`python -m battlescope_events.server APP …`: uvicorn with its options, with less work until the first request.

- Nothing that a function imports becomes garbage, so that the collector would only walk through it again and again
  (`garbage.py` turns it on).
- Models of libraries, such as FastAPI's fifty of an OpenAPI document, build their validators when they are used first,
  as those of `battlescope_schemas` do; most are never used. FastAPI silences what pydantic warns of then, the alias
  of a parameter that is a model, only while it prepares a route.
- pydantic looks for plugins of its own in the description of every installed library, and there are none.
- FastAPI imports the whole of pydantic 1 with its first route, to refuse models of it, of which there are none.
- Modules that libraries import and functions never use are not imported (`stand_ins.py`).

A function whose settings are wrong ends at once with a sentence for each (`settings_check.py`).
"""

import gc
import os
import sys
import warnings

from pydantic import BaseModel, ConfigDict
from pydantic.warnings import UnsupportedFieldAttributeWarning
from uvicorn.main import main

from battlescope_events.server import stand_ins
from battlescope_events.server.settings_check import require_settings

if __name__ == "__main__":
    gc.disable()
    BaseModel.model_config = ConfigDict(defer_build=True)
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # noqa: TID251  # pydantic reads it; no setting of a function
    sys.modules["pydantic.v1"] = None  # pyright: ignore[reportArgumentType]  # how Python refuses to import a module
    stand_ins.install(stand_ins.UNUSED)
    require_settings(sys.argv[1])
    main()

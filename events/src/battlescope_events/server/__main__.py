"""`python -m battlescope_events.server APP …`: uvicorn with its options, with less work until the first request.

Nothing that a function imports becomes garbage, so that the collector would only walk through it again and again
(`garbage.py` turns it on). And models of libraries, such as FastAPI's fifty of an OpenAPI document, build their
validators when they are used first, as those of `battlescope_schemas` do; most are never used.
"""

import gc

from pydantic import BaseModel, ConfigDict
from uvicorn.main import main

if __name__ == "__main__":
    gc.disable()
    BaseModel.model_config = ConfigDict(defer_build=True)
    main()

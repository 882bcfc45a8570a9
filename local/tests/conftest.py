"""Finds the helpers beside the tests, which importlib mode leaves unfindable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

"""The options of the simulated upstreams, from the command line or from a test."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.content.published_feed import FIRST_SEQUENCE
from battlescope_upstream.fault_settings import DIALS, FaultSettings
from battlescope_upstream.simulation.feed import DEFAULT_START, SET

DEFAULT_EVENING: Final = 7


@dataclass(frozen=True, slots=True)
class Options:
    """Where the mails come from, how fast they are published, what the hosts know. Files win over the evening."""

    evening: int = DEFAULT_EVENING
    mails: int = SET
    start: datetime = DEFAULT_START
    killmails: tuple[Path, ...] = ()
    names: tuple[Path, ...] = ()
    sde: Path | None = None
    speed: str = "1"
    seed: int = 0
    first_sequence: int = FIRST_SEQUENCE
    dials: FaultSettings = field(default_factory=FaultSettings)


def options_from(values: dict[str, Any]) -> Options:
    """Options and dials from one flat set of names, as the command line has them."""
    dials = FaultSettings().turned({name: value for name, value in values.items() if name in DIALS})
    return Options(**{name: value for name, value in values.items() if name not in DIALS}, dials=dials)

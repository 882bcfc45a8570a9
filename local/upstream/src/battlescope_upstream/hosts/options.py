"""Options of the simulated upstreams, from the command line or from a test."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from battlescope_upstream.content.published_feed import FIRST_SEQUENCE
from battlescope_upstream.fault_settings import FAULT_SETTINGS, FaultSettings
from battlescope_upstream.simulation.feed import DEFAULT_START, KILLMAILS_PER_SET

DEFAULT_SEED: Final = 7
DEFAULT_MARKET_DAYS: Final = 40  # a full window of prices; the years before would only take time


@dataclass(frozen=True, slots=True)
class Options:
    """Source of the killmails, speed of publication, names and static data.

    `evening` is the seed of the simulated feed and `mails` its number of killmails; with `killmails` (files) both have
    no effect. `seed` draws the faults. `market_days` before the first killmail have prices. With `values_first` every
    killmail is valued before the first request, so that a request for a file takes half of the CPU.
    """

    evening: int = DEFAULT_SEED
    mails: int = KILLMAILS_PER_SET
    start: datetime = DEFAULT_START
    killmails: tuple[Path, ...] = ()
    names: tuple[Path, ...] = ()
    sde: Path | None = None
    speed: str = "1"
    seed: int = 0
    market_days: int = DEFAULT_MARKET_DAYS
    first_sequence: int = FIRST_SEQUENCE
    values_first: bool = False
    faults: FaultSettings = field(default_factory=FaultSettings)


def options_from(values: dict[str, Any]) -> Options:
    """Options from one flat dictionary in which fault settings stand beside the other options, as on the command line.

    Raises:
        InvalidFaultSetting: a fault setting has an invalid value.
    """
    faults = FaultSettings().with_changes({name: value for name, value in values.items() if name in FAULT_SETTINGS})
    return Options(**{name: value for name, value in values.items() if name not in FAULT_SETTINGS}, faults=faults)

"""Settings that can change while the upstreams run: faults of the feed and its hosts, and the limits of ESI."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final


class InvalidFaultSetting(ValueError):
    """The setting does not exist, or the value is not valid for it."""


def _setting(default: float, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


def _share(meaning: str) -> Any:
    return field(default=0.0, metadata={"meaning": meaning, "is_share": True})


@dataclass(frozen=True, slots=True)
class FaultSettings:
    """Shares lie between 0 and 1 and are drawn from the seed; all other values are seconds or counts."""

    head_start: int = _setting(0, "number of killmails published at once at any speed; raise it to release more")
    delay: float = _setting(0.0, "seconds by which every publication is late")
    reorder: float = _share("share of killmails published after later ones")
    reorder_distance: int = _setting(10, "maximum number of positions by which a killmail is late")
    duplicates: float = _share("share of killmails published again, with other labels, under a new sequence")
    duplicate_distance: int = _setting(20, "number of killmails between a killmail and its duplicate or rewrite")
    rewrites: float = _share(
        "share of killmails whose file gets a label later; another file names it in `sequence_updated`"
    )
    lost: float = _share("share of killmails that the feed never publishes; the history has them")
    holes: float = _share("share of files that appear late, after their successors")
    hole_seconds: float = _setting(5.0, "seconds until such a file appears")
    permanent_holes: float = _share("share of killmails preceded by a sequence number that stays empty")
    placeholders: float = _share("share of killmails preceded by a null placeholder")
    exact_head: bool = _setting(default=False, meaning="sequence.json always names the newest file")
    frozen_head: bool = _setting(
        default=False, meaning="sequence.json always names the first file: a reader without a cursor reads all"
    )
    wrong_sequence: float = _share("share of responses with the file before the requested one")
    html: float = _share("share of responses with an HTML page instead of JSON")
    throttled: float = _share("share of responses with status 429")
    retry_after: float = _setting(0.0, "seconds in the Retry-After header of a 429; 0: no header")
    forbidden: float = _share("share of responses with status 403")
    failing: float = _share("share of responses with status 503")
    feed_silent: bool = _setting(
        default=False, meaning="the feed shows no file after those that are visible now, until this is unset"
    )
    feed_down: bool = _setting(
        default=False, meaning="files and head of the feed respond with 503, the history does not"
    )
    feed_html: bool = _setting(
        default=False, meaning="files of the feed are an HTML page, those of the history are not"
    )
    head_back: int = _setting(0, "how far the file that sequence.json names lies before the right one")
    live_history: bool = _setting(
        default=False, meaning="the history of a day lists what is published so far, also before the day is over"
    )
    unlisted: float = _share("share of killmails that a live history lacks")
    blank_agent_forbidden: bool = _setting(default=True, meaning="a request without a User-Agent gets status 403")
    slow: float = _share("share of slow responses")
    slow_seconds: float = _setting(2.0, "duration of a slow response in seconds")
    esi_down: bool = _setting(default=False, meaning="every ESI route responds with 503")
    esi_failing: float = _share("share of ESI responses with status 502")
    esi_bad_ids: float = _share("share of ids that ESI cannot resolve, always the same ones")
    esi_error_limit: int = _setting(100, "errors per minute until ESI responds with 420")
    esi_tokens: int = _setting(3600, "tokens per 15 minutes until ESI's killmail route responds with 429")

    market_away: bool = _setting(default=False, meaning="the market history responds with 503")
    market_broken: bool = _setting(default=False, meaning="files of the market history end in their middle")
    market_half: bool = _setting(default=False, meaning="the newest day of the market history has half of its rows")
    market_wrong_columns: bool = _setting(default=False, meaning="files of the market history lack the price")
    market_rewritten: bool = _setting(
        default=False, meaning="files of the market history have other prices and a row less, and so does their list"
    )

    def with_changes(self, changes: Mapping[str, Any]) -> "FaultSettings":
        """A copy with these settings changed.

        Raises:
            InvalidFaultSetting: an unknown name, or a value of the wrong type or out of its range.
        """
        return replace(self, **{name: _validated(name, value) for name, value in changes.items()})


def _value_type(value: Any) -> type[float]:
    return bool if isinstance(value, bool) else int if isinstance(value, int) else float


# Type (bool, int or float) and meaning of each setting.
FAULT_SETTINGS: Final[Mapping[str, tuple[type[float], str]]] = {
    setting.name: (_value_type(setting.default), setting.metadata["meaning"]) for setting in fields(FaultSettings)
}
SHARES: Final = frozenset(setting.name for setting in fields(FaultSettings) if "is_share" in setting.metadata)


def _validated(name: str, value: Any) -> float:
    if name not in FAULT_SETTINGS:
        raise InvalidFaultSetting(f"There is no fault setting {name!r}.")
    expected_type, _ = FAULT_SETTINGS[name]
    if isinstance(value, bool) != (expected_type is bool) or not isinstance(value, int | float):
        raise InvalidFaultSetting(f"The fault setting {name!r} requires {expected_type.__name__}, not {value!r}.")
    if value < 0:
        raise InvalidFaultSetting(f"The fault setting {name!r} must not be negative.")
    if name in SHARES and value > 1:
        raise InvalidFaultSetting(f"The fault setting {name!r} is a share: it must not be above 1.")
    return expected_type(value)

"""What can be turned while the world runs: how the feed misbehaves, and how much the hosts put up with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final


class BadDial(ValueError):  # noqa: N818  # an outcome, named as what it is
    """There is no such dial, or the value does not fit it."""


def _dial(default: float, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class FaultSettings:
    """Shares are between 0 and 1 and drawn from the seed; all else is seconds or counts."""

    head_start: int = _dial(0, "so many mails are published at once, whatever the speed; raise it to release more")
    delay: float = _dial(0.0, "seconds by which every publication is late")
    reorder: float = _dial(0.0, "share of mails published after later ones")
    reorder_distance: int = _dial(10, "by at most so many places")
    duplicates: float = _dial(0.0, "share of mails published again, with other labels, under a new sequence")
    duplicate_distance: int = _dial(20, "so many mails later")
    rewrites: float = _dial(0.0, "share of mails whose file gets a label later; another file says `sequence_updated`")
    lost: float = _dial(0.0, "share of mails the feed never shows; history has them")
    holes: float = _dial(0.0, "share of files that appear late, after their successors")
    hole_seconds: float = _dial(5.0, "by so many seconds")
    permanent_holes: float = _dial(0.0, "share of mails before which a number stays empty for ever")
    placeholders: float = _dial(0.0, "share of mails before which a null placeholder stands")
    exact_head: bool = _dial(default=False, meaning="sequence.json always names the newest file")
    frozen_head: bool = _dial(
        default=False, meaning="sequence.json stays at the first file: a reader without a cursor reads all"
    )
    wrong_sequence: float = _dial(0.0, "share of answers that are the file before the one asked for")
    html: float = _dial(0.0, "share of answers that are a page instead of JSON")
    throttled: float = _dial(0.0, "share of answers that are 429")
    retry_after: float = _dial(0.0, "seconds named with a 429; 0: none named")
    forbidden: float = _dial(0.0, "share of answers that are 403")
    failing: float = _dial(0.0, "share of answers that are 503")
    blank_agent_forbidden: bool = _dial(default=True, meaning="a request without a User-Agent is answered 403")
    slow: float = _dial(0.0, "share of answers that take their time")
    slow_seconds: float = _dial(2.0, "so long")
    esi_down: bool = _dial(default=False, meaning="every ESI route answers 503")
    esi_failing: float = _dial(0.0, "share of ESI answers that are 502")
    esi_bad_ids: float = _dial(0.0, "share of ids ESI cannot resolve, always the same ones")
    esi_error_limit: int = _dial(100, "errors a minute until ESI answers 420")
    esi_tokens: int = _dial(3600, "tokens a quarter of an hour until killmails answer 429")

    def turned(self, changes: Mapping[str, Any]) -> "FaultSettings":
        """These dials with some of them changed.

        Raises:
            BadDial: an unknown name, or a value of the wrong type.
        """
        return replace(self, **{name: _fitting(name, value) for name, value in changes.items()})


def _kind(value: Any) -> type[float]:
    return bool if isinstance(value, bool) else int if isinstance(value, int) else float


# Each dial's type (bool, int or float) and meaning.
DIALS: Final[Mapping[str, tuple[type[float], str]]] = {
    dial.name: (_kind(dial.default), dial.metadata["meaning"]) for dial in fields(FaultSettings)
}


def _fitting(name: str, value: Any) -> float:
    if name not in DIALS:
        raise BadDial(f"There is no dial {name!r}.")
    wanted, _ = DIALS[name]
    if isinstance(value, bool) != (wanted is bool) or not isinstance(value, int | float):
        raise BadDial(f"The dial {name!r} takes {wanted.__name__}, this is {value!r}.")
    if value < 0:
        raise BadDial(f"The dial {name!r} does not go below 0.")
    return wanted(value)

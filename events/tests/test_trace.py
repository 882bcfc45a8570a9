import pytest

from battlescope_events.trace import Trace


@pytest.mark.parametrize("foreign", ["a\nb", "a b", "\x7f", "ä", "x" * 101, "", None])
def test_correlation_id_that_is_not_plain_is_replaced(foreign: str | None) -> None:
    trace = Trace.start(correlation_id=foreign)
    assert trace.correlation_id == trace.trace_id


def test_plain_correlation_id_is_kept() -> None:
    assert Trace.start(correlation_id="7f3c:order-1.2_x").correlation_id == "7f3c:order-1.2_x"

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from battlescope_events.http_api.request_types import ISK_FORM, QueryIsk, RequestIsk
from battlescope_events.http_api.validation_messages import error_words

LARGEST = "999999999999999999.99"


def words(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return error_words(caught.value.errors()[0])


@pytest.mark.parametrize("kind", [QueryIsk, RequestIsk])
def test_largest_amount_is_accepted_and_named_for_a_larger_one(kind: Any) -> None:
    assert TypeAdapter(kind).validate_python(LARGEST) == Decimal(LARGEST)
    for amount in ("9" * 26, "1000000000000000000", f"{'1' * 19}.5"):
        assert words(kind, amount) == f"must be at most {LARGEST}"
    for amount in ("-1", "1e9", "1.234", "", "NaN"):
        assert words(kind, amount) == ISK_FORM


def test_amount_in_a_body_may_be_a_whole_number() -> None:
    assert TypeAdapter(RequestIsk).validate_python(10**15) == 10**15
    assert words(RequestIsk, 10**15 + 1) == "must be at most 1000000000000000 as a number; larger amounts are text"
    for amount in (-1, 1.5, True, None):
        assert words(RequestIsk, amount) == ISK_FORM
    assert words(QueryIsk, 5) == ISK_FORM

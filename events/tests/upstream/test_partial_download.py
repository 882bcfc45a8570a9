"""Which responses continue a partial download."""

import pytest

from battlescope_events.upstream.partial_download import MisplacedPart, PartialDownload


@pytest.mark.parametrize("headers", [
    {"content-range": "bytes 5-9/10", "etag": '"b"'}, {"content-range": "bytes 4-9/10"}, {},
    {"content-range": "bytes 5-9/10", "content-encoding": "gzip"},
])  # fmt: skip
def test_part_that_may_belong_to_other_content_is_not_appended(headers: dict[str, str]) -> None:
    partial = PartialDownload(5, '"a"')
    with pytest.raises(MisplacedPart, match="another part"):
        partial.accept_response(206, headers)
    assert not partial.resume_headers, "the next request asks for the whole content"
    assert PartialDownload(5, '"a"').accept_response(206, {"content-range": "bytes 5-9/10"})

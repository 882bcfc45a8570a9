"""How to reach a bucket, and how patient its clients are."""

from dataclasses import dataclass, field
from typing import Final

# One rule for both libraries. Three attempts, with an exponentially growing and random pause in between, after a failed
# connection, a dropped response, 429 and 5xx; also after a timeout, unless the request may have created the object.
ATTEMPTS: Final = 3
CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 10.0  # without a byte from the server, before and within a response
REQUEST_SECONDS: Final = 30.0  # one attempt in all: a busy server takes long for many megabytes
RETRY_SECONDS: Final = 20.0  # after this, no attempt starts: a Trigger waits for a delivery for about a minute
MAX_REQUESTS: Final = 16  # concurrent ones of a client; further ones wait


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """A bucket of an S3 server, addressed by path."""

    endpoint_url: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

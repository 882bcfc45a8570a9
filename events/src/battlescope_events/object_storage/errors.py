"""Errors of object storage that callers catch by name, and the translation of both libraries' errors.

A server that does not answer, refuses the credentials, throttles, or lacks the bucket is a `TransientError`: the event
is fine, and an operator corrects the cause. An object is missing only if the response has the code `NoSuchKey`; any
other 404, as for a missing bucket or from another server at the address, is transient.
"""

import re
from typing import Any, Final

from battlescope_events.errors import PermanentError, TransientError

_OBJECT_MISSING: Final = "NoSuchKey"
_BUCKET_MISSING: Final = "NoSuchBucket"
_EXISTS: Final = "412 Precondition Failed"
_BEYOND_END: Final = "416 Range Not Satisfiable"
_DEBUG: Final = "\n\nDebug source"  # obstore appends the internal representation of its error
# Other 4xx than these mean that the server will never execute the request: a pause, new credentials, a created bucket
# or a repetition help against these.
_TRANSIENT_CLIENT_ERRORS: Final = frozenset({401, 403, 404, 408, 409, 412, 425, 429})
# Codes with which S3 reports the same with status 400.
_TRANSIENT_CODES: Final = (
    "NoSuchBucket",
    "RequestTimeout",
    "ExpiredToken",
    "InvalidToken",
    "IncompleteBody",
    "BadDigest",
)
_STATUS: Final = re.compile(r"\b(4\d\d) [A-Z]")  # "400 Bad Request" in the text of obstore
_LONGEST_REASON: Final = 300  # characters


class ObjectMissing(PermanentError):
    """No object has the key."""


class BucketMissing(TransientError):
    """The bucket does not exist yet."""


class ObjectTooLarge(PermanentError):
    """The object or the requested range has more bytes than the caller allows; none of them was read."""


class ObjectExists(PermanentError):
    """An object has the key already."""


class RangeBeyondEnd(PermanentError):
    """The object ends before the requested range."""


class InvalidKey(PermanentError):
    """No S3 server stores an object under this key as it is; see `keys.py`."""


class RequestRefused(PermanentError):
    """The server answered with a status of 4xx: it will never execute this request."""


def translate_obstore_error(error: Exception, key: str) -> TransientError | PermanentError:
    """The error to raise for an error of obstore.

    obstore raises AlreadyExistsError for 412 and for 409. The latter is a concurrent write, which may still fail.
    """
    text = str(error).partition(_DEBUG)[0]
    if isinstance(error, FileNotFoundError) and f"<Code>{_OBJECT_MISSING}</Code>" in text:
        return ObjectMissing(f"Object {key} does not exist.")
    if isinstance(error, FileNotFoundError) and f"<Code>{_BUCKET_MISSING}</Code>" in text:
        return BucketMissing(f"The bucket of object {key} does not exist.")
    if type(error).__name__ == "AlreadyExistsError" and _EXISTS in text:
        return ObjectExists(f"Object {key} exists already.")
    if _BEYOND_END in text:
        return RangeBeyondEnd(f"Object {key} ends before the requested range.")
    status = _STATUS.search(text)
    return _refused_or_unavailable(key, text, int(status[1]) if status else 0)


def translate_boto_error(error: Exception, key: str) -> TransientError | PermanentError:
    """The error to raise for an error of botocore. `key`: of the object, or the prefix of a list."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code")
    if code == _OBJECT_MISSING:
        return ObjectMissing(f"Object {key} does not exist.")
    if code == _BUCKET_MISSING:
        return BucketMissing(f"The bucket of {key} does not exist.")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _refused_or_unavailable(key, f"{code} {error}", status)


def _refused_or_unavailable(key: str, reason: str, status: int) -> TransientError | PermanentError:
    line = " ".join(reason.split())[:_LONGEST_REASON].rstrip(".")
    is_client_error = 400 <= status < 500 and status not in _TRANSIENT_CLIENT_ERRORS  # noqa: PLR2004  # the definition of 4xx
    if is_client_error and not any(code in reason for code in _TRANSIENT_CODES):
        return RequestRefused(f"Object storage refuses {key[:80]} for good: {line}.")
    return TransientError(f"Object storage does not serve {key}: {line}.")

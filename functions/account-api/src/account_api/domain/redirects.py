"""The allow-list of addresses to which a login may return."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

MAX_LENGTH: Final = 1024
# A browser reads a backslash as a slash, and skips tabs and line breaks; an address needs none of them.
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


class RedirectNotAllowed(Exception):
    """The address does not stand on the allow-list."""


def allowed_redirect(target: str, origins: Collection[str]) -> str:
    """The target: a path of this host, or an address of one of the `origins` (scheme, host and port).

    Raises:
        RedirectNotAllowed: the target is anything else.
    """
    if len(target) > MAX_LENGTH or not _PLAIN.fullmatch(target):
        raise RedirectNotAllowed
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise RedirectNotAllowed from error
    is_path = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//")
    if not is_path and (f"{parts.scheme}://{parts.netloc}" not in origins or not parts.path.startswith("/")):
        raise RedirectNotAllowed
    return target


def with_parameters(target: str, parameters: Mapping[str, str]) -> str:
    """The target with these query parameters beside its own."""
    parts = urlsplit(target)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))

"""Which file of the web app answers a path, and how long a browser keeps it."""

import re
from typing import Final

INDEX: Final = "index.html"
ROBOTS: Final = "robots.txt"
ASSETS: Final = "assets/"
"""The folder whose files have a hash of their content in their names."""
OUTSIDE_APIS: Final = r"(?!(?:api|auth|ws|s)(?:/|$)).*"
"""The paths of the web app. What begins like a path of the functions, and none of them has, is no page of it."""
PRECOMPRESSED: Final = {"br": ".br", "gzip": ".gz"}
"""The suffix of the file beside another one that has its content in this coding; the smallest first."""
_NAME: Final = re.compile(r"[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]{0,99}")  # no hidden file, no way upwards
_MAX_DEPTH: Final = 10
_OCTETS: Final = "application/octet-stream"
# Fixed, since the table of a machine differs from that of the next one, and `nosniff` makes browsers obey.
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff2": "font/woff2",
}


def file_of(path: str) -> str | None:
    """The file for a path without its first slash; None where there can be none.

    A last element without a dot is an address inside the web app, which its index shows.
    """
    names = path.split("/")
    if "." not in names[-1]:
        return INDEX
    is_plain = len(names) <= _MAX_DEPTH and all(map(_NAME.fullmatch, names))
    if not is_plain or names[-1].endswith(tuple(PRECOMPRESSED.values())):
        return None
    return path


def media_type(name: str) -> str:
    """The media type of a file, by the end of its name."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2], _OCTETS)


def cache_control(name: str) -> str:
    """A hashed file never changes; of any other one a browser asks each time whether it did."""
    return "public, max-age=31536000, immutable" if name.startswith(ASSETS) else "public, no-cache"

"""Plain lines of commands: unchanged into a pipe or file, broken between words on a terminal."""

import shutil
import sys
import textwrap
from typing import IO, Final

HANGING: Final = 4  # columns by which the rest of a broken line is indented further


def print_text(text: str, stream: IO[str] | None = None) -> None:
    output: IO[str] = sys.stdout if stream is None else stream
    is_terminal = output.isatty()
    for line in text.splitlines():
        print(wrapped(line, shutil.get_terminal_size().columns) if is_terminal else line, file=output)


def wrapped(line: str, width: int, hanging: int = HANGING) -> str:
    """The line in parts of at most `width` columns; ids, addresses and other long words stay whole."""
    text = line.lstrip()
    indent = " " * (len(line) - len(text))
    following = indent + " " * hanging
    return textwrap.fill(
        text,
        max(width, 2 * len(following)),
        initial_indent=indent,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )

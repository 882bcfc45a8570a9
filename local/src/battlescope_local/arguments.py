"""Values of the command line, checked before anything starts."""

import argparse
import math
import shutil
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NoReturn

MAX_PORT: Final = 65_535
MIN_USAGE_WIDTH: Final = 60  # columns; argparse indents each option by the length of the command, and cuts nothing


class ArgumentParser(argparse.ArgumentParser):
    """Reports a wrong argument in one sentence instead of a page of usage, and fits its help into narrow terminals."""

    def format_help(self) -> str:
        if self.usage is None and shutil.get_terminal_size().columns < MIN_USAGE_WIDTH:
            positionals = [str(action.metavar or action.dest) for action in self._actions if not action.option_strings]
            self.usage = " ".join(["%(prog)s\n  [options]", *positionals])
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.rstrip('.')}; see `{self.prog} --help`.\n")


def port(text: str) -> int:
    number = _integer(text)
    if not 0 <= number <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"{number} is no port: ports are 1 to {MAX_PORT}, and 0 takes a free one")
    return number


def address(text: str) -> str:
    """An address of this machine, on which the gateway listens."""
    try:
        return text if text == "localhost" else str(ip_address(text))
    except ValueError:
        message = f"{text!r} is no address: use one of this machine like 127.0.0.1, or 0.0.0.0 for all"
        raise argparse.ArgumentTypeError(message) from None


def positive(text: str) -> int:
    number = _integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be 1 or more")
    return number


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-01-31") from None


def speed(text: str) -> str:
    """The speed of a feed: a factor, a rate or `max`, as the simulated feed takes it."""
    if text == "max":
        return text
    try:
        number = float(text.removesuffix("/s"))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: use a factor like 20, a rate like 20/s, or max")
    return text


def existing_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def existing_folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return path


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None

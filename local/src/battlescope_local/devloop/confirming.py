"""The question before data is removed."""

import sys

from battlescope_local.errors import UserError

YES = frozenset({"y", "yes"})


def confirm(what: str, *, yes: bool) -> None:
    """Return when removing `what` was agreed to, by --yes or at the terminal.

    Raises:
        UserError: it was not.
    """
    print(f"This removes {what}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("Nothing was removed; add --yes to remove it.")
    if input("Remove it? [y/N] ").strip().lower() not in YES:
        raise UserError("Nothing was removed.")

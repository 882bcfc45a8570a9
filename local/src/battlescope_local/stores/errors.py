"""Error of a store that cannot be used."""

from battlescope_local.errors import UserError


class StoreError(UserError):
    """A store cannot start or cannot be used; the message says why."""

"""The error of a store that cannot be used."""

from battlescope_local.errors import UserError


class StoreError(UserError):
    """A store cannot be had; the message says why in a sentence."""

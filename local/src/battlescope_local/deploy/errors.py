"""Errors of a deployment that the operator can mend."""

from battlescope_local.errors import UserError


class DeployError(UserError):
    """Nothing was changed; the message says what is missing."""

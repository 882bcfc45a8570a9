"""What can go wrong with an account, each with its sentence."""


class LoginRefused(Exception):
    """A login ends without a session; `error` goes to the web app, `reason` into the audit record."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(f"The login is refused: {reason}.")
        self.error = error
        self.reason = reason


class TokenUndecryptable(Exception):
    """A stored token was encrypted with an unknown key, for another character, or is damaged."""

"""Random generators that belong to a purpose: the same purpose always draws the same values."""

from random import Random


def rng_for(*purpose: object) -> Random:
    """A generator seeded by the text of its purpose; another text gives other bytes for every seed."""
    return Random(" ".join(map(str, purpose)))  # noqa: S311  # must be repeatable, need not be secret

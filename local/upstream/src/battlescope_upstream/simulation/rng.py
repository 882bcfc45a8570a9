"""Where chance comes from: a generator that belongs to its purpose, so that equal purposes draw equally."""

from random import Random


def seeded(*purpose: object) -> Random:
    return Random(" ".join(map(str, purpose)))  # noqa: S311  # repeatable is the point, secret is nothing here

"""Follows the public killmail feed, archives each mail, files those the ruleset wants."""

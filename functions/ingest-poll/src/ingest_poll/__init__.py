"""Follows the public killmail feed, archives each killmail and publishes those that pass the ruleset."""

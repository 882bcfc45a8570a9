"""The outside world for demo, tests and measurements: a feed, ESI and the SDE."""

"""Simulated upstreams for demo, tests and benchmarks: the killmail feed, ESI, EVE Ref and the static data."""

"""Settings that lead functions to the simulator."""

from battlescope_local.node.simulated_upstreams import UNTHROTTLED, simulator_overrides


def test_simulator_replaces_the_chosen_upstreams() -> None:
    all_simulated = simulator_overrides("http://here", {})["upstreams"]
    assert (all_simulated["FEED_URL"], all_simulated["ESI_URL"], all_simulated["SDE_URL"]) == (
        *("http://here", "http://here/esi", "http://here/static-data"),
    )  # fmt: skip
    assert all_simulated["MARKET_HISTORY_MAX_RATE"] == "1000"
    feed_simulated = simulator_overrides("http://here", {"upstreams": {"FEED_MAX_RATE": "3"}}, ["FEED_URL"])[
        "upstreams"
    ]
    assert set(feed_simulated) == {"FEED_URL", *UNTHROTTLED}
    assert feed_simulated["FEED_MAX_RATE"] == "3"

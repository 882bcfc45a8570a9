"""The control API."""

from upstream_client import upstream


async def test_simulated_feed_has_ground_truth() -> None:
    async with upstream(mails=450) as (client, _):
        truth = await client.json("/control/truth")
        assert len(truth["fightOf"]) == len(truth["kindOf"]) == 450
        numbers = {str(number) for number in truth["fightOf"].values() if number is not None}
        assert numbers <= truth["fights"].keys()

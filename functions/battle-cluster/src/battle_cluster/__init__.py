"""Files each enriched killmail into a battle and tells what changed."""

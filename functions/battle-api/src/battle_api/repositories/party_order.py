"""The order of the parties of a side, which is the same wherever parties are listed or name a side."""

from typing import Final, LiteralString

PARTY_ORDER: Final[LiteralString] = "p.pilots DESC, p.isk_lost DESC, p.party_type, p.party_id"
"""Of `battle_side_parties p`: the first party of a side gives it its name (docs/appearance.md)."""

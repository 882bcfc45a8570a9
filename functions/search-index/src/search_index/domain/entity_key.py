"""What has a name: characters and their organisations, systems and types of ships, each by its type and id."""

from typing import Final

CHARACTER: Final = "character"
CORPORATION: Final = "corporation"
ALLIANCE: Final = "alliance"
SYSTEM: Final = "system"
SHIP_TYPE: Final = "ship_type"
NAMED: Final = frozenset({CHARACTER, CORPORATION, ALLIANCE})
"""What has a name from ESI; a party of a battle may also be a faction, which is not kept."""

EntityKey = tuple[str, int]
"""Entity type and id."""

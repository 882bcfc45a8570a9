"""The characters that can log in at the simulated SSO, and the organisations of every character."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final


@dataclass(frozen=True, slots=True)
class Player:
    """A character of the choice at the login; `part` says what it is for."""

    character_id: int
    name: str
    part: str
    corporation_id: int
    alliance_id: int | None


HOME_CORPORATION: Final = 98_000_101
HOME_ALLIANCE: Final = 99_000_101
PLAYERS: Final = (
    Player(2_112_000_001, "Vela Torrin", "director", HOME_CORPORATION, HOME_ALLIANCE),
    Player(2_112_000_002, "Oskar Venn", "fleet commander", HOME_CORPORATION, HOME_ALLIANCE),
    Player(2_112_000_003, "Mira Talvos", "member", 98_000_102, HOME_ALLIANCE),
    Player(2_112_000_004, "Rook Talvos", "second character of the member", 98_000_103, None),
    Player(2_112_000_005, "Dain Ashkar", "outsider", 98_000_901, 99_000_901),
)


@dataclass(slots=True)
class CharacterBook:
    """Players by id; tests change organisations and owners while the SSO runs."""

    players: dict[int, Player] = field(default_factory=lambda: {player.character_id: player for player in PLAYERS})
    owners: dict[int, str] = field(default_factory=dict[int, str])

    def owner_hash(self, character_id: int) -> str:
        """Changes when the character is sold."""
        owner = self.owners.get(character_id, "first owner")
        return b64encode(sha256(f"{character_id}/{owner}".encode()).digest()[:20]).decode()

    def affiliation(self, character_id: int) -> Mapping[str, int] | None:
        """A row of ESI's affiliations; None for a character that does not exist."""
        player = self.players.get(character_id)
        if player is None:
            return None
        row = {"character_id": character_id, "corporation_id": player.corporation_id}
        return row if player.alliance_id is None else {**row, "alliance_id": player.alliance_id}

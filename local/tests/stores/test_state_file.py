"""The state file of a node."""

import asyncio
from pathlib import Path

from battlescope_local.stores.state_file import StateFile


async def test_concurrent_starts_all_store_their_passwords(tmp_path: Path) -> None:
    """Each store starts in a thread of its own; without a lock, two writes at once replaced each other's file."""
    state_file = StateFile(tmp_path / "secrets.json")

    def store_passwords(store_number: int) -> dict[str, str]:
        return {f"{store_number}-{n}": state_file.password(f"{store_number}-{n}") for n in range(20)}

    stored = await asyncio.gather(*(asyncio.to_thread(store_passwords, number) for number in range(8)))

    again = StateFile(tmp_path / "secrets.json")
    assert [{name: again.password(name) for name in passwords} for passwords in stored] == stored

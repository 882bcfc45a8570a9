"""battle-cluster owns the tables and fills them, so tests arrange as its role and act as ours."""

from collections.abc import Iterator

import psycopg
import pytest
from battle_seeder import BattleSeeder

from battlescope_local.testing.databases import Database as Clone


@pytest.fixture
def seeded(clone: Clone) -> Iterator[BattleSeeder]:
    with psycopg.connect(clone.owner, autocommit=True) as connection:
        yield BattleSeeder(connection)

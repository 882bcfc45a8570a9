"""`battlescope outbox` on the databases of every context."""

import json
from collections.abc import Generator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.types.json import Jsonb

from battlescope_local.devloop.parked_messages import Outboxes, age_text
from battlescope_local.errors import UserError
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.servers import contexts

pytestmark = pytest.mark.postgres
INSERT = """
INSERT INTO outbox_messages (broker, headers, body, parked_at, parked_reason)
VALUES ('battles', %s, %s, CASE WHEN %s THEN now() - interval '3 hours' END, 'status 413') RETURNING id
"""


@pytest.fixture
def clones(databases: Databases) -> Generator[list[Database]]:
    clones = [databases.clone(name) for name in contexts()]
    yield clones
    for clone in clones:
        databases.drop(clone)


@pytest.fixture
def outboxes(postgres: str, clones: list[Database]) -> Outboxes:
    return Outboxes(postgres, [clone.name for clone in clones])


def write(clone: Database, event_id: str, *, is_parked: bool) -> str:
    """Write a message; returns its name."""
    headers = {"ce-id": event_id, "ce-type": "sample", "ce-subject": "battle 1"}
    with psycopg.connect(clone.owner) as connection:
        row = connection.execute(INSERT, [Jsonb(headers), json.dumps({"n": 1}).encode(), is_parked]).fetchone()
    assert row is not None
    return f"{urlsplit(clone.owner).path.removeprefix('/battlescope_')}:{row[0]}"


def states(clones: list[Database]) -> dict[str, bool]:
    """Whether each message is parked, by event id."""
    rows = dict[str, bool]()
    for clone in clones:
        with psycopg.connect(clone.owner) as connection:
            statement = "SELECT headers ->> 'ce-id', parked_at IS NOT NULL FROM outbox_messages"
            rows |= dict(connection.execute(statement).fetchall())
    return rows


def test_lists_the_parked_messages_of_every_database(clones: list[Database], outboxes: Outboxes) -> None:
    names = [write(clone, clone.name, is_parked=True) for clone in clones]
    for clone in clones:
        write(clone, "waiting", is_parked=False)
    messages = outboxes.parked()
    assert [message.name for message in messages] == names
    first = messages[0]
    assert (first.type, first.event_id, first.subject, first.broker) == (
        "sample",
        clones[0].name,
        "battle 1",
        "battles",
    )
    assert (first.reason, first.data, age_text(first.age)) == ("status 413", '{"n": 1}', "3 h")


def test_retry_and_delete_change_only_the_chosen_messages(clones: list[Database], outboxes: Outboxes) -> None:
    retried, deleted = (write(clones[0], event_id, is_parked=True) for event_id in ("retried", "deleted"))
    write(clones[1], "kept", is_parked=True)
    assert outboxes.retry([retried]) == 1
    assert outboxes.delete([deleted]) == 1
    assert states(clones) == {"retried": False, "kept": True}


def test_all_means_every_database(clones: list[Database], outboxes: Outboxes) -> None:
    for clone in clones:
        write(clone, clone.name, is_parked=True)
    assert outboxes.retry(["all"]) == len(clones)
    assert outboxes.parked() == []


def test_an_unknown_name_changes_nothing(clones: list[Database], outboxes: Outboxes) -> None:
    parked, waiting = write(clones[0], "parked", is_parked=True), write(clones[0], "waiting", is_parked=False)
    for name in (waiting, "nowhere:1", "17"):
        with pytest.raises(UserError, match="There is no parked message"):
            outboxes.delete([parked, name])
    assert states(clones) == {"parked": True, "waiting": False}


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (864e3, "10 d")])
def test_an_age_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert age_text(seconds) == text

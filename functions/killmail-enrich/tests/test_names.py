"""Looking names up: shelves in order, freshness, one question for many, and never longer than the budget."""

import asyncio
from collections.abc import Collection, Mapping

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import HARD_SECONDS, SOFT_SECONDS, Name
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import MOST_KEPT, NameResolver


def name(entity_id: int, at: float = 0.0) -> Name:
    return Name(entity_id, EntityType.CHARACTER, f"Pilot {entity_id}", at)


class Shelf:
    """A place that has some names, and remembers what it was asked."""

    def __init__(self, *names: Name) -> None:
        self.names = {known.entity_id: known for known in names}
        self.asked: list[set[int]] = []

    async def __call__(self, entity_ids: Collection[int]) -> Mapping[int, Name]:
        self.asked.append(set(entity_ids))
        return {i: self.names[i] for i in entity_ids if i in self.names}


async def test_each_shelf_is_asked_only_for_what_is_still_wanted() -> None:
    cache, table, esi = Shelf(name(1)), Shelf(name(1), name(2)), Shelf(name(3))
    book = NameResolver((cache, table), esi, lambda: 0.0)
    named = await book.look_up(frozenset({1, 2, 3, 4}))
    assert named.names == {1: "Pilot 1", 2: "Pilot 2", 3: "Pilot 3"}
    assert named.missing == (4,)
    assert (cache.asked, table.asked, esi.asked) == ([{1, 2, 3, 4}], [{2, 3, 4}], [{3, 4}])


async def test_a_second_mail_asks_nobody_for_what_the_first_learned() -> None:
    shelf, esi = Shelf(name(1)), Shelf()
    book = NameResolver((shelf,), esi, lambda: 0.0)
    await book.look_up(frozenset({1}))
    assert (await book.look_up(frozenset({1}))).names == {1: "Pilot 1"}
    assert (shelf.asked, esi.asked) == ([{1}], [])


async def test_a_name_of_yesterday_is_used_and_asked_for_anew_and_one_of_last_week_is_not_used() -> None:
    table = Shelf(name(1, 0.0), name(2, 0.0))
    named = await NameResolver((table,), Shelf(), lambda: SOFT_SECONDS).look_up(frozenset({1, 2}))
    assert (named.names, named.missing, named.stale) == ({1: "Pilot 1", 2: "Pilot 2"}, (), (1, 2))
    named = await NameResolver((table,), Shelf(), lambda: HARD_SECONDS).look_up(frozenset({1}))
    assert (named.names, named.missing, named.stale) == ({}, (1,), ())


async def test_whom_nobody_knows_is_neither_named_nor_missing() -> None:
    book = NameResolver((Shelf(Name(1, None, None, 0.0)),), Shelf(), lambda: 0.0)
    named = await book.look_up(frozenset({1}))
    assert (named.names, named.missing) == ({}, ())


async def test_memory_is_bounded() -> None:
    book = NameResolver((Shelf(*map(name, range(1, MOST_KEPT + 100))),), Shelf(), lambda: 0.0)
    await book.look_up(frozenset(range(1, MOST_KEPT + 100)))
    assert len(book._kept) == MOST_KEPT


async def test_mails_that_come_together_ask_once_for_each_id() -> None:
    esi = Shelf(name(1), name(2), name(3))
    collector = RequestBatcher(esi, gather=0.01, budget=60)
    first, second = await asyncio.gather(collector({1, 2}), collector({2, 3, 4}))
    assert (set(first), set(second)) == ({1, 2}, {2, 3})
    assert esi.asked == [{1, 2, 3, 4}]


async def test_a_mail_leaves_when_its_budget_is_spent_and_the_answer_still_arrives() -> None:
    answered = asyncio.Event()

    async def slow(entity_ids: Collection[int]) -> Mapping[int, Name]:
        await answered.wait()
        return {i: name(i) for i in entity_ids}

    collector = RequestBatcher(slow, gather=0, budget=0.01)
    assert await collector({1}) == {}
    collector._budget = 60.0
    waiting = asyncio.create_task(collector({1}))
    answered.set()
    await collector.close()
    assert set(await waiting) == {1}


async def test_a_question_that_fails_frees_its_ids() -> None:
    async def broken(_: Collection[int]) -> Mapping[int, Name]:
        raise KeyError

    collector = RequestBatcher(broken, gather=0)
    assert await collector({1}) == {}
    await asyncio.gather(*collector._questions, return_exceptions=True)
    assert collector._answers == {}


async def test_while_enough_questions_are_under_way_nobody_waits() -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(entity_ids: Collection[int]) -> Mapping[int, Name]:
        asked.set()
        await answered.wait()
        return {i: name(i) for i in entity_ids}

    collector = RequestBatcher(slow, gather=0, budget=600, most_questions=1)
    first = asyncio.create_task(collector({1}))
    await asked.wait()
    assert await asyncio.wait_for(collector({2}), 60) == {}, "a tenth of the budget: it does not wait"
    answered.set()
    assert set(await first) == {1}
    await collector.close()
    assert set(await collector({2})) == {2}

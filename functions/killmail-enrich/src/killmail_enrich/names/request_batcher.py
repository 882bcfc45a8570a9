"""Lets killmails that arrive together ask for their names together, and none wait long."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from killmail_enrich.names.model import Name

GATHER_SECONDS: Final = 0.02  # how long the first to ask waits for others
BUDGET_SECONDS: Final = 2.0  # no mail waits longer for names: it flows, and they are filled in later


class RequestBatcher:
    """Each id is asked for once, however many wait for it; the question goes on when those who asked have left."""

    def __init__(
        self,
        ask: Callable[[Collection[int]], Awaitable[Mapping[int, Name]]],
        *,
        gather: float = GATHER_SECONDS,
        budget: float = BUDGET_SECONDS,
        most_questions: int = sys.maxsize,
    ) -> None:
        """While `most_questions` are under way, whoever comes goes on without an answer."""
        self._ask = ask
        self._gather = gather
        self._budget = budget
        self._most_questions = most_questions
        self._answers: dict[int, asyncio.Future[Name | None]] = {}
        self._waiting: list[int] = []
        self._questions: set[asyncio.Task[None]] = set()

    async def __call__(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """What could be learned about these ids within the budget."""
        if len(self._questions) >= self._most_questions:
            return {}
        done, _ = await asyncio.wait([self._answer(i) for i in entity_ids], timeout=self._budget)
        return {name.entity_id: name for answer in done if (name := answer.result())}

    async def close(self) -> None:
        """Wait for the questions under way."""
        await asyncio.gather(*self._questions)

    def _answer(self, entity_id: int) -> "asyncio.Future[Name | None]":
        if entity_id not in self._answers:
            self._answers[entity_id] = asyncio.get_running_loop().create_future()
            self._waiting.append(entity_id)
            if len(self._waiting) == 1:
                question = asyncio.create_task(self._question())
                self._questions.add(question)
                question.add_done_callback(self._questions.discard)
        return self._answers[entity_id]

    async def _question(self) -> None:
        await asyncio.sleep(self._gather)
        waiting, self._waiting = self._waiting, []
        names: dict[int, Name] = {}
        try:
            names.update(await self._ask(waiting))
        finally:
            for entity_id in waiting:
                self._answers.pop(entity_id).set_result(names.get(entity_id))

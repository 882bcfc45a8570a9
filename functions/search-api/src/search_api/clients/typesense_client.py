"""Sends searches to Typesense. A part that fails fails the whole, as the database would."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from battlescope_events.errors import TransientError
from battlescope_events.typesense.connection import Missing, Refused, Typesense


class TypesenseClient:
    def __init__(self, typesense: Typesense) -> None:
        self._typesense = typesense

    async def multi_search(self, searches: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """The result of each search.

        Raises:
            TransientError: Typesense does not answer, or its index is not there yet.
            Refused: a search is wrong.
        """
        body: Any = {"searches": [dict(search) for search in searches]}
        try:
            answer = await self._typesense.call(lambda client: client.multi_search.perform(body, {}))
        except Missing as error:
            raise TransientError("The search index is not there yet.") from error
        results = cast("Sequence[Mapping[str, Any]]", answer["results"])
        for result in results:
            if "code" in result:
                raise _failure(result)
        return results

    async def ready(self) -> None:
        """Raise `TransientError` while Typesense does not answer or is not ready."""
        is_ready = await self._typesense.call(lambda client: client.operations.is_healthy())
        if not is_ready:
            raise TransientError("Typesense is not ready.")


def _failure(result: Mapping[str, Any]) -> Exception:
    code = result["code"]
    if code == HTTPStatus.NOT_FOUND:
        return TransientError("The search index is not there yet.")
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError(f"Typesense cannot search now: it answers {code}.")
    return Refused(f"Typesense refuses a search: {result.get('error')}.")

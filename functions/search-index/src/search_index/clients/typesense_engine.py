"""The copies of documents in Typesense.

Each collection is searched under an alias. Behind it is a collection with a name of its own, so that a rebuild fills
new ones beside those that are searched, and moves the aliases at its end.
"""

import logging
from collections.abc import Collection as Ids
from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import orjson
from pydantic import SecretStr

from battlescope_events.errors import TransientError
from battlescope_events.typesense.connection import Missing, Refused, Typesense
from battlescope_schemas.search.documents import Collection, Document
from battlescope_schemas.search.typesense_schema import collection_schema, document_json

NO_KEY: Final = SecretStr("")
FIRST: Final = "first"
"""The generation of collections that nothing has rebuilt yet."""
IDS_OF_A_REQUEST: Final = 80
"""They stand in the query, which may have 4,000 characters."""
_log = logging.getLogger(__name__)


class TypesenseEngine:
    """See `SearchEngine`."""

    def __init__(self, typesense: Typesense, search_key: SecretStr = NO_KEY) -> None:
        """`search_key`: registered as one that may only search; empty for none."""
        self._typesense = typesense
        self._search_key = search_key.get_secret_value()
        self._is_key_registered = not self._search_key

    @property
    def has_copy(self) -> bool:
        return True

    async def write(self, collection: Collection, documents: Sequence[Document], *, rebuild: str | None) -> bool:
        """Write documents; one that Typesense refuses is logged and left out, so that it does not hold up others."""
        is_new = False
        if not documents:
            return is_new
        if not self._is_key_registered:
            await self._register_key()
        try:
            await self._import(collection, documents)
        except Missing:
            is_new = True
            await self._create_first(collection)
            await self._import(collection, documents)
        if rebuild is not None:
            try:
                await self._import(generation(collection, rebuild), documents)
            except Missing:
                _log.warning("The collection of %s of the rebuild %s is gone.", collection, rebuild)
        return is_new

    async def delete(self, collection: Collection, ids: Ids[str], *, rebuild: str | None) -> None:
        if not ids:
            return
        names = [collection.value, *([] if rebuild is None else [generation(collection, rebuild)])]
        for name, start in product(names, range(0, len(ids), IDS_OF_A_REQUEST)):
            await self._delete(name, sorted(ids)[start : start + IDS_OF_A_REQUEST])

    async def begin_rebuild(self, rebuild: str) -> None:
        if self._search_key:
            await self._register_key()
        for collection in Collection:
            await self._create(collection, generation(collection, rebuild))

    async def write_rebuilt(self, collection: Collection, documents: Sequence[Document], *, rebuild: str) -> None:
        if not documents:
            return
        try:
            await self._import(generation(collection, rebuild), documents)
        except Missing as error:
            raise TransientError(f"Typesense has lost the collections of the rebuild {rebuild}; cancel it.") from error

    async def publish(self, rebuild: str) -> None:
        """Move the aliases; a repeated call moves nothing and drops what is left of other generations."""
        for collection in Collection:
            mapping: Any = {"collection_name": generation(collection, rebuild)}
            await self._typesense.call(lambda client, c=collection, m=mapping: client.aliases.upsert(c.value, m))
        kept = {generation(collection, rebuild) for collection in Collection}
        await self._drop([name for name in await self._generations() if name not in kept])

    async def discard(self, rebuild: str) -> None:
        await self._drop([generation(collection, rebuild) for collection in Collection])

    async def _generations(self) -> list[str]:
        existing = await self._typesense.call(lambda client: client.collections.retrieve())
        prefixes = tuple(generation(collection, "") for collection in Collection)
        return [entry["name"] for entry in existing if entry["name"].startswith(prefixes)]

    async def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            try:
                await self._typesense.call(lambda client, n=name: client.collections[n].delete())
            except Missing:
                continue

    async def _create_first(self, collection: Collection) -> None:
        """The collection and its alias, where there is none yet."""
        await self._create(collection, generation(collection, FIRST))
        mapping: Any = {"collection_name": generation(collection, FIRST)}
        await self._typesense.call(lambda client: client.aliases.upsert(collection.value, mapping))

    async def _register_key(self) -> None:
        """Once for each process, whose key may be another one, and with each rebuild, which a new engine gets."""
        key: Any = {
            "description": "search-api: may only search",
            "actions": ["documents:search"],
            "collections": ["*"],
            "value": self._search_key,
        }
        try:
            await self._typesense.call(lambda client: client.keys.create(key))
        except Refused as error:
            _log.info("Typesense has the key of search-api already: %s", error)
        self._is_key_registered = True

    async def _create(self, collection: Collection, name: str) -> None:
        schema: Any = collection_schema(collection, name)
        try:
            await self._typesense.call(lambda client: client.collections.create(schema))
        except Refused:
            await self._typesense.call(lambda client: client.collections[name].retrieve())  # it exists, or it is wrong

    async def _delete(self, name: str, ids: Sequence[str]) -> None:
        parameters: Any = {"filter_by": f"id:[{','.join(ids)}]"}
        try:
            await self._typesense.call(lambda client: client.collections[name].documents.delete(parameters))
        except Missing:
            return  # without the collection there is no document either

    async def _import(self, name: str, documents: Sequence[Document]) -> None:
        lines = b"\n".join(orjson.dumps(document_json(document)) for document in documents).decode()
        parameters: Any = {"action": "upsert"}
        answer = await self._typesense.call(
            lambda client: client.collections[name].documents.import_(lines, parameters)
        )
        for document, line in zip(documents, answer.splitlines(), strict=False):
            result = orjson.loads(line)
            if not result["success"]:
                _log.error("Typesense refuses document %s of %s: %s", document.id, name, result.get("error"))


def generation(collection: Collection, rebuild: str) -> str:
    """The name of a collection behind its alias."""
    return f"{collection.value}_of_{rebuild}"
